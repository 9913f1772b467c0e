#include "ui/people/step_up_dialog.h"

#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/state/user_store.h"

namespace qd::ui {

namespace {

constexpr int kProofWidth = 380;

} // namespace

ProofCard::ProofCard(const Theme& theme, client::Identity& identity, const QString& title,
                     const QString& text, const QString& action, QWidget* parent)
    : Card(theme, title, parent), m_identity(identity)
{
    setFixedWidth(kProofWidth);
    addText(text);
    m_password = &addPassword(tr("Password"), QStringLiteral("proofPassword"));
    m_code = &addField(tr("Code of your authenticator, or a recovery code"),
                       QStringLiteral("proofCode"));
    m_code->hide();
    addAction(action, QStringLiteral("proof"));
    connect(&this->action(), &QPushButton::clicked, this, &ProofCard::prove);
    connect(&identity, &client::Identity::stageChanged, this, [this](client::Identity::Stage stage) {
        if (!isVisible()) return;
        setBusy(stage != client::Identity::Stage::Idle);
        if (stage == client::Identity::Stage::Solving) {
            say(tr("Solving a puzzle of the backend first: a moment…"), Tone::Accent);
        }
    });
}

void ProofCard::start()
{
    m_tried = {};
    m_code->hide();
    m_password->edit().clear();
    m_code->edit().clear();
    say({});
    m_password->edit().setFocus();
}

void ProofCard::prove()
{
    client::Credentials credentials;
    if (!m_password->edit().text().isEmpty()) {
        m_tried = runtime::Secret(m_password->edit().text().toStdString());
    }
    credentials.password = m_tried.clone();
    if (!m_code->isHidden()) credentials.code = takeSecret(*m_code);
    say(tr("Asking the backend…"), Tone::Muted);
    m_identity.stepUp(std::move(credentials), this,
                      [this](const client::Answer<bool>& answer) { take(answer); });
}

void ProofCard::take(const client::Answer<bool>& answer)
{
    if (answer) {
        start();
        Q_EMIT proven();
        return;
    }
    const client::Problem& problem = answer.error();
    const bool wantsCode =
        problem.code == "identity.code_needed" || problem.code == "identity.wrong_code";
    m_code->setVisible(wantsCode);
    say(refusalText(problem), problem.code == "identity.code_needed" ? Tone::Accent : Tone::Crit);
    if (problem.retryAfter) wait(*problem.retryAfter);
    if (wantsCode) return m_code->edit().setFocus();
    m_tried = {};
    m_password->edit().clear();
    m_password->edit().setFocus();
}

StepUpDialog::StepUpDialog(const Theme& theme, client::Identity& identity, QWidget* parent)
    : QDialog(parent), m_identity(identity)
{
    setObjectName(QStringLiteral("stepUpDialog"));
    setWindowTitle(tr("Is it you?"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    auto* card = new ProofCard(theme, identity, tr("Is it you?"),
                               tr("What you asked for needs your password once more. It is done "
                                  "as soon as you have given it."),
                               tr("Go on"), this);
    column->addWidget(card);
    QPushButton& back = card->addLink(tr("Do not do it"), QStringLiteral("stepUpBack"));
    connect(&back, &QPushButton::clicked, this, &QDialog::reject);
    connect(card, &ProofCard::proven, this, &QDialog::accept);
    card->start();
}

void StepUpDialog::done(int result)
{
    if (result != QDialog::Accepted) {
        m_identity.cancelProof();
        m_identity.refuseStepUps();
    }
    QDialog::done(result);
}

LockView::LockView(const Theme& theme, client::Identity& identity, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_identity(identity),
      m_card(new ProofCard(theme, identity, tr("Locked"),
                           tr("Orders and alerts go on meanwhile. Nothing can be seen or done here "
                              "until you are back."),
                           tr("Unlock"), this)),
      m_who(new TextLabel(theme, TypeSize::Body, TypeWeight::SemiBold, Tone::Normal, this))
{
    setObjectName(QStringLiteral("lock"));
    auto* column = new QVBoxLayout(this);
    column->setSpacing(10);
    column->addStretch(2);
    column->addWidget(m_who, 0, Qt::AlignHCenter);
    column->addWidget(m_card, 0, Qt::AlignHCenter);
    column->addStretch(3);
    QPushButton& leave = m_card->addLink(tr("Sign out"), QStringLiteral("lockSignOut"));
    connect(&leave, &QPushButton::clicked, this, &LockView::signOutWanted);
    connect(m_card, &ProofCard::proven, this, &LockView::unlocked);
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
}

void LockView::start()
{
    const auto& user = m_identity.who().user;
    m_who->show(user ? QString::fromStdString(user->displayName.text()) : QString());
    m_card->start();
}

/// What had the focus is hidden with the rest only after this was shown.
void LockView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    QMetaObject::invokeMethod(m_card, &ProofCard::start, Qt::QueuedConnection);
}

void LockView::paintEvent(QPaintEvent*)
{
    QPainter(this).fillRect(rect(), m_theme.colors().bg0);
}

} // namespace qd::ui

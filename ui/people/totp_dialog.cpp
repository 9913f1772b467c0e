#include "ui/people/totp_dialog.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QPushButton>
#include <QStackedLayout>

#include "ui/state/user_store.h"

namespace qd::ui {

namespace {

constexpr int kTotpWidth = 440, kSecretHeight = 36;
constexpr int kGroup = 4;

/// "JBSW Y3DP EHPK …": as it is read aloud and typed.
QString inGroups(const std::string& secret)
{
    QString text;
    for (std::size_t i = 0; i < secret.size(); ++i) {
        if (i > 0 && i % kGroup == 0) text += QLatin1Char(' ');
        text += QLatin1Char(secret[i]);
    }
    return text;
}

TextLabel& addCopyable(Card& card, const char* name)
{
    TextLabel& label = card.addText({}, Tone::Normal);
    label.setObjectName(QLatin1String(name));
    label.setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    return label;
}

} // namespace

TotpDialog::TotpDialog(const Theme& theme, client::Caller& caller, QWidget* parent)
    : QDialog(parent), m_people(caller), m_steps(new QStackedLayout(this)),
      m_first(new Card(theme, tr("Set up an authenticator"), this)),
      m_second(new Card(theme, tr("Recovery codes"), this)),
      m_square(new QrCode(tr("The authenticator's secret, as a QR code"), this))
{
    setObjectName(QStringLiteral("totpDialog"));
    setWindowTitle(tr("Second factor"));
    setFixedWidth(kTotpWidth);
    m_steps->addWidget(m_first);
    m_steps->addWidget(m_second);

    m_first->addText(tr("Scan this with your authenticator, or add an account to it by the secret "
                        "below (time-based, six digits). Both are shown once."));
    m_first->addWidget(m_square, Qt::AlignHCenter);
    m_secret = &addCopyable(*m_first, "totpSecret");
    m_secret->setFont(theme.font(TypeSize::Title, TypeWeight::SemiBold));
    m_secret->setAlignment(Qt::AlignCenter);
    m_secret->setMinimumHeight(kSecretHeight); // it comes when the dialog has its size
    m_code = &m_first->addField(tr("Code that it shows now"), QStringLiteral("totpCode"));
    m_first->addAction(tr("Confirm"), QStringLiteral("totpConfirm"));
    m_first->action().setEnabled(false);
    connect(&m_first->action(), &QPushButton::clicked, this, &TotpDialog::confirm);
    connect(&m_first->addLink(tr("Copy as otpauth address"), QStringLiteral("totpCopy")),
            &QPushButton::clicked, this, [this] { QGuiApplication::clipboard()->setText(m_uri); });
    connect(&m_first->addLink(tr("Not now"), QStringLiteral("totpBack")), &QPushButton::clicked,
            this, &QDialog::reject);

    m_second->addText(tr("Each of them signs you in once when the authenticator is not at hand. "
                         "They are shown now and never again: keep them where nobody else looks."));
    m_codes = &addCopyable(*m_second, "recoveryCodes");
    m_codes->setFont(theme.font(TypeSize::Action, TypeWeight::Medium));
    m_second->addAction(tr("I have kept them"), QStringLiteral("recoveryKept"));
    connect(&m_second->action(), &QPushButton::clicked, this, &QDialog::accept);
    connect(&m_second->addLink(tr("Copy all"), QStringLiteral("recoveryCopy")),
            &QPushButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(m_codesText); });

    m_first->say(tr("Asking the backend for a secret…"), Tone::Muted);
    m_people.enrolTotp(this, [this](const client::Answer<std::shared_ptr<client::TotpFacts>>& totp) {
        takeSecretText(totp);
    });
}

void TotpDialog::takeSecretText(const client::Answer<std::shared_ptr<client::TotpFacts>>& totp)
{
    if (!totp) return m_first->say(refusalText(totp.error()));
    m_first->say({});
    m_secret->show(inGroups(std::string((*totp)->secret.revealForUse())));
    m_uri = QString::fromStdString(std::string((*totp)->uri.revealForUse()));
    m_square->show((*totp)->uri.revealForUse());
    m_first->action().setEnabled(true);
    m_code->edit().setFocus();
}

void TotpDialog::confirm()
{
    m_first->setBusy(true);
    m_people.confirmTotp(takeSecret(*m_code), this,
                         [this](const client::Answer<std::vector<std::string>>& codes) {
                             m_first->setBusy(false);
                             if (codes) return showRecoveryCodes(*codes);
                             m_first->say(refusalText(codes.error()));
                             m_code->edit().setFocus();
                         });
}

void TotpDialog::showRecoveryCodes(const std::vector<std::string>& codes)
{
    for (const std::string& code : codes) {
        m_codesText += QString::fromStdString(code.substr(0, 40)) + QLatin1Char('\n');
    }
    m_codes->show(m_codesText.trimmed());
    m_secret->clear();
    m_square->clear();
    m_uri.clear();
    m_steps->setCurrentWidget(m_second);
    Q_EMIT enrolled();
}

} // namespace qd::ui

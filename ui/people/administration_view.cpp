#include "ui/people/administration_view.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QStackedLayout>
#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kDialogWidth = 420, kSideWidth = 300;
constexpr Role kRoles[] = {Role::Viewer, Role::Trader, Role::Support, Role::Operator, Role::Admin};

QString roleText(Role role)
{
    switch (role) {
    case Role::Viewer: return AdministrationView::tr("Viewer: reads orders and market data");
    case Role::Trader: return AdministrationView::tr("Trader: and trades");
    case Role::Support: return AdministrationView::tr("Support: reads, reconciles");
    case Role::Operator: return AdministrationView::tr("Operator: health, halt, drills");
    case Role::Admin: return AdministrationView::tr("Administrator: everything");
    case Role::Anyone: break;
    }
    return {};
}

} // namespace

NewUserDialog::NewUserDialog(const Theme& theme, UserStore& users, QWidget* parent)
    : QDialog(parent), m_users(users), m_card(new Card(theme, tr("New account"), this))
{
    setObjectName(QStringLiteral("newUserDialog"));
    setWindowTitle(tr("New account"));
    setFixedWidth(kDialogWidth);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_card);
    m_card->addText(tr("A mail brings a link to set the password. Roles are given afterwards; a new "
                       "account may look."));
    m_email = &m_card->addField(tr("E-mail address"), QStringLiteral("newUserEmail"));
    m_name = &m_card->addField(tr("Name"), QStringLiteral("newUserName"));
    m_card->addAction(tr("Make the account"), QStringLiteral("newUserMake"));
    connect(&m_card->action(), &QPushButton::clicked, this, &NewUserDialog::create);
    connect(&m_card->addLink(tr("Go back"), QStringLiteral("newUserBack")), &QPushButton::clicked,
            this, &QDialog::reject);
    m_email->edit().setFocus();
}

void NewUserDialog::create()
{
    client::NewUser user;
    user.email = m_email->text().toStdString();
    user.name = m_name->text().toStdString();
    user.roles = {Role::Viewer};
    m_card->setBusy(true);
    m_users.create(user, this, [this](const QString& why) {
        m_card->setBusy(false);
        if (why.isEmpty()) return accept();
        m_card->say(why);
    });
}

AdministrationView::AdministrationView(const Theme& theme, UserStore& users, QWidget* parent)
    : QWidget(parent), m_theme(theme), m_users(users), m_model(new UsersTableModel(users, this)),
      m_table(new DataTable(theme, QStringLiteral("users"), tr("Accounts"), this)),
      m_plate(new StatePlate(theme, this))
{
    setObjectName(QStringLiteral("administration"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(buildTools());
    auto* row = new QHBoxLayout;
    row->setSpacing(metric::kGap);
    m_stack = new QStackedLayout;
    m_stack->addWidget(m_plate);
    m_stack->addWidget(m_table);
    row->addLayout(m_stack, 1);
    m_side = buildSide();
    row->addWidget(m_side);
    column->addLayout(row, 1);
    m_table->setRowModel(m_model);
    m_table->setEmptyText(tr("No account matches"), tr("Clear the filter to see all."));
    connect(m_table, &DataTable::currentItemChanged, this, [this] {
        if (selected() >= 0 && selected() < m_users.count()) m_chosen = m_users.at(selected()).id;
        showSelected();
    });
    connect(&users, &UserStore::phaseChanged, this, &AdministrationView::showPhase);
    connect(&users, &UserStore::storeReset, this, &AdministrationView::selectAgain);
    connect(&users, &UserStore::userChanged, this, &AdministrationView::showSelected);
    connect(&users, &UserStore::told, this, [this](bool isDone, const QString& title,
                                                   const QString& text) {
        showSelected(); // a refused tick goes back to what holds
        Q_EMIT told(isDone, title, text);
    });
    connect(&theme, &Theme::changed, this, qOverload<>(&QWidget::update));
    showPhase();
    showSelected();
}

QWidget* AdministrationView::buildTools()
{
    auto* tools = new QWidget(this);
    tools->setFixedHeight(metric::kToolbar);
    auto* row = new QHBoxLayout(tools);
    row->setContentsMargins(metric::kPanelPadding, 0, metric::kPanelPadding, 0);
    auto* title = new TextLabel(m_theme, TypeSize::Action, TypeWeight::SemiBold, Tone::Normal, tools);
    title->show(tr("Accounts"));
    m_count = new TextLabel(m_theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, tools);
    auto* filter = new QLineEdit(tools);
    filter->setObjectName(QStringLiteral("userFilter"));
    filter->setAccessibleName(tr("Filter the accounts"));
    filter->setPlaceholderText(tr("Name, address or role"));
    filter->setFixedWidth(220);
    QPushButton* again = makeButton(tr("Refresh"), QStringLiteral("userRefresh"), "quiet", tools);
    QPushButton* add = makeButton(tr("New account…"), QStringLiteral("userNew"), {}, tools);
    row->addWidget(title);
    row->addWidget(m_count);
    row->addStretch(1);
    row->addWidget(filter);
    row->addWidget(again);
    row->addWidget(add);
    connect(filter, &QLineEdit::textChanged, m_model, &RowModel::setFilterText);
    connect(again, &QPushButton::clicked, this, [this] { refresh(); });
    connect(add, &QPushButton::clicked, this, [this] {
        auto* dialog = new NewUserDialog(m_theme, m_users, window());
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->open();
    });
    return tools;
}

QWidget* AdministrationView::buildSide()
{
    auto* side = new QWidget(this);
    side->setFixedWidth(kSideWidth);
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(metric::kPanelPadding, 8, metric::kPanelPadding, 12);
    column->setSpacing(6);
    m_name = new TextLabel(m_theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, side);
    m_email = new TextLabel(m_theme, TypeSize::Body, TypeWeight::Regular, Tone::Muted, side);
    m_hint = new TextLabel(m_theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, side);
    m_hint->setWordWrap(true);
    column->addWidget(m_name);
    column->addWidget(m_email);
    column->addSpacing(8);
    auto* caption = new TextLabel(m_theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, side);
    caption->show(tr("May"));
    column->addWidget(caption);
    for (std::size_t i = 0; i < std::size(kRoles); ++i) {
        const Role role = kRoles[i];
        auto* box = new QCheckBox(roleText(role), side);
        const auto word = toString(role);
        box->setObjectName(QStringLiteral("role-") +
                           QString::fromLatin1(word.data(), qsizetype(word.size())));
        box->setAccessibleName(roleText(role));
        connect(box, &QCheckBox::clicked, this,
                [this, role](bool isHeld) { toggleRole(role, isHeld); });
        m_roles[i] = box;
        column->addWidget(box);
    }
    column->addSpacing(12);
    m_endDevices = makeButton(tr("Sign out everywhere…"), QStringLiteral("userSignOut"), {}, side);
    m_disable = makeButton(tr("Disable…"), QStringLiteral("userDisable"), {}, side);
    column->addWidget(m_endDevices);
    column->addWidget(m_disable);
    column->addWidget(m_hint);
    column->addStretch(1);
    connect(m_endDevices, &QPushButton::clicked, this, &AdministrationView::endDevicesOfSelected);
    connect(m_disable, &QPushButton::clicked, this, &AdministrationView::disableSelected);
    return side;
}

void AdministrationView::showPhase()
{
    using Phase = UserStore::Phase;
    const bool hasRows = m_users.count() > 0;
    switch (m_users.phase()) {
    case Phase::Unasked:
    case Phase::Loading: m_plate->showLoading(tr("Asking who has an account")); break;
    case Phase::Failed: m_plate->showError(tr("The accounts did not come"), m_users.problem()); break;
    case Phase::Ready:
        m_plate->showEmpty(tr("Nobody has an account yet"),
                           tr("The owner works without one; make the first under Account."));
    }
    const bool showsRows = hasRows && m_users.phase() != Phase::Failed;
    m_stack->setCurrentWidget(showsRows ? static_cast<QWidget*>(m_table) : m_plate);
    const int count = m_users.count();
    m_count->show(!hasRows            ? QString()
                  : m_users.isCut()   ? tr("the first %1").arg(count)
                  : count == 1        ? tr("1 account")
                                      : tr("%1 accounts").arg(count));
    showSelected();
}

void AdministrationView::showSelected()
{
    const int item = selected();
    const bool isOne = item >= 0 && item < m_users.count();
    m_endDevices->setEnabled(isOne);
    m_disable->setEnabled(isOne);
    for (QCheckBox* box : m_roles) box->setEnabled(isOne);
    if (!isOne) {
        m_name->show(tr("Nobody is selected"));
        m_email->show({});
        m_hint->show({});
        for (QCheckBox* box : m_roles) box->setChecked(false);
        return;
    }
    const User& user = m_users.at(item);
    m_name->show(format::plain(user.displayName.text(), 64));
    m_email->show(format::plain(user.email.text(), 254));
    for (std::size_t i = 0; i < std::size(kRoles); ++i) {
        m_roles[i]->setChecked(user.roles.contains(kRoles[i]));
    }
    m_disable->setText(user.disabled ? tr("Enable again") : tr("Disable…"));
    m_hint->show(user.disabled ? tr("Cannot sign in; all sessions are ended.")
                               : tr("Changes hold at once, in open terminals too."));
}

void AdministrationView::selectAgain()
{
    for (int item = 0; item < m_users.count(); ++item) {
        const int row = m_users.at(item).id == m_chosen ? m_model->rowOf(item) : -1;
        if (row >= 0) m_table->setCurrentIndex(m_model->index(row, 0));
    }
    showSelected();
}

void AdministrationView::toggleRole(Role role, bool isHeld)
{
    if (selected() >= 0) m_users.setRole(selected(), role, isHeld);
}

void AdministrationView::ask(const SureDialog::Words& words, const UserId& user,
                             std::function<void(int)> done)
{
    auto* dialog = new SureDialog(m_theme, words, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, user, done = std::move(done)] {
        // The list may have been made anew while this was read.
        if (const int item = m_users.itemOf(user); item >= 0) done(item);
    });
    dialog->open();
}

void AdministrationView::disableSelected()
{
    const int item = selected();
    if (item < 0) return;
    const User& user = m_users.at(item);
    ask({.title = tr("Disable %1?").arg(format::plain(user.displayName.text(), 64)),
         .text = tr("All sessions end at once and nobody can sign in to this account. Orders that are "
                    "open stay open."),
         .action = tr("Disable the account")},
        user.id, [this](int now) { m_users.setDisabled(now, true); });
}

void AdministrationView::endDevicesOfSelected()
{
    const int item = selected();
    if (item < 0) return;
    const User& user = m_users.at(item);
    ask({.title = tr("Sign %1 out everywhere?").arg(format::plain(user.displayName.text(), 64)),
         .text = tr("Every device of this account has to sign in again."),
         .action = tr("Sign out everywhere")},
        user.id, [this](int now) { m_users.endDevices(now); });
}

void AdministrationView::paintEvent(QPaintEvent*)
{
    QPainter(this).fillRect(rect(), m_theme.colors().bg1);
}

} // namespace qd::ui

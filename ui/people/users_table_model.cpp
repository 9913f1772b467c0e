#include "ui/people/users_table_model.h"

#include "ui/widgets/format.h"

namespace qd::ui {

UsersTableModel::UsersTableModel(UserStore& users, QObject* parent)
    : RowModel({{QStringLiteral("name"), tr("Name"), 170, Qt::AlignLeft},
                {QStringLiteral("email"), tr("E-mail address"), 220, Qt::AlignLeft, true},
                {QStringLiteral("roles"), tr("Roles"), 220, Qt::AlignLeft, false, 0, true},
                {QStringLiteral("state"), tr("State"), 100, Qt::AlignLeft},
                {QStringLiteral("factor"), tr("Second factor"), 110, Qt::AlignLeft, false, 2},
                {QStringLiteral("since"), tr("Since (ET)"), 130, Qt::AlignLeft, false, 1}},
               parent),
      m_users(users)
{
    connect(&users, &UserStore::storeReset, this, &RowModel::restart);
    connect(&users, &UserStore::userChanged, this, [this](int item) { touch(item, ~0U); });
    restart();
}

Cell UsersTableModel::cellOf(int item, int column) const
{
    const User& user = m_users.at(item);
    Cell cell;
    if (user.disabled) cell.tone = Tone::Muted;
    switch (column) {
    case NameColumn:
        cell.text = format::plain(user.displayName.text(), 64);
        cell.weight = TypeWeight::SemiBold;
        break;
    case EmailColumn: cell.text = format::plain(user.email.text(), 254); break;
    case RolesColumn:
        cell.text = format::plain(user.roles.toString(), 80).replace(QLatin1Char(','),
                                                                     QStringLiteral(", "));
        if (user.roles.contains(Role::Admin)) cell.tone = Tone::Accent;
        break;
    case StateColumn:
        cell.kind = CellKind::Pill;
        cell.text = user.disabled         ? tr("DISABLED")
                    : user.emailVerified ? tr("ACTIVE")
                                          : tr("UNVERIFIED");
        cell.tone = user.disabled ? Tone::Crit : user.emailVerified ? Tone::Up : Tone::Warn;
        break;
    case FactorColumn:
        cell.text = user.secondFactor == SecondFactor::Totp ? tr("authenticator") : tr("none");
        cell.tone = user.secondFactor == SecondFactor::Totp ? Tone::Normal : Tone::Muted;
        break;
    default:
        cell.text = format::dateAndMinute(user.createdAt);
        cell.tone = Tone::Muted;
    }
    return cell;
}

SortKey UsersTableModel::sortKeyOf(int item, int column) const
{
    if (column == SinceColumn) return SortKey::of(double(m_users.at(item).createdAt.millis()));
    return SortKey::of(cellOf(item, column).text);
}

} // namespace qd::ui

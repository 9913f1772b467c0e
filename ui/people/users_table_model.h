#pragma once

#include "ui/state/user_store.h"
#include "ui/widgets/row_model.h"

namespace qd::ui {

/// Everybody with an account.
class UsersTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { NameColumn, EmailColumn, RolesColumn, StateColumn, FactorColumn, SinceColumn };
    UsersTableModel(UserStore& users, QObject* parent);

    int itemCount() const override { return m_users.count(); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    UserStore& m_users;
};

} // namespace qd::ui

#pragma once

#include <array>

#include <QDialog>

#include "ui/people/card.h"
#include "ui/people/users_table_model.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/plates.h"
#include "ui/widgets/sure_dialog.h"

class QCheckBox;
class QStackedLayout;

namespace qd::ui {

/// A new account by an administrator: a mail brings its user the link to set a password.
class NewUserDialog final : public QDialog {
    Q_OBJECT
public:
    NewUserDialog(const Theme& theme, UserStore& users, QWidget* parent);

private:
    void create();

    UserStore& m_users;
    Card* m_card;
    Field *m_email, *m_name;
};

/// The Administration workspace: everybody with an account, their roles, and what ends their access.
/// Loading, empty, refused and failed each look their own way.
class AdministrationView final : public QWidget {
    Q_OBJECT
public:
    AdministrationView(const Theme& theme, UserStore& users, QWidget* parent = nullptr);
    void refresh() { m_users.refresh(); }
    DataTable& table() { return *m_table; }
    UserStore& users() { return m_users; }

Q_SIGNALS:
    void told(bool isDone, const QString& title, const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* buildTools();
    QWidget* buildSide();
    void showPhase();
    void showSelected();
    void toggleRole(Role role, bool isHeld);
    void disableSelected();
    void endDevicesOfSelected();
    void selectAgain();
    int selected() const { return m_table->currentItem(); }
    /// `done` with where the user is by then, if still there.
    void ask(const SureDialog::Words& words, const UserId& user, std::function<void(int)> done);

    const Theme& m_theme;
    UserStore& m_users;
    UsersTableModel* m_model;
    DataTable* m_table;
    StatePlate* m_plate;
    QStackedLayout* m_stack;
    QWidget* m_side;
    TextLabel *m_count, *m_name, *m_email, *m_hint;
    std::array<QCheckBox*, 5> m_roles{};
    QPushButton *m_disable, *m_endDevices;
    UserId m_chosen; ///< stays selected when the list is made anew
};

} // namespace qd::ui

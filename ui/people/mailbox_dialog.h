#pragma once

#include <QDialog>

#include "services/client/people_api.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/plates.h"

class QPlainTextEdit;
class QStackedLayout;

namespace qd::ui {

/// Mails that no server took along, newest first.
class MailTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex { TimeColumn, ToColumn, SubjectColumn };
    explicit MailTableModel(QObject* parent);
    void show(std::vector<client::Mail> mails);
    const client::Mail& at(int item) const { return m_mails[std::size_t(item)]; }
    int itemCount() const override { return int(m_mails.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    std::vector<client::Mail> m_mails;
};

/// The local mailbox of an installation without a mail server: where the codes are that people wait
/// for. For the owner alone. The text is shown as it is.
class MailboxDialog final : public QDialog {
    Q_OBJECT
public:
    MailboxDialog(const Theme& theme, client::Caller& caller, QWidget* parent);

private:
    void take(client::Answer<client::Mailbox> box);

    client::PeopleApi m_people;
    MailTableModel* m_model;
    DataTable* m_table;
    StatePlate* m_plate;
    QStackedLayout* m_stack;
    QPlainTextEdit* m_text;
};

} // namespace qd::ui

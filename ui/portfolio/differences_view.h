#pragma once

#include <QDialog>

#include "ui/state/desk.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/labels.h"

class QLineEdit;
class QPushButton;

namespace qd::ui {

/// What we and the broker disagree on, over the TradingStore.
class DifferencesTableModel final : public RowModel {
    Q_OBJECT
public:
    enum ColumnIndex {
        KindColumn, SymbolColumn, OursColumn, TheirsColumn, DifferenceColumn, SinceColumn,
        EntriesColumn, AdviceColumn
    };
    DifferencesTableModel(Desk& desk, QObject* parent);
    const client::Difference& at(int item) const
    {
        return m_desk.trading().trading().differences[std::size_t(item)];
    }

    int itemCount() const override { return int(m_desk.trading().trading().differences.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    Desk& m_desk;
};

/// Take the broker's word for one difference: needs a reason, and a deliberate press. Refuses to go
/// on when the difference changes under the reader's eye.
class AcceptDifferenceDialog final : public QDialog {
    Q_OBJECT
public:
    static constexpr int kReasonMin = 3, kReasonMax = 500;
    AcceptDifferenceDialog(Desk& desk, const Theme& theme, client::Difference difference,
                           QWidget* parent);

private:
    void accept() override;
    void refresh();
    bool stillStands() const;

    Desk& m_desk;
    const client::Difference m_difference;
    QLineEdit* m_reason;
    TextLabel* m_message;
    QPushButton* m_accept;
    bool m_asking = false;
};

/// The differences and what can be done: Enter accepts the broker's word for the selected one.
class DifferencesView final : public QWidget {
    Q_OBJECT
public:
    DifferencesView(Desk& desk, const Theme& theme, QWidget* parent = nullptr);
    DataTable& table() { return *m_table; }
    DifferencesTableModel& model() { return *m_model; }
    void acceptSelected();
    void compareNow();

private:
    void refresh();

    Desk& m_desk;
    const Theme& m_theme;
    DifferencesTableModel* m_model;
    DataTable* m_table;
    TextLabel* m_state;
    QPushButton *m_accept, *m_compare;
};

} // namespace qd::ui

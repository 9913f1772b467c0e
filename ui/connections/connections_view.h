#pragma once

#include "ui/connections/connections_table_model.h"
#include "ui/connections/consent_panel.h"
#include "ui/widgets/data_table.h"
#include "ui/widgets/sure_dialog.h"

class QStackedLayout;

namespace qd::ui {

/// The Connections workspace: every broker, how one is connected, until when, and what to do about
/// it. Loading, empty, offline and failed each look their own way; offline, what was known stays.
class ConnectionsView final : public QWidget {
    Q_OBJECT
public:
    ConnectionsView(const Theme& theme, ConnectionStore& store, const runtime::Clock& clock,
                    QWidget* parent = nullptr);
    void refresh() { m_store.refresh(); }
    /// May whoever sits here connect and revoke? Looking needs no right of its own.
    void setMayChange(bool mayChange);
    DataTable& table() { return *m_table; }
    /// "Ready" or why the list is not what it should be.
    QString note() const { return m_note->text(); }

Q_SIGNALS:
    void told(bool isDone, const QString& title, const QString& text);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QWidget* buildTools();
    QWidget* buildSide();
    void showState();
    void showPlate();
    void showSelected();
    void revokeSelected();
    void takeOverSelected();
    void ask(const SureDialog::Words& words, std::function<void()> done);
    void selectAgain();
    int selected() const;

    const Theme& m_theme;
    ConnectionStore& m_store;
    const runtime::Clock& m_clock;
    ConnectionsTableModel* m_model;
    DataTable* m_table;
    StatePlate* m_plate;
    QStackedLayout* m_stack;
    TextLabel *m_note, *m_name, *m_advice;
    Pill* m_status;
    ValueRow *m_method, *m_since, *m_ends, *m_renewable;
    QPushButton *m_connect, *m_revoke, *m_takeOver;
    ConsentPanel* m_consent;
    BrokerId m_chosen;
    LinkMethod m_chosenMethod = LinkMethod::OAuth; ///< stays selected when the lines are made anew
    bool m_mayChange = true;
};

} // namespace qd::ui

#pragma once

#include <functional>

#include <QDialog>
#include <QTimer>

#include "ui/state/desk.h"
#include "ui/widgets/data_table.h"

class QLineEdit;

namespace qd::ui {

/// Something the palette can do.
struct Command {
    QString title;
    QString shortcut; ///< shown
    std::function<void()> run;
};

/// What the palette offers now: symbols that match, then commands that match.
class PaletteModel final : public RowModel {
    Q_OBJECT
public:
    explicit PaletteModel(QObject* parent);
    void show(std::vector<Instrument> instruments, std::vector<Command> commands);
    const Instrument* instrumentAt(int item) const;
    const Command* commandAt(int item) const;

    int itemCount() const override { return int(m_instruments.size() + m_commands.size()); }
    Cell cellOf(int item, int column) const override;
    SortKey sortKeyOf(int item, int column) const override;

private:
    std::vector<Instrument> m_instruments;
    std::vector<Command> m_commands;
};

/// Ctrl+K: type a symbol or a command; arrows choose, Enter does, Escape closes.
/// Enter on a symbol shows it; Shift+Enter also puts it on the watchlist.
class CommandPalette final : public QDialog {
    Q_OBJECT
public:
    CommandPalette(Desk& desk, const Theme& theme, std::vector<Command> commands, QWidget* parent);
    void popUp(const QString& text = {});
    PaletteModel& model() { return *m_model; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void search();
    void offer();
    void runCurrent(bool alsoWatch);

    Desk& m_desk;
    const Theme& m_theme;
    std::vector<Command> m_commands;
    std::vector<Instrument> m_found;
    QLineEdit* m_edit;
    PaletteModel* m_model;
    DataTable* m_table;
    QTimer m_searchSoon;
    int m_searchNumber = 0;
};

} // namespace qd::ui

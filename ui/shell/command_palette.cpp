#include "ui/shell/command_palette.h"

#include <algorithm>

#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>
#include <QVBoxLayout>

#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"

namespace qd::ui {

namespace {

constexpr int kFoundMax = 8;
constexpr int kSearchDelayMs = 80;

} // namespace

PaletteModel::PaletteModel(QObject* parent)
    : RowModel({{QStringLiteral("what"), tr("What"), 150, Qt::AlignLeft},
                {QStringLiteral("name"), tr("Name"), 200, Qt::AlignLeft, true},
                {QStringLiteral("hint"), tr("Shortcut"), 110, Qt::AlignRight}},
               parent)
{
}

void PaletteModel::show(std::vector<Instrument> instruments, std::vector<Command> commands)
{
    m_instruments = std::move(instruments);
    m_commands = std::move(commands);
    restart();
}

const Instrument* PaletteModel::instrumentAt(int item) const
{
    return item >= 0 && item < int(m_instruments.size()) ? &m_instruments[std::size_t(item)] : nullptr;
}

const Command* PaletteModel::commandAt(int item) const
{
    const int index = item - int(m_instruments.size());
    return index >= 0 && index < int(m_commands.size()) ? &m_commands[std::size_t(index)] : nullptr;
}

Cell PaletteModel::cellOf(int item, int column) const
{
    Cell cell;
    if (const Instrument* instrument = instrumentAt(item)) {
        if (column == 0) {
            cell.text = format::plain(instrument->symbol.text(), 32);
            cell.weight = TypeWeight::SemiBold;
        } else if (column == 1) {
            cell.text = format::plain(instrument->name, 56);
            cell.tone = Tone::Muted;
        } else {
            cell.text = format::plain(instrument->exchange, 16);
            cell.tone = Tone::Caption;
        }
        return cell;
    }
    const Command* command = commandAt(item);
    if (!command) return cell;
    if (column == 0) {
        cell.text = tr("Command");
        cell.tone = Tone::Caption;
    } else if (column == 1) {
        cell.text = command->title;
    } else {
        cell.text = command->shortcut;
        cell.tone = Tone::Muted;
    }
    return cell;
}

SortKey PaletteModel::sortKeyOf(int item, int) const
{
    return SortKey::of(double(item));
}

CommandPalette::CommandPalette(Desk& desk, const Theme& theme, std::vector<Command> commands,
                               QWidget* parent)
    : QDialog(parent, Qt::Dialog | Qt::FramelessWindowHint), m_desk(desk), m_theme(theme),
      m_commands(std::move(commands)), m_edit(new QLineEdit(this)), m_model(new PaletteModel(this)),
      m_table(new DataTable(theme, QStringLiteral("paletteResults"), tr("Matches"), this))
{
    setObjectName(QStringLiteral("commandPalette"));
    setAccessibleName(tr("Search symbols and commands"));
    setFixedSize(600, 396);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 10, 10, 10);
    column->setSpacing(8);
    m_edit->setObjectName(QStringLiteral("paletteEdit"));
    m_edit->setAccessibleName(tr("Symbol or command"));
    m_edit->setPlaceholderText(tr("Symbol, company or command"));
    m_edit->setFont(theme.font(TypeSize::Action));
    m_edit->setMaxLength(64);
    m_edit->installEventFilter(this);
    auto* hint = new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this);
    hint->show(tr("↑ ↓ choose    Enter show    Shift+Enter show and add to the watchlist    Esc close"));
    column->addWidget(m_edit);
    column->addWidget(m_table, 1);
    column->addWidget(hint);
    m_table->horizontalHeader()->hide();
    m_table->setRowModel(m_model);
    m_table->setFocusPolicy(Qt::NoFocus);
    m_table->setEmptyText(tr("Nothing matches"), tr("Symbols are matched by letters, companies by name."));
    connect(m_table, &DataTable::itemActivated, this, [this] { runCurrent(false); });
    m_searchSoon.setSingleShot(true);
    m_searchSoon.setInterval(kSearchDelayMs);
    connect(&m_searchSoon, &QTimer::timeout, this, &CommandPalette::search);
    connect(m_edit, &QLineEdit::textChanged, this, [this] {
        offer();
        m_searchSoon.start();
    });
}

void CommandPalette::popUp(const QString& text)
{
    m_found.clear();
    m_edit->setText(text);
    offer();
    m_searchSoon.start();
    if (const QWidget* host = parentWidget()) {
        move(host->mapToGlobal(QPoint((host->width() - width()) / 2, 52)));
    }
    QDialog::open();
    m_edit->setFocus();
    m_edit->selectAll();
}

void CommandPalette::search()
{
    const QString text = m_edit->text().trimmed();
    const int number = ++m_searchNumber;
    if (text.isEmpty()) return;
    m_desk.session().findInstruments(
        text.toStdString(), kFoundMax, this,
        [this, number](client::Answer<std::vector<Instrument>> answer) {
            if (number != m_searchNumber) return;
            m_found = answer ? std::move(*answer) : std::vector<Instrument>();
            for (const Instrument& one : m_found) m_desk.learn(one);
            offer();
        });
}

void CommandPalette::offer()
{
    const QString text = m_edit->text().trimmed();
    std::vector<Command> commands;
    for (const Command& command : m_commands) {
        if (command.title.contains(text, Qt::CaseInsensitive)) commands.push_back(command);
    }
    m_model->show(text.isEmpty() ? std::vector<Instrument>() : m_found, std::move(commands));
    if (m_model->rowCount() > 0) m_table->setCurrentIndex(m_model->index(0, 0));
}

void CommandPalette::runCurrent(bool alsoWatch)
{
    const int item = m_table->currentItem();
    const Instrument* instrument = m_model->instrumentAt(item);
    const Command* command = m_model->commandAt(item);
    if (!instrument && !command) return;
    accept();
    if (instrument) {
        const Symbol symbol = instrument->symbol;
        if (alsoWatch) m_desk.watch(symbol);
        m_desk.select(symbol);
    } else {
        const auto run = command->run;
        run();
    }
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != m_edit || event->type() != QEvent::KeyPress) {
        return QDialog::eventFilter(watched, event);
    }
    const auto* key = static_cast<QKeyEvent*>(event);
    const auto moveBy = [this](int rows) {
        const int count = m_model->rowCount();
        if (count == 0) return;
        const int row = std::clamp(m_table->currentIndex().row() + rows, 0, count - 1);
        m_table->setCurrentIndex(m_model->index(row, 0));
    };
    switch (key->key()) {
    case Qt::Key_Down: moveBy(1); return true;
    case Qt::Key_Up: moveBy(-1); return true;
    case Qt::Key_PageDown: moveBy(8); return true;
    case Qt::Key_PageUp: moveBy(-8); return true;
    case Qt::Key_Return:
    case Qt::Key_Enter: runCurrent(key->modifiers().testFlag(Qt::ShiftModifier)); return true;
    default: return false;
    }
}

void CommandPalette::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), m_theme.colors().bg2);
    painter.setPen(m_theme.colors().line2);
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

} // namespace qd::ui

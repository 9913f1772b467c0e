#include "ui/shell/events_table_model.h"

#include "ui/widgets/format.h"

namespace qd::ui {

EventsTableModel::EventsTableModel(Desk& desk, bool noticesOnly, QObject* parent)
    : RowModel({{QStringLiteral("time"), tr("Time (ET)"), 102, Qt::AlignLeft},
                {QStringLiteral("sequence"), tr("Sequence"), 78, Qt::AlignRight},
                {QStringLiteral("severity"), tr("Severity"), 92, Qt::AlignLeft},
                {QStringLiteral("title"), tr("Event"), 220, Qt::AlignLeft},
                {QStringLiteral("text"), tr("Text"), 200, Qt::AlignLeft, true}},
               parent),
      m_desk(desk), m_noticesOnly(noticesOnly)
{
    setNewestFirst(true);
    connect(&desk.notices(), &NoticeStore::lineAdded, this, &RowModel::refresh);
    connect(&desk.notices(), &NoticeStore::storeReset, this, &RowModel::restart);
    restart();
}

bool EventsTableModel::accepts(int item) const
{
    return !m_noticesOnly || m_desk.notices().at(item).isNotice;
}

Cell EventsTableModel::cellOf(int item, int column) const
{
    const NoticeStore::Line& line = m_desk.notices().at(item);
    Cell cell;
    switch (column) {
    case TimeColumn:
        cell.text = format::clock(line.time, true);
        cell.tone = Tone::Muted;
        break;
    case SequenceColumn:
        cell.text = line.sequence == 0 ? QStringLiteral("–") : QString::number(line.sequence);
        cell.tone = Tone::Muted;
        break;
    case SeverityColumn:
        cell.kind = CellKind::Pill;
        cell.text = line.severity == client::Severity::Critical  ? tr("CRITICAL")
                    : line.severity == client::Severity::Warning ? tr("WARNING")
                                                                 : tr("INFO");
        cell.tone = line.severity == client::Severity::Critical  ? Tone::Crit
                    : line.severity == client::Severity::Warning ? Tone::Warn
                                                                 : Tone::Muted;
        break;
    case TitleColumn:
        cell.text = line.title;
        cell.weight = TypeWeight::SemiBold;
        break;
    default:
        cell.text = line.text;
        cell.tone = Tone::Muted;
    }
    return cell;
}

SortKey EventsTableModel::sortKeyOf(int item, int column) const
{
    const NoticeStore::Line& line = m_desk.notices().at(item);
    if (column == TimeColumn) return SortKey::of(double(line.time.millis()));
    if (column == SequenceColumn) return SortKey::of(double(line.sequence));
    return SortKey::of(cellOf(item, column).text);
}

QString EventsTableModel::exportOf(int item, int column) const
{
    if (column == TimeColumn) {
        return QString::fromStdString(m_desk.notices().at(item).time.toString());
    }
    return RowModel::exportOf(item, column);
}

} // namespace qd::ui

#include "ui/orders/trace_dialog.h"

#include <algorithm>

#include <QVBoxLayout>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kDepthMax = 12;      ///< deeper steps are drawn at this depth
constexpr int kLogLinesMax = 200;  ///< after the first, among which those of the trace are looked for

/// "340 µs", "4.12 ms", "1.204 s".
QString took(Duration duration)
{
    const double micros = double(duration.count()) / 1e3;
    if (micros < 1'000) return QStringLiteral("%1 µs").arg(micros, 0, 'f', 0);
    if (micros < 1'000'000) return QStringLiteral("%1 ms").arg(micros / 1e3, 0, 'f', 2);
    return QStringLiteral("%1 s").arg(micros / 1e6, 0, 'f', 3);
}

/// What the span says of itself, else the first part of its name; an HTTP call is the API's.
QString componentOf(const client::Span& span)
{
    const QString attributes = format::plain(span.attributes, 400);
    const QString key = QStringLiteral("component: ");
    if (const auto at = attributes.indexOf(key); at >= 0) {
        return attributes.mid(at + key.size()).section(QLatin1Char(','), 0, 0);
    }
    const QString name = format::plain(span.name, 80);
    if (name.contains(QLatin1Char(' '))) return QStringLiteral("api");
    return name.section(QLatin1Char('.'), 0, 0);
}

} // namespace

TraceTableModel::TraceTableModel(QObject* parent)
    : RowModel({{QStringLiteral("step"), tr("Step"), 230, Qt::AlignLeft},
                {QStringLiteral("component"), tr("Component"), 110, Qt::AlignLeft},
                {QStringLiteral("start"), tr("Start"), 84, Qt::AlignRight},
                {QStringLiteral("took"), tr("Took"), 84, Qt::AlignRight},
                {QStringLiteral("bar"), tr("When"), 220, Qt::AlignLeft},
                {QStringLiteral("status"), tr("Status"), 74, Qt::AlignLeft},
                {QStringLiteral("detail"), tr("Detail"), 200, Qt::AlignLeft, true, 1}},
               parent)
{
}

void TraceTableModel::setSpans(std::vector<client::Span> spans)
{
    m_rows.clear();
    m_begin = {};
    m_total = {};
    for (const client::Span& span : spans) {
        if (!m_begin.isSet() || span.start < m_begin) m_begin = span.start;
    }
    for (const client::Span& span : spans) {
        m_total = std::max(m_total, span.start + span.duration - m_begin);
    }
    // A parent that is not here (the caller's, or no longer kept) makes its child a root.
    std::vector<client::Span> left = std::move(spans);
    std::vector<std::string> roots;
    for (const client::Span& span : left) {
        const bool known = std::any_of(left.begin(), left.end(), [&](const client::Span& other) {
            return other.id == span.parent && other.id != span.id;
        });
        if (!known && std::find(roots.begin(), roots.end(), span.parent) == roots.end()) {
            roots.push_back(span.parent);
        }
    }
    for (const std::string& root : roots) addBelow(root, 0, left);
    for (client::Span& span : left) m_rows.push_back({std::move(span), 0}); // a circle of parents
    restart();
}

void TraceTableModel::addBelow(const std::string& parent, int depth, std::vector<client::Span>& left)
{
    for (;;) {
        const auto next = std::find_if(left.begin(), left.end(), [&](const client::Span& span) {
            return span.parent == parent;
        });
        if (next == left.end()) return;
        client::Span span = std::move(*next);
        left.erase(next);
        const std::string id = span.id;
        m_rows.push_back({std::move(span), std::min(depth, kDepthMax)});
        if (id != parent) addBelow(id, depth + 1, left);
    }
}

Cell TraceTableModel::cellOf(int item, int column) const
{
    const Row& row = m_rows[std::size_t(item)];
    const client::Span& span = row.span;
    const bool failed = span.status == "error";
    Cell cell;
    switch (column) {
    case StepColumn:
        cell.text = QString(row.depth * 3, QLatin1Char(' ')) + format::plain(span.name, 80);
        cell.weight = TypeWeight::SemiBold;
        break;
    case ComponentColumn:
        cell.text = componentOf(span);
        cell.tone = Tone::Muted;
        break;
    case StartColumn:
        cell.text = QLatin1Char('+') + took(span.start - m_begin);
        cell.tone = Tone::Muted;
        break;
    case TookColumn: cell.text = took(span.duration); break;
    case BarColumn:
        cell.kind = CellKind::Bar;
        cell.tone = failed ? Tone::Crit : Tone::Accent;
        if (m_total.count() > 0) {
            cell.offset = double((span.start - m_begin).count()) / double(m_total.count());
            cell.fraction = double(span.duration.count()) / double(m_total.count());
        }
        break;
    case StatusColumn:
        cell.kind = CellKind::Pill;
        cell.text = failed ? tr("ERROR") : span.status == "ok" ? tr("OK") : tr("DONE");
        cell.tone = failed ? Tone::Crit : Tone::Muted;
        break;
    default:
        cell.text = format::plain(span.message, 200);
        if (!span.attributes.empty()) {
            if (!cell.text.isEmpty()) cell.text += QStringLiteral("  ·  ");
            cell.text += format::plain(span.attributes, 400);
        }
        cell.tone = failed ? Tone::Crit : Tone::Muted;
    }
    return cell;
}

SortKey TraceTableModel::sortKeyOf(int item, int column) const
{
    const client::Span& span = m_rows[std::size_t(item)].span;
    if (column == StartColumn || column == BarColumn) {
        return SortKey::of(double((span.start - m_begin).count()));
    }
    if (column == TookColumn) return SortKey::of(double(span.duration.count()));
    return SortKey::of(cellOf(item, column).text);
}

TraceLogModel::TraceLogModel(QObject* parent)
    : RowModel({{QStringLiteral("time"), tr("Time (ET)"), 102, Qt::AlignLeft},
                {QStringLiteral("sequence"), tr("Sequence"), 78, Qt::AlignRight},
                {QStringLiteral("kind"), tr("Event"), 170, Qt::AlignLeft},
                {QStringLiteral("actor"), tr("Source"), 120, Qt::AlignLeft},
                {QStringLiteral("detail"), tr("Detail"), 200, Qt::AlignLeft, true}},
               parent)
{
}

void TraceLogModel::setEvents(std::vector<client::LogEvent> events)
{
    m_events = std::move(events);
    restart();
}

Cell TraceLogModel::cellOf(int item, int column) const
{
    const client::LogEvent& event = m_events[std::size_t(item)];
    Cell cell;
    cell.tone = Tone::Muted;
    switch (column) {
    case TimeColumn: cell.text = format::clock(event.time, true); break;
    case SequenceColumn: cell.text = QString::number(event.sequence); break;
    case KindColumn:
        cell.text = format::plain(event.kind, 60);
        cell.tone = Tone::Normal;
        cell.weight = TypeWeight::SemiBold;
        break;
    case ActorColumn: cell.text = format::plain(event.actor, 40); break;
    default:
        cell.text = event.notice
                        ? format::plain(event.notice->title + ": " + event.notice->text, 240)
                        : format::plain(event.detail, 240);
    }
    return cell;
}

SortKey TraceLogModel::sortKeyOf(int item, int column) const
{
    if (column <= SequenceColumn) {
        return SortKey::of(double(m_events[std::size_t(item)].sequence));
    }
    return SortKey::of(cellOf(item, column).text);
}

TraceDialog::TraceDialog(Desk& desk, const Theme& theme, const TraceStart& start, QWidget* parent)
    : QDialog(parent), m_desk(desk), m_start(start),
      m_title(new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this)),
      m_model(new TraceTableModel(this)), m_log(new TraceLogModel(this)),
      m_table(new DataTable(theme, QStringLiteral("trace"), tr("Steps of the trace"), this)),
      m_logTable(new DataTable(theme, QStringLiteral("traceLog"), tr("Log lines of the trace"),
                               this))
{
    setObjectName(QStringLiteral("traceDialog"));
    setWindowTitle(tr("Trace"));
    resize(1120, 560);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 14, 16, 14);
    column->setSpacing(8);
    auto* caption = new TextLabel(theme, TypeSize::Small, TypeWeight::SemiBold, Tone::Muted, this);
    caption->show(tr("Log lines of this trace"));
    column->addWidget(m_title);
    column->addWidget(m_table, 3);
    column->addWidget(caption);
    column->addWidget(m_logTable, 2);
    m_table->setRowModel(m_model);
    m_logTable->setRowModel(m_log);
    m_title->show(tr("Trace"));
    m_table->setEmptyText(tr("Loading the trace…"), {});
    m_logTable->setEmptyText(tr("Loading…"), {});
    findTrace();
}

void TraceDialog::showNothing(const QString& title, const QString& hint)
{
    m_table->setEmptyText(title, hint);
    m_logTable->setEmptyText({}, {});
}

void TraceDialog::findTrace()
{
    if (!m_start.traceId.isEmpty()) {
        fetchSpans();
        return fetchLog();
    }
    if (m_start.sequence == 0) {
        return showNothing(tr("Nothing to follow"),
                           tr("This happened in the terminal; no request is behind it."));
    }
    m_desk.session().fetchEvents(
        m_start.sequence - 1, 1, this,
        [this](client::Answer<std::vector<client::LogEvent>> answer) {
            if (!answer) {
                return showNothing(tr("The log could not be read"),
                                   format::plain(answer.error().detail, 160));
            }
            if (!answer->empty()) m_start.traceId = format::plain(answer->front().traceId, 64);
            if (m_start.traceId.isEmpty()) {
                return showNothing(tr("No trace"),
                                   tr("The backend did this by itself; no request is behind it."));
            }
            fetchSpans();
            fetchLog();
        });
}

void TraceDialog::fetchSpans()
{
    m_title->show(tr("Trace %1").arg(m_start.traceId));
    m_desk.session().fetchTrace(
        m_start.traceId.toStdString(), this,
        [this](client::Answer<std::vector<client::Span>> answer) {
            if (!answer) {
                return m_table->setEmptyText(tr("The trace could not be fetched"),
                                             format::plain(answer.error().detail, 160));
            }
            m_model->setSpans(std::move(*answer));
            m_title->show(tr("Trace %1  ·  steps: %2, in %3")
                              .arg(m_start.traceId)
                              .arg(m_model->itemCount())
                              .arg(took(m_model->total())));
        });
}

void TraceDialog::fetchLog()
{
    if (m_start.sequence == 0) {
        return m_logTable->setEmptyText(tr("No log line is known"), {});
    }
    m_desk.session().fetchEvents(
        m_start.sequence - 1, kLogLinesMax, this,
        [this](client::Answer<std::vector<client::LogEvent>> answer) {
            if (!answer) {
                return m_logTable->setEmptyText(tr("The log could not be read"),
                                                format::plain(answer.error().detail, 160));
            }
            const std::string wanted = m_start.traceId.toStdString();
            std::erase_if(*answer, [&](const auto& event) { return event.traceId != wanted; });
            m_logTable->setEmptyText(tr("The log has no line of this trace"), {});
            m_log->setEvents(std::move(*answer));
        });
}

} // namespace qd::ui

#include "ui/portfolio/differences_view.h"

#include <algorithm>

#include <QCoreApplication>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/widgets/field.h"
#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

struct Text {
    Q_DECLARE_TR_FUNCTIONS(Differences)
};

QString kindWord(const client::Difference& difference)
{
    if (difference.kind == "position") return Text::tr("POSITION");
    if (difference.kind == "order") return Text::tr("ORDER");
    if (difference.kind == "cash") return Text::tr("CASH");
    return format::plain(difference.kind, 16).toUpper();
}

/// A decimal in the one way numbers are written; anything else as it came.
QString amount(const client::Difference& difference, const std::string& text, bool withSign = false)
{
    const auto value = Decimal::parse(text);
    if (!value) return text.empty() ? QStringLiteral("–") : format::plain(text, 40);
    const bool whole = value->isInteger() && difference.kind != "cash";
    const int places = whole ? 0 : std::max(2, value->places());
    return withSign ? format::signedNumber(*value, places) : format::number(*value, places);
}

QString subjectOf(const client::Difference& difference)
{
    return difference.symbol.empty() ? Text::tr("Cash") : format::plain(difference.symbol, 32);
}

} // namespace

DifferencesTableModel::DifferencesTableModel(Desk& desk, QObject* parent)
    : RowModel({{QStringLiteral("kind"), tr("Kind"), 88, Qt::AlignLeft},
                {QStringLiteral("symbol"), tr("Symbol"), 80, Qt::AlignLeft},
                {QStringLiteral("ours"), tr("Ours"), 110, Qt::AlignRight},
                {QStringLiteral("theirs"), tr("Broker's"), 110, Qt::AlignRight},
                {QStringLiteral("difference"), tr("Difference"), 100, Qt::AlignRight},
                {QStringLiteral("since"), tr("Since (ET)"), 90, Qt::AlignLeft, false, 2},
                {QStringLiteral("entries"), tr("Entries"), 92, Qt::AlignLeft},
                {QStringLiteral("advice"), tr("What to do"), 220, Qt::AlignLeft, true, 1}},
               parent),
      m_desk(desk)
{
    connect(&desk.trading(), &TradingStore::tradingChanged, this, &RowModel::restart);
    restart();
}

Cell DifferencesTableModel::cellOf(int item, int column) const
{
    const client::Difference& difference = at(item);
    Cell cell;
    switch (column) {
    case KindColumn:
        cell.text = kindWord(difference);
        cell.weight = TypeWeight::SemiBold;
        break;
    case SymbolColumn:
        cell.text = subjectOf(difference);
        cell.weight = TypeWeight::SemiBold;
        break;
    case OursColumn: cell.text = amount(difference, difference.ours); break;
    case TheirsColumn: cell.text = amount(difference, difference.theirs); break;
    case DifferenceColumn:
        cell.text = amount(difference, difference.difference, true);
        cell.tone = Tone::Warn;
        cell.weight = TypeWeight::SemiBold;
        break;
    case SinceColumn:
        cell.text = format::clock(difference.since);
        cell.tone = Tone::Muted;
        break;
    case EntriesColumn:
        cell.kind = CellKind::Pill;
        cell.text = difference.blocksEntries ? tr("BLOCKED") : tr("OPEN");
        cell.tone = difference.blocksEntries ? Tone::Crit : Tone::Muted;
        break;
    default:
        cell.text = format::plain(difference.whatToDo, 240);
        cell.tone = Tone::Muted;
    }
    return cell;
}

SortKey DifferencesTableModel::sortKeyOf(int item, int column) const
{
    if (column == SinceColumn) return SortKey::of(double(at(item).since.millis()));
    if (column == DifferenceColumn) {
        return SortKey::of(Decimal::parse(at(item).difference).value_or(Decimal{}).toDouble());
    }
    return SortKey::of(cellOf(item, column).text);
}

AcceptDifferenceDialog::AcceptDifferenceDialog(Desk& desk, const Theme& theme,
                                               client::Difference difference, QWidget* parent)
    : QDialog(parent), m_desk(desk), m_difference(std::move(difference)),
      m_reason(new QLineEdit(this)),
      m_message(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Crit, this)),
      m_accept(makeButton(m_difference.kind == "position" ? tr("Accept broker's position")
                          : m_difference.kind == "order"  ? tr("Accept that it is gone")
                                                          : tr("Accept broker's figure"),
                          QStringLiteral("acceptSend"), "danger", this))
{
    setObjectName(QStringLiteral("acceptDialog"));
    setWindowTitle(tr("Accept the broker's word?"));
    setMinimumWidth(460);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 18, 20, 16);
    column->setSpacing(8);
    auto* title = new TextLabel(theme, TypeSize::Title, TypeWeight::SemiBold, Tone::Normal, this);
    title->show(tr("%1: take the broker's word?").arg(subjectOf(m_difference)));
    column->addWidget(title);
    const auto addRow = [&](const QString& caption, const QString& value, Tone tone) {
        auto* row = new ValueRow(theme, caption, this);
        row->show(value, tone);
        column->addWidget(row);
    };
    addRow(tr("Ours, until now"), amount(m_difference, m_difference.ours), Tone::Muted);
    addRow(tr("The broker's, from now on"), amount(m_difference, m_difference.theirs), Tone::Normal);
    addRow(tr("Difference"), amount(m_difference, m_difference.difference, true), Tone::Warn);
    auto* advice = new TextLabel(theme, TypeSize::Small, TypeWeight::Regular, Tone::Muted, this);
    advice->setWordWrap(true);
    advice->show(format::plain(m_difference.whatToDo, 400));
    column->addWidget(advice);
    m_reason->setObjectName(QStringLiteral("acceptReason"));
    m_reason->setAccessibleName(tr("Reason"));
    m_reason->setPlaceholderText(tr("Reason (required): what did you compare it with?"));
    m_reason->setMaxLength(kReasonMax);
    column->addWidget(m_reason);
    m_message->setWordWrap(true);
    m_message->setMinimumHeight(16);
    column->addWidget(m_message);
    auto* row = new QHBoxLayout;
    row->addStretch(1);
    QPushButton* back = makeButton(tr("Go back"), QStringLiteral("acceptBack"), {}, this);
    row->addWidget(back);
    row->addWidget(m_accept);
    column->addLayout(row);
    connect(back, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_accept, &QPushButton::clicked, this, &AcceptDifferenceDialog::accept);
    connect(m_reason, &QLineEdit::textChanged, this, &AcceptDifferenceDialog::refresh);
    connect(&desk.trading(), &TradingStore::tradingChanged, this, &AcceptDifferenceDialog::refresh);
    m_reason->setFocus();
    refresh();
}

bool AcceptDifferenceDialog::stillStands() const
{
    const auto& all = m_desk.trading().trading().differences;
    return std::any_of(all.begin(), all.end(),
                       [this](const auto& one) { return one.id == m_difference.id; });
}

void AcceptDifferenceDialog::refresh()
{
    const bool stands = stillStands();
    if (!stands && !m_asking) {
        m_message->show(tr("This difference has vanished or changed meanwhile. Go back and read "
                           "the list again."));
    }
    m_accept->setEnabled(stands && !m_asking && m_difference.acceptable &&
                         m_reason->text().trimmed().size() >= kReasonMin);
}

void AcceptDifferenceDialog::accept()
{
    if (!m_accept->isEnabled()) return; // Enter in the field presses nothing by itself
    m_asking = true;
    m_message->show(tr("Asking the backend…"));
    refresh();
    m_desk.session().acceptDifference(
        m_difference.id, m_reason->text().trimmed().toStdString(), this,
        [this](client::Answer<client::TradingFacts> answer) {
            if (answer) {
                m_desk.trading().set(*answer);
                return QDialog::accept();
            }
            m_asking = false;
            m_message->show(tr("NOT DONE: %1").arg(format::plain(answer.error().detail, 200)));
            refresh();
        });
}

DifferencesView::DifferencesView(Desk& desk, const Theme& theme, QWidget* parent)
    : QWidget(parent), m_desk(desk), m_theme(theme),
      m_model(new DifferencesTableModel(desk, this)),
      m_table(new DataTable(theme, QStringLiteral("differences"),
                            tr("Differences with the broker"), this)),
      m_state(new TextLabel(theme, TypeSize::Small, TypeWeight::Medium, Tone::Muted, this)),
      m_accept(makeButton(tr("Accept broker's word…"), QStringLiteral("differenceAccept"), {},
                          this)),
      m_compare(makeButton(tr("Compare now"), QStringLiteral("differenceCompare"), "quiet", this))
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_table, 1);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(metric::kCellPadding, 4, metric::kCellPadding, 4);
    row->addWidget(m_state, 1);
    row->addWidget(m_compare);
    row->addWidget(m_accept);
    column->addLayout(row);
    m_table->setRowModel(m_model);
    m_table->setEmptyText(tr("We and the broker agree"),
                          tr("Orders, positions and cash are compared at the start, after every "
                             "reconnect and on a timer."));
    connect(m_table, &DataTable::itemActivated, this, &DifferencesView::acceptSelected);
    connect(m_table, &DataTable::currentItemChanged, this, &DifferencesView::refresh);
    connect(m_accept, &QPushButton::clicked, this, &DifferencesView::acceptSelected);
    connect(m_compare, &QPushButton::clicked, this, &DifferencesView::compareNow);
    connect(&desk.trading(), &TradingStore::tradingChanged, this, &DifferencesView::refresh);
    connect(&desk.status(), &StatusStore::linkChanged, this, &DifferencesView::refresh);
    refresh();
}

void DifferencesView::refresh()
{
    const client::TradingFacts& trading = m_desk.trading().trading();
    const bool online = m_desk.status().isOnline();
    if (trading.reconciling) m_state->show(tr("Comparing with the broker…"));
    else if (!online) m_state->show(tr("Offline: as it was when the connection was lost."));
    else if (m_desk.trading().isBlocked()) {
        m_state->show(tr("New positions are refused until the blocking differences are decided; "
                         "closing works."));
    } else m_state->show({});
    m_state->setTone(m_desk.trading().isBlocked() ? Tone::Warn : Tone::Muted);
    const int item = m_table->currentItem();
    m_accept->setEnabled(online && item >= 0 && m_model->at(item).acceptable);
    m_compare->setEnabled(online && !trading.reconciling);
}

void DifferencesView::acceptSelected()
{
    const int item = m_table->currentItem();
    if (item < 0 || !m_model->at(item).acceptable) return;
    auto* dialog = new AcceptDifferenceDialog(m_desk, m_theme, m_model->at(item), window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void DifferencesView::compareNow()
{
    m_desk.session().reconcile(this, [this](client::Answer<bool> answer) {
        if (!answer) {
            m_desk.tell(client::Severity::Warning, tr("Not compared"),
                        format::plain(answer.error().detail));
        }
    });
}

} // namespace qd::ui

#include "ui/market/watchlist_table_model.h"

#include <algorithm>

#include <QMimeData>

#include "ui/widgets/format.h"

namespace qd::ui {

namespace {

constexpr int kSymbolWidth = 76;
constexpr int kLastWidth = 92, kOptionLastWidth = 76; ///< a premium has fewer digits
constexpr auto kFlash = std::chrono::milliseconds(250);
const QString kSymbolMime = QStringLiteral("application/x-quarterdeck-symbol");

Tone toneOf(const Price& change)
{
    if (change.isPositive()) return Tone::Up;
    return change.isNegative() ? Tone::Down : Tone::Muted;
}

} // namespace

WatchlistTableModel::WatchlistTableModel(Desk& desk, QObject* parent)
    : RowModel({{QStringLiteral("symbol"), tr("Symbol"), kSymbolWidth, Qt::AlignLeft, true, 0, true},
                {QStringLiteral("last"), tr("Last"), kLastWidth, Qt::AlignRight, false},
                {QStringLiteral("change"), tr("Chg"), 80, Qt::AlignRight, false, 2},
                {QStringLiteral("changePercent"), tr("Chg %"), 68, Qt::AlignRight, false, 1},
                {QStringLiteral("day"), tr("Day"), 66, Qt::AlignLeft, false, 3}},
               parent),
      m_desk(desk)
{
    connect(&desk, &Desk::watchlistChanged, this, &WatchlistTableModel::relist);
    connect(&desk.quotes(), &QuoteStore::quotesChanged, this, &WatchlistTableModel::takeQuotes);
    const auto restate = [this] {
        const bool stale = m_desk.status().isStale();
        if (stale || m_wasStale) {
            for (int item = 0; item < itemCount(); ++item) touch(item, ~0U);
        }
        m_wasStale = stale;
    };
    connect(&desk.status(), &StatusStore::statusChanged, this, restate);
    connect(&desk.status(), &StatusStore::linkChanged, this, restate);
    connect(&desk, &Desk::instrumentLearned, this, [this](const Symbol& symbol) {
        const int item = itemOf(symbol);
        if (item >= 0) touch(item, ~0U);
    });
    connect(&m_flashTimer, &QTimer::timeout, this, &WatchlistTableModel::endFlashes);
    m_flashTimer.setInterval(50);
    relist();
}

void WatchlistTableModel::relist()
{
    m_shown.assign(std::size_t(itemCount()), {});
    m_flashing.clear();
    m_itemOfSlot.clear();
    for (int item = 0; item < itemCount(); ++item) {
        const int slot = m_desk.quotes().slotOf(symbolOf(item));
        m_shown[std::size_t(item)].slot = slot;
        if (slot < 0) continue;
        m_shown[std::size_t(item)].last = m_desk.quotes().at(slot).last;
        if (slot >= int(m_itemOfSlot.size())) m_itemOfSlot.resize(std::size_t(slot) + 1, -1);
        m_itemOfSlot[std::size_t(slot)] = item;
    }
    restart();
    const auto& list = m_desk.watchlist();
    const bool hasOptions = std::any_of(list.begin(), list.end(), [](const Symbol& symbol) {
        return assetClassOf(symbol) == AssetClass::Option;
    });
    setWidth(LastColumn, hasOptions ? kOptionLastWidth : kLastWidth);
}

int WatchlistTableModel::itemOf(const Symbol& symbol) const
{
    const auto& list = m_desk.watchlist();
    const auto found = std::find(list.begin(), list.end(), symbol);
    return found == list.end() ? -1 : int(found - list.begin());
}

void WatchlistTableModel::takeQuotes(const std::vector<int>& slots)
{
    for (const int slot : slots) {
        const int item = slot < int(m_itemOfSlot.size()) ? m_itemOfSlot[std::size_t(slot)] : -1;
        if (item < 0 || rowOf(item) < 0) continue;
        Shown& shown = m_shown[std::size_t(item)];
        const Price last = m_desk.quotes().at(slot).last;
        if (last == shown.last) {
            touch(item, 1U << SymbolColumn);
            continue;
        }
        if (!shown.last.isZero()) {
            if (shown.flash == Flash::None) m_flashing.push_back(item);
            shown.flash = last > shown.last ? Flash::Up : Flash::Down;
            shown.until = m_desk.clock().steady() + kFlash;
        }
        shown.last = last;
        touch(item, (1U << LastColumn) | (1U << ChangeColumn) | (1U << PercentColumn));
    }
    if (!m_flashing.empty() && !m_flashTimer.isActive()) m_flashTimer.start();
}

void WatchlistTableModel::endFlashes()
{
    const Duration now = m_desk.clock().steady();
    std::erase_if(m_flashing, [&](int item) {
        Shown& shown = m_shown[std::size_t(item)];
        if (shown.until > now) return false;
        shown.flash = Flash::None;
        touch(item, 1U << LastColumn);
        return true;
    });
    if (m_flashing.empty()) m_flashTimer.stop();
}

Cell WatchlistTableModel::symbolCell(int item, int slot) const
{
    Cell cell;
    cell.text = format::symbol(symbolOf(item));
    cell.weight = TypeWeight::SemiBold;
    const Freshness freshness = m_desk.freshnessOf(symbolOf(item));
    cell.stale = freshness == Freshness::Stale;
    if (cell.stale) cell.tone = Tone::Caption;
    // When the whole feed is stale one banner says so; the row speaks only for itself.
    if (slot >= 0 && cell.stale && !m_desk.status().isStale()) {
        cell.badge = format::age(m_desk.quotes().ageOf(slot));
    }
    if (freshness == Freshness::Halted) cell.badge = tr("HALTED");
    if (freshness == Freshness::Delayed) cell.badge = tr("DELAYED");
    return cell;
}

Cell WatchlistTableModel::cellOf(int item, int column) const
{
    const int slot = m_shown[std::size_t(item)].slot;
    if (column == SymbolColumn) return symbolCell(item, slot);
    Cell cell;
    cell.text = QStringLiteral("–");
    cell.tone = Tone::Caption;
    if (slot < 0) return cell;
    const QuoteStore& quotes = m_desk.quotes();
    const client::QuoteFacts& facts = quotes.at(slot);
    if (facts.last.isZero()) return cell;
    const bool stale = m_desk.freshnessOf(symbolOf(item)) == Freshness::Stale;
    const Price change = quotes.changeOf(slot);
    const bool hasChange = !facts.previousClose.isZero();
    const int places = m_desk.placesOf(symbolOf(item));
    cell.stale = stale;
    cell.tone = stale ? Tone::Caption : toneOf(change);
    switch (column) {
    case LastColumn:
        cell.text = format::number(facts.last.value(), places);
        cell.tone = stale ? Tone::Caption : Tone::Normal;
        cell.weight = TypeWeight::Medium;
        cell.flash = stale ? Flash::None : m_shown[std::size_t(item)].flash;
        break;
    case ChangeColumn:
        if (hasChange) cell.text = format::signedNumber(change.value(), places);
        break;
    case PercentColumn:
        if (hasChange) cell.text = format::percent(quotes.changePercentOf(slot));
        break;
    case DayColumn:
        cell.kind = CellKind::Spark;
        cell.text.clear();
        cell.points = quotes.sparkOf(slot);
        break;
    default: break;
    }
    return cell;
}

SortKey WatchlistTableModel::sortKeyOf(int item, int column) const
{
    const int slot = m_shown[std::size_t(item)].slot;
    if (column == SymbolColumn || slot < 0) {
        return SortKey::of(format::plain(symbolOf(item).text(), 32));
    }
    const QuoteStore& quotes = m_desk.quotes();
    switch (column) {
    case LastColumn: return SortKey::of(quotes.at(slot).last.toDouble());
    case ChangeColumn: return SortKey::of(quotes.changeOf(slot).toDouble());
    default: return SortKey::of(quotes.changePercentOf(slot).toDouble());
    }
}

QString WatchlistTableModel::exportOf(int item, int column) const
{
    if (column != SymbolColumn) return RowModel::exportOf(item, column);
    return format::plain(symbolOf(item).text(), 32);
}

void WatchlistTableModel::move(int item, int steps)
{
    const int target = item + steps;
    if (sortColumn() >= 0 || target < 0 || target >= itemCount()) return;
    std::vector<Symbol> symbols = m_desk.watchlist();
    const Symbol moved = symbols[std::size_t(item)];
    symbols.erase(symbols.begin() + item);
    symbols.insert(symbols.begin() + target, moved);
    m_desk.setWatchlist(std::move(symbols));
}

Qt::ItemFlags WatchlistTableModel::flags(const QModelIndex& index) const
{
    Qt::ItemFlags flags = RowModel::flags(index);
    if (sortColumn() >= 0 || !filterText().isEmpty()) return flags;
    return index.isValid() ? flags | Qt::ItemIsDragEnabled : flags | Qt::ItemIsDropEnabled;
}

QStringList WatchlistTableModel::mimeTypes() const
{
    return {kSymbolMime};
}

QMimeData* WatchlistTableModel::mimeData(const QModelIndexList& indexes) const
{
    auto* mime = new QMimeData;
    if (!indexes.isEmpty()) {
        mime->setData(kSymbolMime, QByteArray::fromStdString(
                                       symbolOf(itemAt(indexes.first().row())).text()));
    }
    return mime;
}

bool WatchlistTableModel::dropMimeData(const QMimeData* mime, Qt::DropAction, int row, int,
                                       const QModelIndex& parent)
{
    const auto symbol = Symbol::parse(mime->data(kSymbolMime).toStdString());
    if (!symbol) return false;
    int to = row >= 0 ? row : parent.isValid() ? parent.row() : itemCount();
    m_desk.watch(*symbol); // of another list, or another window
    const int from = itemOf(*symbol);
    if (to > from) --to;
    move(from, to - from);
    // The order is already changed; the view must not remove the dragged row as well.
    return false;
}

} // namespace qd::ui

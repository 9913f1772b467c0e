#include "ui/state/status_stores.h"

#include <algorithm>

namespace qd::ui {

void AccountStore::set(const client::AccountFacts& account)
{
    m_account = account;
    Q_EMIT accountChanged();
}

bool TradingStore::isBlocked() const
{
    return std::any_of(m_trading.differences.begin(), m_trading.differences.end(),
                       [](const auto& difference) { return difference.blocksEntries; });
}

void TradingStore::set(const client::TradingFacts& trading)
{
    m_trading = trading;
    Q_EMIT tradingChanged();
}

StatusStore::StatusStore(const runtime::Clock& clock, QObject* parent)
    : QObject(parent), m_clock(clock)
{
}

Duration StatusStore::ageOf(const client::FeedFacts& feed) const
{
    const Duration since = m_reportTime.isSet() ? m_clock.now() - m_reportTime : Duration{};
    if (!isOnline()) return feed.age + std::max(Duration{}, since);
    // Reports come every second; only silence beyond that adds to what the feed said of itself.
    return feed.age + std::max(Duration{}, since - std::chrono::milliseconds(1500));
}

bool StatusStore::isStale() const
{
    if (!isOnline()) return true;
    if (m_report.feeds.empty()) return false;
    return std::all_of(m_report.feeds.begin(), m_report.feeds.end(), [](const auto& feed) {
        return !feed.connected || feed.freshness == Freshness::Stale ||
               feed.freshness == Freshness::NoData;
    });
}

Duration StatusStore::staleFor() const
{
    if (!isOnline() && m_offlineSince.isSet()) return m_clock.now() - m_offlineSince;
    Duration youngest = Duration::max();
    for (const client::FeedFacts& feed : m_report.feeds) youngest = std::min(youngest, ageOf(feed));
    return youngest == Duration::max() ? Duration{} : youngest;
}

bool StatusStore::isBreakerOpen() const
{
    return std::any_of(m_report.brokers.begin(), m_report.brokers.end(),
                       [](const auto& broker) { return broker.breaker == "open"; });
}

void StatusStore::setLink(const client::LinkFacts& link)
{
    const bool was = isOnline();
    m_link = link;
    if (was && !isOnline()) m_offlineSince = m_clock.now();
    if (isOnline()) m_offlineSince = {};
    Q_EMIT linkChanged();
}

void StatusStore::setReport(const client::StatusReport& report)
{
    m_report = report;
    m_reportTime = m_clock.now();
    Q_EMIT statusChanged();
    if (report.market) setMarket(*report.market);
}

void StatusStore::setMarket(const client::MarketFacts& market)
{
    m_market = market;
    Q_EMIT marketChanged();
}

int NoticeStore::noticeCount() const
{
    return int(std::count_if(m_lines.begin(), m_lines.end(),
                             [](const Line& line) { return line.isNotice; }));
}

void NoticeStore::add(Line line)
{
    if (count() >= kLinesMax) {
        m_lines.erase(m_lines.begin(), m_lines.begin() + kLinesMax / 4);
        Q_EMIT storeReset();
    }
    m_lines.push_back(std::move(line));
    Q_EMIT lineAdded(count() - 1);
}

void NoticeStore::clear()
{
    m_lines.clear();
    Q_EMIT storeReset();
}

} // namespace qd::ui

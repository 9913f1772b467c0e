#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "services/brokers/ibkr/conid_book.h"
#include "services/brokers/ibkr/history_lane.h"
#include "services/brokers/ibkr/market_texts.h"
#include "services/brokers/ibkr/session_keeper.h"
#include "services/brokers/stream_line.h"

namespace qd::brokers {

/// IBKR's market data through the gateway: the stream of quotes, snapshots and bars by REST. It shares
/// the broker's session, which a user has only one of, and its gate. A line of market data ends after ten
/// minutes by itself, so it is asked for again before. Core executor: a few values a second and symbol.
class IbkrFeed final : public MarketFeed {
public:
    /// A user's market-data lines; what is wanted beyond is told as refused once, and not followed.
    static constexpr std::size_t kLinesMax = 100;
    static constexpr Duration kAskAgainEvery = std::chrono::minutes(9);
    static constexpr std::size_t kBarsMax = 1000; ///< the newest of them, IBKR's own limit
    static constexpr std::size_t kSnapshotsAtOnce = 50;

    /// Everything given outlives the feed.
    IbkrFeed(const IbkrSettings& settings, RequestGate& gate, ibkr::SessionKeeper& session,
             ibkr::ConidBook& conids, wire::WebSocketClient& sockets, runtime::Executor& core,
             runtime::Random& random);
    ~IbkrFeed() override;

    std::string name() const override { return "ibkr"; }
    /// As the venue says of its values, line by line: real time, delayed or frozen.
    FeedClass feedClass() const override;
    FeedClass classOf(const Symbol& symbol) const override;
    void start(std::function<void(std::vector<MarketEvent>)> events) override;
    void stop() override;
    void subscribe(Subscriptions wanted) override;
    void bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
              std::function<void(Result<std::vector<Bar>>)> done) override;
    bool hasSnapshots() const override { return true; }
    /// Asked twice: the first answer of a symbol has no values.
    void snapshots(const std::vector<Symbol>& symbols,
                   std::function<void(std::vector<MarketSnapshot>)> told) override;

private:
    StreamLine::Terms terms();
    void onMessage(std::string_view payload);
    void onOpen();
    void quarantine(std::string_view payload, Error error);
    void follow(const Symbol& symbol);
    void sendWish(std::int64_t conid);
    void askAgain();
    void askSnapshots(std::vector<std::int64_t> conids, bool isFirst,
                      std::function<void(std::vector<MarketSnapshot>)> told);
    void askBars(std::int64_t conid, BarInterval interval, Timestamp from, Timestamp to,
                 std::function<void(Result<std::vector<Bar>>)> done);
    void hand(std::vector<MarketEvent> events);

    const IbkrSettings& m_settings;
    RequestGate& m_gate;
    ibkr::SessionKeeper& m_session;
    ibkr::ConidBook& m_conids;
    runtime::Executor& m_core;
    std::function<void(std::vector<MarketEvent>)> m_events;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
    std::set<Symbol> m_wanted;
    std::map<std::int64_t, ibkr::MarketLine> m_lines; ///< by conid
    ibkr::HistoryLane m_history;
    std::vector<runtime::Timer> m_later;
    runtime::Timer m_again;
    bool m_toldLimit = false;
    StreamLine m_line;
};

} // namespace qd::brokers

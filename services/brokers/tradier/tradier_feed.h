#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/brokers/data_gate.h"
#include "services/brokers/tradier/market_json.h"
#include "services/brokers/tradier/tradier_settings.h"
#include "services/wire/http.h"

namespace qd::brokers {

namespace tradier {
class MarketStream;
}

/// Tradier's market data: the stream of quotes and prints, quotes and bars by REST. Where there is no
/// stream (Tradier's own sandbox, whose data are delayed) quotes are asked for in turns. Methods and
/// callbacks on the core executor; frames are decoded on `io` (the socket client must call back there)
/// and handed over a frame at a time. No coins: Tradier has none.
class TradierFeed final : public MarketFeed {
public:
    static constexpr std::size_t kSymbolsAtOnce = 500; ///< in one question for quotes
    static constexpr Duration kAskEvery = std::chrono::seconds(3); ///< without a stream

    /// Everything given outlives the feed. `http` calls back on `core`, `sockets` on `io`; `random` is
    /// drawn from on both.
    TradierFeed(TradierSettings settings, wire::HttpClient& http, wire::WebSocketClient& sockets,
                runtime::Executor& core, runtime::Executor& io, runtime::Random& random);
    /// Not on the io executor.
    ~TradierFeed() override;

    std::string name() const override { return "tradier"; }
    FeedClass feedClass() const override;
    void start(std::function<void(std::vector<MarketEvent>)> events) override;
    void stop() override;
    void subscribe(Subscriptions wanted) override;
    /// What Tradier keeps: of minutes some weeks, of days all. Hours are made of quarters.
    void bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
              std::function<void(Result<std::vector<Bar>>)> done) override;
    Timestamp heldUntil() const override { return m_gate.heldUntil(); }
    std::vector<FeedKey> keys() const override { return m_gate.keys(); }
    bool hasSnapshots() const override { return true; }
    void snapshots(const std::vector<Symbol>& symbols,
                   std::function<void(std::vector<MarketSnapshot>)> told) override;

    /// Whom Tradier takes us for from now on. A stream that is open stays so; without a token it ends.
    void useToken(runtime::Secret token);
    /// As TradierBroker::renewBy.
    void renewBy(std::function<void(std::function<void(bool)>)> renew)
    {
        m_settings.renew = std::move(renew);
    }
    std::vector<const resilience::CircuitBreaker*> breakers() const { return m_gate.breakers(); }

private:
    using Rows = std::function<void(Result<std::vector<MarketSnapshot>>)>;

    tradier::DayZone zone() const;
    void askQuotes(const std::vector<std::string>& symbols, Rows done);
    void askInTurns();
    void onTurn(const Result<std::vector<MarketSnapshot>>& rows);

    TradierSettings m_settings;
    runtime::Executor& m_core;
    runtime::Executor& m_io;
    DataGate m_gate;
    std::shared_ptr<tradier::MarketStream> m_stream; ///< none: quotes are asked for in turns
    std::function<void(std::vector<MarketEvent>)> m_events;
    std::vector<std::string> m_wanted; ///< in Tradier's spelling
    std::map<Symbol, Timestamp> m_lastSale; ///< told already
    runtime::Timer m_turn;
    std::optional<bool> m_isAnswered; ///< was the last turn?
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers

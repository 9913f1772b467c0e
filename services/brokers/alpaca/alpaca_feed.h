#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/brokers/alpaca/alpaca_settings.h"
#include "services/brokers/broker.h"
#include "services/resilience/circuit_breaker.h"
#include "services/runtime/random.h"
#include "services/wire/http.h"

namespace qd::brokers {

/// Alpaca's market data: the v2 stream of stocks, those of crypto and options, snapshots and bars by REST.
/// Methods and callbacks on the core executor; frames are decoded on `io` (the socket client must call back there) and handed over a
/// frame at a time, so that a storm costs one hop a frame.
class AlpacaFeed final : public MarketFeed {
public:
    /// Everything given outlives the feed. `http` calls back on `core`, `sockets` on `io`; `random`
    /// is drawn from on both.
    AlpacaFeed(AlpacaSettings settings, wire::HttpClient& http, wire::WebSocketClient& sockets,
               runtime::Executor& core, runtime::Executor& io, runtime::Random& random);
    /// Not on the io executor.
    ~AlpacaFeed() override;

    std::string name() const override;
    FeedClass feedClass() const override;
    void start(std::function<void(std::vector<MarketEvent>)> events) override;
    void stop() override;
    void subscribe(Subscriptions wanted) override;
    /// Pages until the range is read; at most 50,000 bars.
    void bars(const Symbol& symbol, BarInterval interval, Timestamp from, Timestamp to,
              std::function<void(Result<std::vector<Bar>>)> done) override;

    bool hasSnapshots() const override { return true; }
    /// In requests of kSnapshotsMax symbols; one that Alpaca cannot read does not hide the others.
    void snapshots(const std::vector<Symbol>& symbols,
                   std::function<void(std::vector<MarketSnapshot>)> told) override;

    static constexpr std::size_t kSnapshotsMax = 500;

    /// Whom the data host takes us for from now on: 0 is the account's own key, 1 … the further ones
    /// of the settings. Streams that are open stay so.
    void useKey(std::size_t index, AlpacaSettings::Key key);
    /// As AlpacaBroker::renewBy, for the account's own access.
    void renewBy(std::function<void(std::function<void(bool)>)> renew);

    Timestamp heldUntil() const override;
    std::vector<FeedKey> keys() const override;
    /// Of the REST calls, one a key.
    std::vector<const resilience::CircuitBreaker*> breakers() const;

private:
    struct Stream; ///< lives on `io`
    struct History;
    AlpacaSettings m_settings; ///< of the questions, on core
    std::shared_ptr<AlpacaSettings> m_streamSettings; ///< of the streams, on `io`
    runtime::Executor& m_io;
    std::vector<std::shared_ptr<Stream>> m_streams; ///< stocks; crypto and options where there are any
    std::unique_ptr<History> m_history;
};

} // namespace qd::brokers

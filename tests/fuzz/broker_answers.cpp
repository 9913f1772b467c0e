// One answer to whatever a broker's adapter asks: each question and each command is told of once,
// after a bounded number of requests, and an order that may have been acted on is never refused.
// uses: models/orders services/brokers tests/support
#include <cstdint>
#include <memory>
#include <string>

#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/brokers/alpaca/alpaca_feed.h"
#include "services/brokers/ibkr/ibkr_broker.h"
#include "services/brokers/tradier/tradier_broker.h"
#include "services/brokers/tradier/tradier_feed.h"
#include "tests/support/sim_world.h"

namespace {

using namespace qd;
using namespace qd::brokers;

/// Answers everything with the same bytes, a moment later.
class OneAnswer final : public wire::HttpClient {
public:
    explicit OneAnswer(runtime::Executor& executor) : m_executor(executor) {}
    void send(wire::HttpRequest, Callback done) override
    {
        ++requests;
        m_timers.push_back(m_executor.after(std::chrono::milliseconds(1),
                                            [this, done = std::move(done)] { done(answer); }));
    }
    wire::HttpResponse answer;
    std::size_t requests = 0;

private:
    runtime::Executor& m_executor;
    std::vector<runtime::Timer> m_timers;
};

/// Nobody listens.
class NoSockets final : public wire::WebSocketClient {
public:
    std::shared_ptr<wire::WebSocket> connect(wire::WebSocketOptions, wire::WebSocketEvents) override
    {
        QD_ASSERT(false && "no stream was started");
        return nullptr;
    }
};

struct World {
    test::SimWorld world;
    test::SimExecutor core{world, "core"};
    OneAnswer http{core};
    NoSockets sockets;
    int asked = 0, told = 0;

    /// A callback that counts.
    auto once()
    {
        ++asked;
        return [this](const auto&) { ++told; };
    }
};

OrderRequest order()
{
    OrderRequest request;
    request.clientOrderId = ClientOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d");
    request.symbol = Symbol::of("SPY");
    request.type = OrderType::Limit;
    request.quantity = Quantity::of("1");
    request.limitPrice = Price::of("440");
    return request;
}

TradierSettings tradierSettings()
{
    TradierSettings settings;
    settings.baseUrl = "https://venue.test";
    settings.accountNumber = "VA000001";
    settings.token = runtime::Secret("token");
    return settings;
}

std::unique_ptr<IbkrBroker> makeIbkr(World& world)
{
    IbkrSettings settings;
    settings.gatewayUrl = "https://venue.test/v1/api";
    return std::make_unique<IbkrBroker>(std::move(settings), world.http, world.sockets, world.core,
                                        world.world.random());
}

std::unique_ptr<Broker> make(int which, World& world)
{
    if (which == 0) {
        AlpacaSettings settings;
        settings.tradingUrl = settings.dataUrl = "https://venue.test";
        settings.keyId = runtime::Secret("key");
        settings.secretKey = runtime::Secret("secret");
        settings.simulated = true; // its contracts are listed too
        return std::make_unique<AlpacaBroker>(std::move(settings), world.http, world.sockets,
                                              world.core, world.world.random());
    }
    if (which == 1)
        return std::make_unique<TradierBroker>(tradierSettings(), world.http, world.sockets,
                                               world.core, world.world.random());
    return makeIbkr(world);
}

/// `isTaken`: the venue has said so, however it put the rest.
void askAll(Broker& broker, World& world, bool isTaken)
{
    broker.findByClientId(order().clientOrderId, world.once());
    broker.listOrders({}, world.once());
    broker.listExecutions(Timestamp::of("2026-01-05T00:00:00Z"), world.once());
    broker.listPositions(world.once());
    broker.account(world.once());
    broker.listInstruments(world.once());
    ++world.asked;
    broker.submit(order(), {}, [&world, isTaken](const Outcome& outcome) {
        ++world.told;
        if (const auto* refused = std::get_if<Refused>(&outcome))
            QD_ASSERT(!isTaken && refused->error.kind != ErrorKind::OutcomeUnknown);
    });
}

/// Snapshots of symbols of which some are not told of, and their bars.
void ask(MarketFeed& feed, World& world)
{
    const auto from = Timestamp::of("2026-01-05T15:00:00Z");
    for (const char* symbol : {"SPY", "SPY260116C00500000"})
        for (const auto interval : {BarInterval::Minute1, BarInterval::Day1})
            feed.bars(Symbol::of(symbol), interval, from, from + std::chrono::hours(1), world.once());
    feed.snapshots({Symbol::of("SPY"), Symbol::of("AAPL")}, [](const auto&) {});
    world.world.run(std::chrono::hours(1));
}

void askTradierFeed(World& world)
{
    TradierFeed feed(tradierSettings(), world.http, world.sockets, world.core, world.core,
                     world.world.random());
    ask(feed, world);
}

void askIbkrFeed(World& world)
{
    const auto broker = makeIbkr(world);
    const auto feed = broker->makeFeed(world.sockets, world.world.random());
    ask(*feed, world);
    broker->stop();
}

void askAlpacaFeed(World& world)
{
    AlpacaSettings settings;
    settings.dataUrl = "https://venue.test";
    settings.dataStreamUrl = "wss://venue.test/v2/iex";
    settings.keyId = runtime::Secret("key");
    settings.secretKey = runtime::Secret("secret");
    AlpacaFeed feed(std::move(settings), world.http, world.sockets, world.core, world.core,
                    world.world.random());
    ask(feed, world);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    static constexpr int kStatuses[] = {200, 207, 400, 403, 404, 422, 429, 500};
    if (size == 0) return 0;
    World world;
    world.http.answer.status = kStatuses[bytes[0] / 4 % std::size(kStatuses)];
    world.http.answer.body.assign(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    const int which = bytes[0] % 6;
    std::unique_ptr<Broker> broker; // ends after what was asked is told
    if (which >= 3) {
        which == 3 ? askAlpacaFeed(world) : which == 4 ? askTradierFeed(world) : askIbkrFeed(world);
    } else {
        broker = make(which, world);
        askAll(*broker, world, /*isTaken=*/which == 0 && world.http.answer.status < 400);
    }
    world.world.run(std::chrono::hours(1));
    QD_ASSERT(world.told == world.asked);
    QD_ASSERT(world.http.requests < 2'000);
    return 0;
}

// The Alpaca adapter against the sandbox's Alpaca: two pieces of code that share nothing but the
// protocol.

#include "services/brokers/alpaca/alpaca_broker.h"
#include "services/json/json.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "tests/contract/broker/harness.h"

namespace qd::brokers::test {
namespace {

/// A market that does what the test says.
class ScriptedMarket final : public exchange::MarketSource {
public:
    ScriptedMarket()
    {
        for (const char* symbol : {"ACME", "THIN", "BTC/USD"}) {
            Instrument instrument;
            instrument.symbol = Symbol::of(symbol);
            instrument.name = std::string(symbol) + " Incorporated";
            instrument.fractionable = true;
            instrument.shortable = symbol == std::string_view("ACME");
            instrument.assetClass = assetClassOf(instrument.symbol);
            if (instrument.assetClass == AssetClass::Crypto)
                instrument.lotSize = instrument.minQuantity = Quantity::of("0.0001");
            m_instruments.push_back(instrument);
        }
    }
    const std::vector<Instrument>& instruments() const override { return m_instruments; }
    void start(Timestamp) override {}
    Timestamp venueTime(Timestamp now) const override { return now; }
    void advance(Timestamp until, exchange::MarketBatch& out) override
    {
        for (auto& quote : next) {
            quote.time = until;
            out.emplace_back(quote);
        }
        next.clear();
    }
    Book depth(exchange::InstrumentIndex, int) const override { return {}; }
    std::vector<Bar> history(exchange::InstrumentIndex, BarInterval, Timestamp, Timestamp,
                             std::size_t) const override
    {
        return {};
    }
    FeedClass feedClass() const override { return FeedClass::Simulated; }

    std::vector<exchange::QuoteTick> next;

private:
    std::vector<Instrument> m_instruments;
};

sandbox::alpaca::AlpacaOptions venueOptions()
{
    sandbox::alpaca::AlpacaOptions options;
    options.exchange.partialFillShare = 0; // no luck: partial fills are asked for
    options.requestsPerMinute = 100'000;
    return options;
}

AlpacaSettings settings()
{
    AlpacaSettings settings;
    settings.tradingUrl = settings.dataUrl = "https://alpaca.test";
    settings.streamUrl = "wss://alpaca.test/stream";
    settings.keyId = runtime::Secret("PKTEST");
    settings.secretKey = runtime::Secret("hush-hush");
    return settings;
}

class AlpacaHarness final : public Harness {
public:
    explicit AlpacaHarness(std::uint64_t seed)
        : m_world(seed),
          m_wires(m_world, "wires"),
          m_far(m_world, "venue"),
          m_core(m_world, "core"),
          m_venueRandom(seed),
          m_network(m_wires, m_world.random())
    {
        auto market = std::make_unique<ScriptedMarket>();
        m_market = market.get();
        m_venue = std::make_unique<sandbox::alpaca::AlpacaVenue>(m_far, m_venueRandom,
                                                                 std::move(market), venueOptions());
        sandbox::alpaca::ApiKey key;
        key.keyId = "PKTEST";
        key.secret = runtime::Secret("hush-hush");
        key.account = AccountId("paper");
        m_venue->addKey(std::move(key));
        m_network.serve("alpaca.test", *m_venue, m_far);
        m_http = m_network.makeHttpClient(m_core);
        m_sockets = m_network.makeWebSocketClient(m_core);
        m_broker = std::make_unique<AlpacaBroker>(settings(), *m_http, *m_sockets, m_core,
                                                  m_world.random());
        quote("ACME", "10.00", "10.02");
        quote("THIN", "10.00", "10.02");
        quote("BTC/USD", "60000", "60010");
    }
    ~AlpacaHarness() override
    {
        m_broker.reset();
        m_network.unserve("alpaca.test");
    }

    qd::test::SimWorld& world() override { return m_world; }
    Broker& broker() override { return *m_broker; }
    qd::test::SimFaults& faults() override { return m_network.faults(); }
    void dropStream() override { m_network.dropSockets("alpaca.test"); }

    void quote(const char* symbol, const char* bid, const char* ask) override
    {
        exchange::QuoteTick tick;
        tick.instrument = *m_venue->exchange().find(Symbol::of(symbol));
        tick.bid = Price::of(bid);
        tick.ask = Price::of(ask);
        tick.bidSize = tick.askSize = Quantity::of("1000");
        m_market->next.push_back(tick);
        m_venue->exchange().moveOn();
    }
    void placeForeign(int count, const char* limit) override
    {
        for (int i = 0; i < count; ++i) {
            exchange::NewOrder order;
            order.symbol = Symbol::of("ACME");
            order.side = Side::Buy;
            order.type = OrderType::Limit;
            order.quantity = Quantity::of("1");
            order.limitPrice = Price::of(limit);
            ASSERT_TRUE(m_venue->exchange().submit(AccountId("paper"), order)) << i;
            if (i % 40 == 39) m_world.run(std::chrono::milliseconds(1)); // several an instant
        }
        m_world.run(std::chrono::milliseconds(50));
    }
    int ordersUnder(const ClientOrderId& id) override
    {
        exchange::OrderFilter filter;
        filter.which = exchange::OrderFilter::Which::All;
        filter.limit = 100'000;
        int count = 0;
        for (const auto& order : m_venue->exchange().orders(AccountId("paper"), filter))
            count += order.clientOrderId == id.text() ? 1 : 0;
        return count;
    }
    void misbehave(const std::string& json) override
    {
        const auto document = json::Document::parse(json);
        ASSERT_TRUE(document);
        const auto added = m_venue->faults().add(document->root(), m_world.clock().steady());
        ASSERT_TRUE(added) << describe(added.error());
    }
    void revokeKey() override { m_venue->revokeKey("PKTEST"); }

private:
    qd::test::SimWorld m_world;
    qd::test::SimExecutor m_wires, m_far, m_core;
    runtime::SeededRandom m_venueRandom;
    qd::test::SimNetwork m_network;
    ScriptedMarket* m_market = nullptr; ///< the venue's
    std::unique_ptr<sandbox::alpaca::AlpacaVenue> m_venue;
    std::unique_ptr<wire::HttpClient> m_http;
    std::unique_ptr<wire::WebSocketClient> m_sockets;
    std::unique_ptr<AlpacaBroker> m_broker;
};

std::unique_ptr<Harness> makeAlpaca(std::uint64_t seed)
{
    return std::make_unique<AlpacaHarness>(seed);
}

const auto kName = [](const auto&) { return std::string("Alpaca"); };
INSTANTIATE_TEST_SUITE_P(Adapters, BrokerContract, ::testing::Values(&makeAlpaca), kName);
INSTANTIATE_TEST_SUITE_P(Adapters, BrokerContractFaults, ::testing::Values(&makeAlpaca), kName);

} // namespace
} // namespace qd::brokers::test

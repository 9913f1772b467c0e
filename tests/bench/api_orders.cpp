// Orders taken through the API, each on disk before it is sent, by 100 keep-alive clients in
// another process; against a bare endpoint on the same stack that parses and answers the same body.
// uses: models/base models/market models/orders services/runtime services/wire services/brokers services/market services/orders services/gateway
//
// Parts in this process: wire server, API, order room, SQLite (synchronous=FULL, group commit, the
// log copied beside the writer), market room; a broker that accepts at once stands where the adapter is.
#include <sys/epoll.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <vector>

#include <fmt/format.h>

#include "services/gateway/api.h"
#include "services/gateway/orders_api.h"
#include "services/market/instrument_directory.h"
#include "services/wire/network.h"
#include "tests/bench/loopback_client.h"
#include "tests/bench/median.h"
#include "tests/bench/peer.h"
#include "tests/support/instant_broker.h"
#include "tests/support/orders_dsl.h"

using namespace qd;
using namespace qd::bench;

namespace {

constexpr int kClients = 100, kRounds = 9;
constexpr double kRoundSeconds = 1.5;

// ── the other process ────────────────────────────────────────────────────────────────────────────

struct Ask {
    std::uint16_t port = 0;
    bool orders = false;
};
struct Answer {
    std::int64_t accepted = 0, refused = 0;
    double seconds = 0, p50Ms = 0, p99Ms = 0;
};

std::string orderRequest(std::uint64_t number)
{
    const auto body = fmt::format(
        R"({{"clientOrderId":"{:08x}-0000-4000-8000-{:012x}","symbol":"ACME","side":"buy","type":"limit",)"
        R"("timeInForce":"day","quantity":"10","limitPrice":"12.40"}})",
        number & 0xffffffffu, number);
    return fmt::format("POST /v1/orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer trader\r\n"
                       "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                       body.size(), body);
}

/// A closed loop on each connection: the next order when the last one is answered.
Answer load(const std::vector<int>& clients, std::uint64_t& number)
{
    struct Line {
        int fd;
        std::string buffer;
        Clock::time_point asked;
    };
    Answer result;
    std::vector<Line> lines;
    std::vector<double> latencies;
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    const auto start = Clock::now();
    for (const int fd : clients) lines.push_back({fd, {}, Clock::now()});
    for (std::size_t i = 0; i < lines.size(); ++i) {
        epoll_event event{EPOLLIN, {.u64 = i}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, lines[i].fd, &event);
        say(lines[i].fd, orderRequest(++number));
    }
    std::size_t pending = lines.size();
    while (pending > 0) {
        epoll_event events[128];
        const int n = ::epoll_wait(poll, events, 128, 10'000);
        if (n <= 0) break;
        for (int i = 0; i < n; ++i) {
            Line& line = lines[events[i].data.u64];
            char chunk[8192];
            const auto got = ::recv(line.fd, chunk, sizeof chunk, 0);
            if (got <= 0) return result;
            line.buffer.append(chunk, static_cast<std::size_t>(got));
            const auto size = answerSize(line.buffer);
            if (size == 0) continue;
            ++(line.buffer.compare(9, 3, "202") == 0 ? result.accepted : result.refused);
            latencies.push_back(secondsSince(line.asked));
            line.buffer.erase(0, size);
            line.asked = Clock::now();
            if (secondsSince(start) < kRoundSeconds)
                say(line.fd, orderRequest(++number));
            else
                --pending;
        }
    }
    ::close(poll);
    result.seconds = secondsSince(start);
    std::ranges::sort(latencies);
    if (!latencies.empty()) {
        result.p50Ms = latencies[latencies.size() / 2] * 1e3;
        result.p99Ms = latencies[latencies.size() * 99 / 100] * 1e3;
    }
    return result;
}

void runPeer(int commands, int results)
{
    std::uint64_t number = 0;
    std::vector<std::pair<std::uint16_t, std::vector<int>>> lines; ///< by port, kept alive
    Ask ask;
    while (readWhole(commands, ask)) {
        auto known =
            std::ranges::find(lines, ask.port, [](const auto& line) { return line.first; });
        if (known == lines.end()) {
            known = lines.insert(lines.end(), {ask.port, connectMany(ask.port, kClients)});
        }
        if (!writeWhole(results, load(known->second, number))) break;
    }
}

// ── this process ─────────────────────────────────────────────────────────────────────────────────

/// Quotes a symbol once, when it is first wanted.
class OneQuoteFeed final : public brokers::MarketFeed {
public:
    explicit OneQuoteFeed(runtime::Executor& core) : m_core(core) {}
    std::string name() const override { return "bench"; }
    FeedClass feedClass() const override { return FeedClass::Simulated; }
    void start(std::function<void(std::vector<brokers::MarketEvent>)> events) override
    {
        m_events = std::move(events);
        m_events({brokers::ConnectionChange{true, "", {}}});
    }
    void stop() override { m_events = nullptr; }
    void subscribe(brokers::Subscriptions wanted) override
    {
        m_core.post([this, wanted] {
            const auto now = m_core.clock().now();
            for (const auto& symbol : wanted.quotes)
                if (m_events)
                    m_events({Quote{symbol, Price::of("12.49"), Price::of("12.50"),
                                    Quantity::of("100"), Quantity::of("100"), now, now}});
        });
    }
    void bars(const Symbol&, BarInterval, Timestamp, Timestamp,
              std::function<void(Result<std::vector<Bar>>)> done) override
    {
        done(std::vector<Bar>());
    }

private:
    runtime::Executor& m_core;
    std::function<void(std::vector<brokers::MarketEvent>)> m_events;
};

class TraderToken final : public gateway::Authenticator {
public:
    Result<gateway::Caller> authenticate(std::string_view) const override
    {
        return gateway::Caller{"user:bench", {Role::Trader}};
    }
};

/// Parses the body and answers it, padded to the length of an order's answer.
class BareEndpoint final : public wire::Service {
public:
    void handle(wire::HttpRequest request, Respond respond) override
    {
        const auto document = json::Document::parse(request.body);
        if (!document) return respond({400, {}, {}});
        std::string body = document->root().dump();
        if (body.size() < kAnswerSize) body.append(kAnswerSize - body.size(), ' ');
        respond({202, {{"Content-Type", "application/json"}}, std::move(body)});
    }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        return tl::unexpected(wire::HttpResponse{404, {}, {}});
    }

private:
    static constexpr std::size_t kAnswerSize = 780;
};

orders::Settings orderSettings()
{
    orders::Settings settings;
    settings.submitsPerMinuteMax = 1'000'000'000;
    settings.reconcileEvery = std::chrono::hours(1); // not what is measured
    return settings;
}

gateway::ApiSettings apiSettings()
{
    gateway::ApiSettings settings;
    settings.orders = {.count = 100'000'000, .period = std::chrono::minutes(1), .burst = 1'000'000};
    return settings;
}

/// The order path of the backend, from the socket to the disk.
struct Desk {
    explicit Desk(const std::string& folder)
    {
        auto database = storage::Database::open(folder + "/orders.db");
        QD_ASSERT(database.has_value());
        QD_ASSERT(storage::migrateAll(*database,
                                      {storage::storageMigrations(), orders::orderMigrations()})
                      .has_value());
        storage::WriterOptions options;
        options.walCopies = &wal;
        writer = std::move(
            storage::Writer::open(std::move(*database), db, std::move(options)).value());
        std::promise<void> loaded;
        core.post([&] {
            Instrument acme;
            acme.symbol = Symbol::of("ACME");
            directory.load({acme});
            market = std::make_unique<market::MarketData>(market::MarketSettings{},
                                                          std::vector<brokers::MarketFeed*>{&feed},
                                                          core, directory);
            quotes = std::make_unique<gateway::QuoteWatch>(*market, core);
            service = std::make_unique<orders::OrderService>(
                orders::OrderService::Dependencies{*writer, core, runtime::systemRandom(), broker,
                                                   window},
                orderSettings());
            api =
                std::make_unique<gateway::Api>(apiSettings(), token, core, runtime::systemRandom());
            gateway::OrdersApi{*service, *market, *quotes, core.clock(), false, &broker}.addTo(
                *api);
            market->start();
            service->start([&](const Result<void>& result) {
                QD_ASSERT(result.has_value());
                loaded.set_value();
            });
        });
        loaded.get_future().wait();
    }
    ~Desk()
    {
        server.reset();
        bareServer.reset();
        writer->flush();
        runtime::runAndWait(core, [this] {
            api.reset();
            service.reset();
            quotes.reset();
            market.reset();
        });
        writer.reset();
    }

    void serve(wire::Network& network)
    {
        server = std::move(wire::makeServer(network, core, *api, {}).value());
        bareServer = std::move(wire::makeServer(network, core, bare, {}).value());
    }

    runtime::ThreadExecutor core{"core"}, db{"db"}, wal{"wal"};
    std::unique_ptr<storage::Writer> writer;
    test::InstantBroker broker{core};
    OneQuoteFeed feed{core};
    market::InstrumentDirectory directory;
    test::FakeMarket window;
    TraderToken token;
    BareEndpoint bare;
    std::unique_ptr<market::MarketData> market;
    std::unique_ptr<gateway::QuoteWatch> quotes;
    std::unique_ptr<orders::OrderService> service;
    std::unique_ptr<gateway::Api> api;
    std::unique_ptr<wire::Server> server, bareServer;
};

} // namespace

int main()
{
    const Peer peer = Peer::start(runPeer); // before there are threads
    const auto ask = [&](std::uint16_t port, bool orders) {
        Answer answer;
        writeWhole(peer.commands, Ask{port, orders});
        readWhole(peer.results, answer);
        return answer;
    };

    const auto folder =
        std::filesystem::temp_directory_path() / fmt::format("qd-bench-orders-{}", ::getpid());
    std::filesystem::create_directories(folder);
    bool isWhole = true;
    {
        wire::Network network(1, "io");
        Desk desk(folder.string());
        desk.serve(network);
        ask(desk.bareServer->port(), false); // both warm, the reconciliation over
        ask(desk.server->port(), true);
        std::vector<double> orders, bare, shares, p50, p99, ordersMicros, bareMicros;
        // Processor time of this process for each answer: what the disk has no part in.
        const auto measure = [&](std::uint16_t port, bool real, std::vector<double>& micros) {
            const double before = processorSeconds();
            const auto answer = ask(port, real);
            const auto count = static_cast<double>(std::max<std::int64_t>(answer.accepted, 1));
            micros.push_back((processorSeconds() - before) / count * 1e6);
            return answer;
        };
        const auto stats = desk.writer->stats();
        std::int64_t accepted = 0;
        for (int round = 0; round < kRounds; ++round) {
            const auto plain = measure(desk.bareServer->port(), false, bareMicros);
            const auto real = measure(desk.server->port(), true, ordersMicros);
            bare.push_back(static_cast<double>(plain.accepted) / plain.seconds);
            orders.push_back(static_cast<double>(real.accepted) / real.seconds);
            shares.push_back(orders.back() / bare.back()); // both of the same moment of the machine
            p50.push_back(real.p50Ms);
            p99.push_back(real.p99Ms);
            accepted += real.accepted;
            isWhole = isWhole && real.refused == 0 && real.accepted > 0;
        }
        const auto commits = desk.writer->stats().commits - stats.commits;
        const double ratio = median(shares);
        fmt::print(
            "{{\"bench\":\"api_orders.rate\",\"value\":{:.0f},\"unit\":\"orders/s\",\"control\":"
            "\"bare_endpoint\",\"controlValue\":{:.0f},\"ratio\":{:.2f},\"bar\":\">=30% of the "
            "control\",\"ok\":{}}}\n",
            median(orders), median(bare), ratio, ratio >= 0.30 && isWhole);
        fmt::print("{{\"bench\":\"api_orders.processor\",\"value\":{:.0f},\"unit\":\"us of processor "
                   "per order\",\"control\":\"bare_endpoint\",\"controlValue\":{:.0f},\"ratio\":{:.2f},"
                   "\"ok\":true}}\n",
                   median(ordersMicros), median(bareMicros),
                   median(bareMicros) / median(ordersMicros));
        fmt::print("{{\"bench\":\"api_orders.latency\",\"value\":{:.1f},\"unit\":\"ms "
                   "p50\",\"p99\":{:.1f},"
                   "\"ordersPerCommit\":{:.1f},\"clients\":{},\"ok\":{}}}\n",
                   median(p50), median(p99),
                   static_cast<double>(accepted) / static_cast<double>(commits), kClients, isWhole);
    }
    peer.end();
    std::filesystem::remove_all(folder);
    return 0;
}

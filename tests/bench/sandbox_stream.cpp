// Does the sandbox's own JSON stream keep up with 1,000 symbols at 50,000 updates a second, on how
// much of a core, and does every update arrive? The client is another process that reads and counts.
// Controls: the made-up market alone, without a venue, for as many of its updates; and the very same
// bytes at the same pace through a bare socket to the same client.
// uses: services/exchange services/sandbox
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "services/exchange/simulated_market.h"
#include "services/sandbox/alpaca/alpaca_venue.h"
#include "services/wire/network.h"
#include "tests/bench/peer.h"

namespace {

using namespace qd;
using namespace std::chrono_literals;

constexpr int kSymbols = 1'000, kUpdatesPerSecond = 50'000;
constexpr auto kWarmUp = 2s, kMeasured = 8s;
constexpr auto kCopied = 2s; ///< of them, through a bare socket
constexpr std::chrono::milliseconds kCopyStep = 10ms;
constexpr double kCoreShareMax = 0.5, kRateMin = 0.98;

exchange::SimulationOptions market(int updatesPerSecond)
{
    exchange::SimulationOptions options;
    options.symbols = kSymbols;
    options.updatesPerSecond = updatesPerSecond;
    return options;
}

bool isUpdate(const exchange::MarketEvent& event)
{
    return std::holds_alternative<exchange::QuoteTick>(event) ||
           std::holds_alternative<exchange::TradeTick>(event);
}

struct Told {
    std::atomic<std::int64_t> updates{0}; ///< quotes and trades
    std::atomic<bool> isQuiet{false};     ///< nothing is told, and nothing counted
};

/// Counts what a market tells, and can be made to say nothing.
class CountedMarket final : public exchange::MarketSource {
public:
    CountedMarket(Told& told, int updatesPerSecond)
        : m_told(told), m_market(market(updatesPerSecond))
    {
    }
    const std::vector<Instrument>& instruments() const override { return m_market.instruments(); }
    void start(Timestamp now) override { m_market.start(now); }
    void standing(exchange::MarketBatch& out) override { m_market.standing(out); }
    Timestamp venueTime(Timestamp now) const override { return m_market.venueTime(now); }
    void advance(Timestamp until, exchange::MarketBatch& out) override
    {
        const auto before = static_cast<std::ptrdiff_t>(out.size());
        m_market.advance(until, out);
        if (m_told.isQuiet)
            out.erase(out.begin() + before, out.end());
        else
            m_told.updates += std::count_if(out.begin() + before, out.end(), isUpdate);
    }
    Book depth(exchange::InstrumentIndex instrument, int depth) const override
    {
        return m_market.depth(instrument, depth);
    }
    std::vector<Bar> history(exchange::InstrumentIndex instrument, BarInterval interval,
                             Timestamp from, Timestamp to, std::size_t limit) const override
    {
        return m_market.history(instrument, interval, from, to, limit);
    }
    FeedClass feedClass() const override { return FeedClass::Simulated; }

private:
    Told& m_told;
    exchange::SimulatedMarket m_market;
};

// ── the other process ────────────────────────────────────────────────────────────────────────────

struct Counted {
    std::int64_t updates = 0, bytes = 0;
    bool isCut = false; ///< a stream was closed
};

constexpr std::size_t kKeptBytesMax = 64 << 20;
/// What the client is asked for: its counts, to begin keeping what it reads, what it kept, and to
/// read the next port instead.
constexpr char kAskCounts = 'c', kAskKeep = 'k', kAskKept = 'g', kAskElsewhere = 'e';

/// A text frame of a short text whose mask is zero.
std::string frame(const std::string& text)
{
    const std::string head{static_cast<char>(0x81), static_cast<char>(0x80 | text.size())};
    return head + std::string(4, '\0') + text;
}

/// All quotes and trades of one feed.
int subscribe(std::uint16_t port, const std::string& path)
{
    const int fd = bench::connectTo(port);
    bench::say(fd, "GET " + path +
                       " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "APCA-API-KEY-ID: PKBENCH\r\nAPCA-API-SECRET-KEY: secret\r\n\r\n");
    bench::say(fd, frame(R"({"action":"subscribe","quotes":["*"],"trades":["*"]})"));
    return fd;
}

/// Reads one connection's bytes and counts the updates in them, whatever pieces they come in.
class Counter {
public:
    void take(std::string_view bytes, Counted& counted)
    {
        constexpr std::string_view kMark = R"({"T":")";
        constexpr std::size_t kLooked = kMark.size() + 2; // and the kind with its closing quote
        counted.bytes += static_cast<std::int64_t>(bytes.size());
        m_rest.append(bytes);
        std::size_t at = m_rest.find(kMark);
        for (; at != std::string::npos && at + kLooked <= m_rest.size();
             at = m_rest.find(kMark, at + 1)) {
            const auto kind = std::string_view(m_rest).substr(at + kMark.size(), 2);
            counted.updates += kind == "q\"" || kind == "t\"" ? 1 : 0;
        }
        const std::size_t keep = std::min(m_rest.size(), kLooked - 1);
        m_rest.erase(0, at == std::string::npos ? m_rest.size() - keep : at);
    }

private:
    std::string m_rest; ///< the beginning of a mark, perhaps
};

bool writeAll(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto count = ::write(fd, bytes.data(), bytes.size());
        if (count <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

/// Reads the streams, counts, and does what it is asked by a letter.
class Client {
public:
    Client(int commands, int results) : m_commands(commands), m_results(results) {}
    void run()
    {
        std::uint16_t port = 0;
        if (!bench::readWhole(m_commands, port)) return;
        m_ready[0].fd = subscribe(port, "/v2/iex");
        m_ready[1].fd = subscribe(port, "/v1beta3/crypto/us");
        m_ready[2].fd = m_commands;
        std::string buffer(1 << 20, '\0');
        while (::poll(m_ready, 3, 30'000) > 0) {
            for (int i = 0; i < 2; ++i)
                if (m_ready[i].revents != 0) take(i, buffer);
            if (m_ready[2].revents != 0 && !obey()) return;
        }
    }

private:
    void take(int i, std::string& buffer)
    {
        const auto count = ::recv(m_ready[i].fd, buffer.data(), buffer.size(), 0);
        if (count <= 0) {
            m_counted.isCut = true;
            ::close(std::exchange(m_ready[i].fd, -1)); // poll looks away
            return;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
        m_counters[i].take(bytes, m_counted);
        if (m_keeps && m_kept.size() + bytes.size() <= kKeptBytesMax) m_kept += bytes;
    }
    bool obey()
    {
        char question = 0;
        if (!bench::readWhole(m_commands, question)) return false;
        switch (question) {
        case kAskCounts: return bench::writeWhole(m_results, m_counted);
        case kAskKeep: return m_keeps = true;
        case kAskKept:
            m_keeps = false;
            return bench::writeWhole(m_results, m_kept.size()) && writeAll(m_results, m_kept);
        case kAskElsewhere: return goElsewhere();
        default: return false;
        }
    }
    bool goElsewhere()
    {
        std::uint16_t port = 0;
        if (!bench::readWhole(m_commands, port)) return false;
        for (int i = 0; i < 2; ++i)
            if (m_ready[i].fd >= 0) ::close(std::exchange(m_ready[i].fd, -1));
        m_ready[0].fd = bench::connectTo(port);
        m_counters[0] = {};
        return m_ready[0].fd >= 0;
    }

    int m_commands, m_results;
    pollfd m_ready[3] = {{-1, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
    Counter m_counters[2];
    Counted m_counted;
    std::string m_kept;
    bool m_keeps = false;
};

void client(int commands, int results)
{
    Client(commands, results).run();
}

// ── this process ─────────────────────────────────────────────────────────────────────────────────

struct Alone {
    double updatesPerSecond = 0, processorEach = 0;
};

/// What a market says by itself, which is asked for so much on the average of a day.
Alone marketAlone(int asked)
{
    constexpr std::chrono::milliseconds kStep = 10ms, kTime = 3s;
    exchange::SimulatedMarket alone(market(asked));
    const auto start = runtime::systemClock().now();
    alone.start(start);
    exchange::MarketBatch out;
    alone.advance(start, out);
    const double before = bench::processorSeconds();
    std::int64_t updates = 0;
    for (std::chrono::milliseconds at = kStep; at <= kTime; at += kStep) {
        out.clear();
        alone.advance(start + at, out);
        updates += std::ranges::count_if(out, isUpdate);
    }
    const auto count = static_cast<double>(std::max<std::int64_t>(updates, 1));
    return {count / std::chrono::duration<double>(kTime).count(),
            (bench::processorSeconds() - before) / count};
}

struct Moment {
    std::int64_t told = 0;
    Counted counted; ///< `updates` −1: the client has gone
};

/// When the market is quiet and whatever was under way has arrived.
Moment settled(const bench::Peer& peer, const Told& told)
{
    Moment moment;
    std::int64_t before = -1;
    do {
        before = moment.counted.updates;
        std::this_thread::sleep_for(200ms);
        moment.told = told.updates;
        const bool isThere = bench::writeWhole(peer.commands, kAskCounts) &&
                             bench::readWhole(peer.results, moment.counted);
        if (!isThere || moment.counted.isCut) moment.counted.updates = -1;
    } while (moment.counted.updates != before);
    return moment;
}

struct Figures {
    double seconds = 0, processor = 0;
    std::int64_t told = 0, delivered = 0, bytes = 0;
};

/// Nothing if the client was closed.
std::optional<Figures> measure(const bench::Peer& peer, int asked)
{
    Told told;
    runtime::SeededRandom random(1);
    wire::Network network(1, "sandbox");
    const auto executor = network.makeExecutor();
    sandbox::alpaca::AlpacaVenue venue(*executor, random,
                                       std::make_unique<CountedMarket>(told, asked));
    wire::ServerOptions options;
    options.webSocketQueueBytesMax = 8 << 20; // as the sandbox has it
    const auto server = wire::makeServer(network, *executor, venue, options);
    runtime::runAndWait(*executor, [&] {
        sandbox::alpaca::ApiKey key;
        key.account = AccountId("paper");
        key.keyId = "PKBENCH";
        key.secret = runtime::Secret("secret");
        venue.addKey(std::move(key));
        venue.start();
    });
    bench::writeWhole(peer.commands, (*server)->port());
    std::this_thread::sleep_for(kWarmUp);
    told.isQuiet = true;
    const Moment from = settled(peer, told);
    bench::writeWhole(peer.commands, kAskKeep);
    const double processor = bench::processorSeconds();
    const auto start = bench::Clock::now();
    told.isQuiet = false;
    std::this_thread::sleep_for(kMeasured);
    Figures figures{bench::secondsSince(start), bench::processorSeconds() - processor, 0, 0, 0};
    told.isQuiet = true;
    const Moment to = settled(peer, told);
    network.stop();
    if (from.counted.updates < 0 || to.counted.updates < 0) return std::nullopt;
    figures.told = to.told - from.told;
    figures.delivered = to.counted.updates - from.counted.updates;
    figures.bytes = to.counted.bytes - from.counted.bytes;
    return figures;
}

// ── the same bytes through a bare socket ────────────────────────────────────────────────────────

/// What the client kept of both streams.
std::string keptBy(const bench::Peer& peer)
{
    std::size_t size = 0;
    std::string bytes;
    const bool isTold = bench::writeWhole(peer.commands, kAskKept) &&
                        bench::readWhole(peer.results, size);
    if (!isTold) return {};
    bytes.resize(size);
    for (std::size_t at = 0; at < size;) {
        const auto count = ::read(peer.results, bytes.data() + at, size - at);
        if (count <= 0) return {};
        at += static_cast<std::size_t>(count);
    }
    return bytes;
}

/// The client's end of a connection that it makes to us.
int acceptFrom(const bench::Peer& peer)
{
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t size = sizeof address;
    if (::bind(listener, name, size) != 0 || ::listen(listener, 1) != 0) return -1;
    ::getsockname(listener, name, &size);
    bench::writeWhole(peer.commands, kAskElsewhere);
    bench::writeWhole(peer.commands, static_cast<std::uint16_t>(ntohs(address.sin_port)));
    const int fd = ::accept(listener, nullptr, nullptr);
    ::close(listener);
    return fd;
}

Counted countedBy(const bench::Peer& peer)
{
    Counted counted;
    bench::writeWhole(peer.commands, kAskCounts);
    bench::readWhole(peer.results, counted);
    return counted;
}

/// The first `kCopied` of what was measured, at the pace it had; `delivered` is what the client saw.
Figures copied(const bench::Peer& peer, const Figures& measured)
{
    std::string bytes = keptBy(peer);
    const std::chrono::duration<double> time = kCopied;
    bytes.resize(std::min(bytes.size(), static_cast<std::size_t>(
        static_cast<double>(bytes.size()) * time.count() / measured.seconds)));
    const int fd = acceptFrom(peer);
    if (fd < 0 || bytes.empty()) return {};
    const Counted before = countedBy(peer);
    const auto steps = static_cast<std::size_t>(kCopied / kCopyStep);
    Figures figures;
    const double processor = bench::processorSeconds();
    const auto start = bench::Clock::now();
    for (std::size_t i = 0; i < steps; ++i) {
        const std::size_t from = bytes.size() * i / steps, to = bytes.size() * (i + 1) / steps;
        if (!writeAll(fd, std::string_view(bytes).substr(from, to - from))) return {};
        std::this_thread::sleep_until(start + kCopyStep * (i + 1));
    }
    figures.seconds = bench::secondsSince(start);
    figures.processor = bench::processorSeconds() - processor;
    Counted after = countedBy(peer);
    while (after.bytes - before.bytes < static_cast<std::int64_t>(bytes.size())) {
        std::this_thread::sleep_for(1ms);
        after = countedBy(peer);
    }
    ::close(fd);
    figures.delivered = after.updates - before.updates;
    figures.bytes = after.bytes - before.bytes;
    return figures;
}

const char* okay(bool isOkay) { return isOkay ? "true" : "false"; }

double rateOf(const Figures& figures)
{
    return static_cast<double>(figures.delivered) / figures.seconds;
}

bool print(const Figures& figures, const Alone& alone, const Figures& copy)
{
    const double rate = rateOf(figures);
    const double each = figures.processor / static_cast<double>(figures.told);
    const double copyEach = copy.processor / static_cast<double>(copy.delivered);
    const double share = each * kUpdatesPerSecond;
    const bool isFast = rate >= kRateMin * kUpdatesPerSecond, isCheap = share <= kCoreShareMax;
    const std::int64_t lost = figures.told - figures.delivered;
    std::printf("{\"bench\":\"sandbox.stream.rate\",\"value\":%.0f,\"unit\":\"updates/s\","
                "\"ratio\":%.3f,\"control\":\"the same bytes through a bare socket %.0f\","
                "\"bar\":\"value >=%.0f\",\"ok\":%s}\n",
                rate, rate / rateOf(copy), rateOf(copy), kRateMin * kUpdatesPerSecond, okay(isFast));
    std::printf("{\"bench\":\"sandbox.stream.core_share\",\"value\":%.3f,\"unit\":\"cores\","
                "\"control\":\"the market alone\",\"ratio\":%.2f,\"bare_socket_ratio\":%.1f,"
                "\"bytes_per_update\":%.0f,\"bar\":\"value <=%.1f\",\"ok\":%s}\n",
                share, each / alone.processorEach, each / std::max(copyEach, 1e-9),
                static_cast<double>(figures.bytes) / static_cast<double>(figures.delivered),
                kCoreShareMax, okay(isCheap));
    std::printf("{\"bench\":\"sandbox.stream.lost\",\"value\":%lld,\"unit\":\"of %lld\",\"bar\":\"0\","
                "\"ok\":%s}\n",
                static_cast<long long>(lost), static_cast<long long>(figures.told), okay(lost == 0));
    return isFast && isCheap && lost == 0;
}

} // namespace

int main()
{
    std::signal(SIGPIPE, SIG_IGN); // a client that has gone is a result
    const auto peer = bench::Peer::start(client);
    // The market is livelier at some times than at others: asked for what is never below 50,000.
    const double now = marketAlone(kUpdatesPerSecond).updatesPerSecond;
    const int asked = static_cast<int>(kUpdatesPerSecond / now * kUpdatesPerSecond * 1.25);
    const Alone alone = marketAlone(asked);
    const auto figures = measure(peer, asked);
    const Figures copy = figures ? copied(peer, *figures) : Figures();
    peer.end();
    if (!figures || copy.delivered == 0) {
        std::puts(R"({"bench":"sandbox.stream","error":"the client was closed","ok":false})");
        return EXIT_FAILURE;
    }
    return print(*figures, alone, copy) ? EXIT_SUCCESS : EXIT_FAILURE;
}

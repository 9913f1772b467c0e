// 50,000 updates a second to 20 WebSocket clients in another process: what is delivered or
// conflated on purpose, whether a sequence is ever missing, how old the newest value is, and what
// it costs.
// uses: services/json services/brokers services/market services/gateway
//
// The whole way of a tick: frames of JSON as the venue sends them are decoded on a feed thread,
// kept by the market room on core, serialised once by the fan-out and sent by the wire server.
//
// The control: the very same frames, at the same pace, written to 20 bare sockets of the same process.
#include <sys/epoll.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "services/brokers/alpaca/market_json.h"
#include "services/gateway/market_fanout.h"
#include "services/market/instrument_directory.h"
#include "services/runtime/random.h"
#include "services/wire/network.h"
#include "tests/bench/loopback_client.h"

using namespace qd;
using namespace qd::bench;
using namespace std::chrono_literals;

namespace {

constexpr int kClients = 20, kSymbols = 1'000, kPerSecond = 50'000, kSeconds = 6;
constexpr std::size_t kCopiedFrames = 200; ///< two seconds of the control
constexpr std::chrono::milliseconds kCopyStep = 10ms;
constexpr int kTicksPerSecond = 500; ///< frames from the venue

std::string symbolOf(int index)
{
    return fmt::format("S{:03}", index);
}

// ── the other process ────────────────────────────────────────────────────────────────────────────

struct Figures {
    std::int64_t frames = 0, rows = 0, conflated = 0, gaps = 0, pictures = 0, ages = 0;
    double p50Ms = 0, p99Ms = 0, maxMs = 0;
    std::int64_t slowestRows = 0; ///< rows and conflated of the client that got least
};

/// Of the control.
struct Copied {
    std::int64_t slowestFrames = 0; ///< of the client that got least
    double p99Ms = 0;
};

double wallMs()
{
    return std::chrono::duration<double, std::milli>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

bool readBytes(int fd, char* at, std::size_t size)
{
    while (size > 0) {
        const auto n = ::read(fd, at, size);
        if (n <= 0) return false;
        at += n;
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

bool writeBytes(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        const auto n = ::write(fd, bytes.data(), bytes.size());
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

/// What a copied frame begins with.
struct CopyHead {
    double sentMs = 0;
    std::uint64_t size = 0;
};

std::int64_t numberAfter(std::string_view text, std::string_view name)
{
    const auto at = text.find(name);
    if (at == std::string_view::npos) return -1;
    std::int64_t value = 0;
    for (auto c = at + name.size(); c < text.size() && text[c] >= '0' && text[c] <= '9'; ++c)
        value = value * 10 + (text[c] - '0');
    return value;
}

/// One client's end: takes WebSocket frames apart and checks what a terminal would.
struct Reader {
    int fd = -1;
    std::string buffer = {};
    std::int64_t sequence = -1, rows = 0, conflated = 0;
    std::vector<std::string>* kept = nullptr; ///< the messages, for the control

    void take(Figures& figures, std::vector<double>& ages)
    {
        std::size_t at = 0;
        while (buffer.size() - at >= 2) {
            const auto byte = [&](std::size_t i) {
                return static_cast<unsigned char>(buffer[at + i]);
            };
            std::size_t head = 2, size = byte(1) & 0x7fu;
            if (size == 126) {
                if (buffer.size() - at < 4) break;
                size = std::size_t{byte(2)} << 8 | byte(3);
                head = 4;
            } else if (size == 127) {
                if (buffer.size() - at < 10) break;
                size = 0;
                for (std::size_t i = 2; i < 10; ++i) size = size << 8 | byte(i);
                head = 10;
            }
            if (buffer.size() - at < head + size) break;
            onMessage(std::string_view(buffer).substr(at + head, size), figures, ages);
            at += head + size;
        }
        buffer.erase(0, at);
    }
    void onMessage(std::string_view text, Figures& figures, std::vector<double>& ages)
    {
        if (text.find("\"type\":\"market\"") == std::string_view::npos) return;
        ++figures.frames;
        const auto now = numberAfter(text, "\"sequence\":");
        const bool picture = text.find("\"snapshot\":true") != std::string_view::npos;
        if (picture)
            ++figures.pictures;
        else if (sequence >= 0 && now != sequence + 1)
            ++figures.gaps;
        sequence = now;
        if (picture) return;
        if (kept && kept->size() < kCopiedFrames) kept->emplace_back(text);
        // Each row begins with a bracket; one more opens the list.
        rows += std::ranges::count(text, '[') - 1;
        conflated += numberAfter(text, "\"conflated\":");
        // The newest receive time is that of some row; any row of the frame is at most one interval
        // old.
        auto end = text.find(']');
        if (end == std::string_view::npos) return;
        auto start = end;
        for (int commas = 0; start > 0; --start)
            if (text[start] == ',' && ++commas == 2) break;
        const auto received = numberAfter(text.substr(start, end - start), ",");
        if (received <= 0) return; // not quoted yet
        ages.push_back(wallMs() - static_cast<double>(received));
    }
};

/// The control's end: reads copied frames from as many sockets until each is closed.
Copied readCopies(std::uint16_t port)
{
    struct Socket {
        int fd = -1;
        std::string buffer = {};
        std::int64_t frames = 0;
    };
    std::vector<Socket> sockets(kClients);
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        sockets[i].fd = connectTo(port);
        epoll_event event{EPOLLIN, {.u64 = i}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i].fd, &event);
    }
    std::vector<double> ages;
    std::string chunk(1 << 16, '\0');
    for (int open = kClients; open > 0;) {
        epoll_event events[64];
        const int n = ::epoll_wait(poll, events, 64, 20'000);
        if (n <= 0) break;
        for (int i = 0; i < n; ++i) {
            Socket& socket = sockets[events[i].data.u64];
            const auto got = ::recv(socket.fd, chunk.data(), chunk.size(), 0);
            if (got <= 0) {
                ::close(socket.fd);
                --open;
                continue;
            }
            socket.buffer.append(chunk.data(), static_cast<std::size_t>(got));
            CopyHead head;
            while (socket.buffer.size() >= sizeof head) {
                std::memcpy(&head, socket.buffer.data(), sizeof head);
                if (socket.buffer.size() < sizeof head + head.size) break;
                socket.buffer.erase(0, sizeof head + head.size);
                ages.push_back(wallMs() - head.sentMs);
                ++socket.frames;
            }
        }
    }
    Copied copied;
    copied.slowestFrames = std::ranges::min_element(sockets, {}, &Socket::frames)->frames;
    std::ranges::sort(ages);
    if (!ages.empty()) copied.p99Ms = ages[ages.size() * 99 / 100];
    return copied;
}

[[noreturn]] void runPeer(int commands, int results)
{
    std::uint16_t port = 0;
    if (!readWhole(commands, port)) _exit(1);
    std::vector<std::string> kept;
    std::vector<Reader> readers;
    const int poll = ::epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < kClients; ++i) {
        const int fd = connectTo(port);
        say(fd,
            "GET /v1/stream HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        std::string head;
        char c = 0;
        while (head.find("\r\n\r\n") == std::string::npos && ::recv(fd, &c, 1, 0) == 1) head += c;
        readers.push_back({.fd = fd});
        epoll_event event{EPOLLIN, {.u64 = static_cast<std::uint64_t>(i)}};
        ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
    }
    readers.front().kept = &kept;
    writeWhole(results, std::int64_t{1}); // all are there
    Figures figures;
    std::vector<double> ages;
    std::string chunk(1 << 16, '\0');
    int open = kClients;
    while (open > 0) {
        epoll_event events[64];
        const int n = ::epoll_wait(poll, events, 64, 20'000);
        if (n <= 0) break;
        for (int i = 0; i < n; ++i) {
            Reader& reader = readers[events[i].data.u64];
            const auto got = ::recv(reader.fd, chunk.data(), chunk.size(), 0);
            if (got <= 0) {
                ::close(reader.fd);
                --open;
                continue;
            }
            reader.buffer.append(chunk.data(), static_cast<std::size_t>(got));
            reader.take(figures, ages);
        }
    }
    figures.slowestRows = INT64_MAX;
    for (const auto& reader : readers) {
        figures.rows += reader.rows;
        figures.conflated += reader.conflated;
        figures.slowestRows = std::min(figures.slowestRows, reader.rows + reader.conflated);
    }
    std::ranges::sort(ages);
    figures.ages = std::ssize(ages);
    if (!ages.empty()) {
        figures.p50Ms = ages[ages.size() / 2];
        figures.p99Ms = ages[ages.size() * 99 / 100];
        figures.maxMs = ages.back();
    }
    writeWhole(results, figures);
    writeWhole(results, kept.size());
    for (const auto& frame : kept) {
        writeWhole(results, frame.size());
        writeBytes(results, frame);
    }
    if (readWhole(commands, port)) writeWhole(results, readCopies(port));
    _exit(0);
}

// ── this process ─────────────────────────────────────────────────────────────────────────────────

/// Decodes what it is told on the feed thread and hands frames over to core, as the Alpaca feed
/// does.
class FrameFeed final : public brokers::MarketFeed {
public:
    explicit FrameFeed(runtime::Executor& core) : m_core(core) {}
    std::string name() const override { return "bench"; }
    FeedClass feedClass() const override { return FeedClass::Simulated; }
    void start(std::function<void(std::vector<brokers::MarketEvent>)> events) override
    {
        m_events = std::move(events);
        m_events({brokers::ConnectionChange{true, "", {}}});
    }
    void stop() override { m_events = nullptr; }
    void subscribe(brokers::Subscriptions) override {}
    void bars(const Symbol&, BarInterval, Timestamp, Timestamp,
              std::function<void(Result<std::vector<Bar>>)> done) override
    {
        done(std::vector<Bar>());
    }
    /// On the feed thread.
    void onFrame(std::string_view frame)
    {
        auto batch = std::make_shared<std::vector<brokers::MarketEvent>>();
        m_decoder.decode(frame, runtime::systemClock().now(), *batch, m_controls);
        m_core.post([this, batch] {
            if (m_events) m_events(std::move(*batch));
        });
    }

private:
    runtime::Executor& m_core;
    brokers::alpaca::MarketDecoder m_decoder;
    std::vector<brokers::alpaca::MarketDecoder::Control> m_controls;
    std::function<void(std::vector<brokers::MarketEvent>)> m_events;
};

/// Every socket joins the fan-out with the same wish: all symbols.
class Stream final : public wire::Service {
public:
    explicit Stream(gateway::MarketFanout& fanout) : m_fanout(fanout) {}
    void handle(wire::HttpRequest, Respond respond) override { respond({404, {}, {}}); }
    tl::expected<wire::WebSocketEvents, wire::HttpResponse>
    upgrade(const wire::HttpRequest&) override
    {
        auto place = std::make_shared<gateway::MarketFanout::Membership>();
        wire::WebSocketEvents events;
        events.onOpen = [this, place](std::shared_ptr<wire::WebSocket> socket) {
            market::Interest interest;
            for (int i = 0; i < kSymbols; ++i) interest.quotes.push_back(Symbol::of(symbolOf(i)));
            auto joined = m_fanout.join(std::move(interest), std::move(socket));
            QD_ASSERT(joined.has_value());
            *place = std::move(*joined);
        };
        events.onMessage = [](const wire::WebSocketMessage&) {};
        events.onClosed = [place](const wire::CloseReason&) { *place = {}; };
        return events;
    }

private:
    gateway::MarketFanout& m_fanout;
};

/// The venue: a frame each 2 ms. Returns how many updates it sent.
std::int64_t pump(FrameFeed& feed)
{
    constexpr int kPerFrame = kPerSecond / kTicksPerSecond;
    runtime::SeededRandom random(20260105);
    std::vector<std::int64_t> cents(kSymbols, 10'000);
    std::int64_t sent = 0;
    const auto start = Clock::now();
    std::string frame;
    for (int tick = 0; tick < kTicksPerSecond * kSeconds; ++tick) {
        const auto due =
            start + std::chrono::microseconds(std::int64_t{1'000'000} / kTicksPerSecond * tick);
        if (const auto wait = due - Clock::now(); wait > Clock::duration::zero()) {
            const timespec pause{0, std::chrono::duration_cast<Duration>(wait).count()};
            ::nanosleep(&pause, nullptr);
        }
        const auto time = runtime::systemClock().now().toString(9);
        frame.assign(1, '[');
        for (int i = 0; i < kPerFrame; ++i) {
            const auto index = random.below(kSymbols);
            auto& bid = cents[index];
            bid = std::clamp<std::int64_t>(bid + static_cast<std::int64_t>(random.below(3)) - 1,
                                           9'000, 11'000);
            fmt::format_to(
                std::back_inserter(frame),
                R"({}{{"T":"q","S":"S{:03}","bx":"V","bp":{}.{:02},"bs":{},"ax":"Q","ap":{}.{:02},"as":3,"c":["R"],"z":"C","t":"{}"}})",
                i ? "," : "", index, bid / 100, bid % 100, 1 + random.below(9), (bid + 2) / 100,
                (bid + 2) % 100, time);
        }
        frame += ']';
        feed.onFrame(frame);
        sent += kPerFrame;
    }
    return sent;
}

// ── the control ──────────────────────────────────────────────────────────────────────────────────

std::vector<std::string> keptFrames(int results)
{
    std::size_t count = 0, size = 0;
    readWhole(results, count);
    std::vector<std::string> frames(count);
    for (auto& frame : frames) {
        if (!readWhole(results, size)) return {};
        frame.resize(size);
        if (!readBytes(results, frame.data(), size)) return {};
    }
    return frames;
}

/// The peer's connections, each of which it makes to us.
std::vector<int> acceptAll(int commands)
{
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = static_cast<sockaddr*>(static_cast<void*>(&address));
    socklen_t size = sizeof address;
    std::vector<int> sockets;
    if (::bind(listener, name, size) != 0 || ::listen(listener, kClients) != 0) return sockets;
    ::getsockname(listener, name, &size);
    writeWhole(commands, static_cast<std::uint16_t>(ntohs(address.sin_port)));
    for (int i = 0; i < kClients; ++i) sockets.push_back(::accept(listener, nullptr, nullptr));
    ::close(listener);
    return sockets;
}

struct Control {
    Copied copied;
    double share = 0, cores = 0; ///< of the frames that the slowest client got
};

Control writeCopies(int commands, int results)
{
    const auto frames = keptFrames(results);
    const auto sockets = acceptAll(commands);
    if (frames.empty() || sockets.empty()) return {};
    const double processor = processorSeconds();
    const auto start = Clock::now();
    auto due = start;
    for (const auto& frame : frames) {
        CopyHead head{wallMs(), frame.size()};
        for (const int fd : sockets) {
            const std::string_view text = frame;
            iovec parts[] = {{&head, sizeof head}, {const_cast<char*>(text.data()), text.size()}};
            const auto whole = static_cast<ssize_t>(sizeof head + text.size());
            if (::writev(fd, parts, 2) != whole) return {}; // it blocks until all is taken
        }
        due += kCopyStep;
        std::this_thread::sleep_until(due);
    }
    Control control;
    control.cores = (processorSeconds() - processor) / secondsSince(start);
    for (const int fd : sockets) ::close(fd);
    readWhole(results, control.copied);
    control.share = static_cast<double>(control.copied.slowestFrames) /
                    static_cast<double>(frames.size());
    return control;
}

} // namespace

int main()
{
    int commands[2], results[2];
    if (::pipe(commands) != 0 || ::pipe(results) != 0) return 1;
    const pid_t peer = ::fork();
    if (peer == 0) {
        ::close(commands[1]);
        runPeer(commands[0], results[1]);
    }

    wire::Network network(1, "io");
    runtime::ThreadExecutor core("core");
    FrameFeed feed(core);
    market::InstrumentDirectory directory;
    std::unique_ptr<market::MarketData> market;
    std::unique_ptr<gateway::MarketFanout> fanout;
    std::unique_ptr<Stream> stream;
    runtime::runAndWait(core, [&] {
        std::vector<Instrument> listed(kSymbols);
        for (int i = 0; i < kSymbols; ++i)
            listed[static_cast<std::size_t>(i)].symbol = Symbol::of(symbolOf(i));
        directory.load(std::move(listed));
        market = std::make_unique<market::MarketData>(
            market::MarketSettings{}, std::vector<brokers::MarketFeed*>{&feed}, core, directory);
        fanout = std::make_unique<gateway::MarketFanout>(*market);
        stream = std::make_unique<Stream>(*fanout);
        market->start();
    });
    auto server = std::move(wire::makeServer(network, core, *stream, {}).value());
    const std::uint16_t port = server->port();
    writeWhole(commands[1], port);
    std::int64_t there = 0;
    readWhole(results[0], there);

    const auto start = Clock::now();
    const double processor = processorSeconds();
    const std::int64_t sent = pump(feed);
    const double elapsed = secondsSince(start);
    const double cores = (processorSeconds() - processor) / elapsed;
    ::usleep(200'000); // the last interval goes out
    gateway::MarketFanout::Stats stats;
    std::uint64_t judged = 0;
    runtime::runAndWait(core, [&] {
        stats = fanout->stats();
        const auto counts = market->feeds().front().counts;
        judged = counts.crossed + counts.negative + counts.absurd + counts.outOfOrder;
    });
    server.reset(); // the clients see the end and report
    Figures figures;
    readWhole(results[0], figures);
    runtime::runAndWait(core, [&] {
        stream.reset();
        fanout.reset();
        market->stop();
        market.reset();
    });
    const Control control = writeCopies(commands[1], results[0]);
    ::waitpid(peer, nullptr, 0);

    // A picture after skipped frames replaces updates that nobody counts: then the share falls short,
    // rather than pass for it. A share above the whole would mean that an update is counted twice.
    const double share = static_cast<double>(figures.slowestRows) / static_cast<double>(sent);
    const double perSecond = static_cast<double>(sent) / elapsed;
    const bool isWhole = share >= 0.99 && share <= 1.001 && figures.frames > 0 &&
                         perSecond >= 0.95 * kPerSecond;
    const bool isControlled = control.share > 0 && control.cores > 0 && control.copied.p99Ms > 0;
    fmt::print("{{\"bench\":\"quote_fanout.delivered\",\"value\":{:.2f},\"unit\":\"% delivered or "
               "conflated, worst client\",\"control\":\"the same frames to bare sockets {:.2f}\","
               "\"ratio\":{:.3f},\"updatesPerSecond\":{:.0f},\"clients\":{},\"rows\":{},"
               "\"conflated\":{},\"skippedFrames\":{},\"pictures\":{},\"refusedByChecks\":{},"
               "\"bar\":\">=99%, 47500/s\",\"ok\":{}}}\n",
               share * 100, control.share * 100, share / control.share, perSecond, kClients,
               figures.rows, figures.conflated, stats.conflated, figures.pictures, judged,
               isWhole && isControlled);
    fmt::print("{{\"bench\":\"quote_fanout.gaps\",\"value\":{},\"unit\":\"missing sequences\","
               "\"frames\":{},\"bar\":\"0\",\"ok\":{}}}\n",
               figures.gaps, figures.frames, figures.frames > 0 && figures.gaps == 0);
    fmt::print("{{\"bench\":\"quote_fanout.age\",\"value\":{:.1f},\"unit\":\"ms p99 behind\","
               "\"control\":\"the same frames to bare sockets {:.2f}\",\"ratio\":{:.1f},"
               "\"p50\":{:.1f},\"max\":{:.1f},\"bar\":\"<=50 ms\",\"ok\":{}}}\n",
               figures.p99Ms, control.copied.p99Ms, figures.p99Ms / control.copied.p99Ms,
               figures.p50Ms, figures.maxMs,
               isControlled && figures.ages > 0 && figures.p99Ms <= 50);
    fmt::print("{{\"bench\":\"quote_fanout.processor\",\"value\":{:.2f},\"unit\":\"cores, venue's "
               "frames included\",\"control\":\"the same frames to bare sockets {:.3f}\","
               "\"ratio\":{:.1f},\"bar\":\"<1\",\"ok\":{}}}\n",
               cores, control.cores, cores / control.cores, isControlled && cores < 1);
    return 0;
}

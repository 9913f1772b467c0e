// The whole terminal in a storm: 1,000 symbols, 50,000 updates a second, 60 frames a second.
// uses: ui/shell services/client
//
//   bench_terminal_storm [--seconds 8 | --minutes 10]
//
// A server on a thread of its own makes updates and sends them as a backend does, conflated in frames
// of 10 ms; the terminal's own session receives, reads and conflates them on its net thread; each frame
// the GUI thread takes what came into the stores and paints. A frame is all that the GUI thread does.
// What is no market (account, orders, bars) is scripted. Memory is sampled each second;
// its slope is a least-squares line over the run's second half. That memory is flat only a long run
// can tell (packaging/run-benches.sh --full); a short one tells that nothing leaks by the frame.
//
// Controls: frames of the same window that bring nothing, a second before the storm and one after it;
// for the first frame an empty window, in a process of its own.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <QApplication>
#include <QProcess>
#include <QThread>
#include <QTimer>

#include <fmt/format.h>

#include "services/client/net_session.h"
#include "services/runtime/random.h"
#include "tests/services/client/fake_gateway.h"
#include "ui/charts/chart_panel.h"
#include "ui/shell/main_window.h"
#include "ui/state/scripted_session.h"

using namespace qd;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kSymbols = 1'000;
constexpr double kUpdatesPerSecond = 50'000;
constexpr double kRowsMin = 20'000; ///< after conflation: fewer, and the storm did not arrive
constexpr double kControlSeconds = 1; ///< before the storm, and after it
constexpr double kLongSeconds = 120; ///< from here on all caches are full
constexpr double kGrowsMax = 0.5;    ///< megabytes a minute
constexpr double kGrowsMaxWarmingUp = 6; ///< seen: 2.3 to 3.0 in 8 s, 1.2 in 30 s
constexpr auto kFrame = std::chrono::microseconds(16'667);

/// The other end of the terminal's stream. Its sockets and updates are on a thread of their own.
class StormServer {
public:
    explicit StormServer(const std::vector<Symbol>& symbols) : m_ticks(symbols.size())
    {
        for (std::size_t i = 0; i < symbols.size(); ++i) m_ticks[i].symbol = symbols[i].text();
        std::promise<QUrl> address;
        m_worker.moveToThread(&m_thread);
        QObject::connect(&m_thread, &QThread::started, &m_worker, [&] { open(address); });
        m_thread.start();
        m_url = address.get_future().get();
    }
    ~StormServer()
    {
        QMetaObject::invokeMethod(&m_worker, [this] { close(); }, Qt::BlockingQueuedConnection);
        m_thread.quit();
        m_thread.wait();
    }
    const QUrl& url() const { return m_url; }
    /// From now on, or no more; status comes all the time.
    void setStormy(bool stormy)
    {
        QMetaObject::invokeMethod(
            &m_worker, [this, stormy] { m_begin = stormy ? std::optional(Clock::now()) : std::nullopt; },
            Qt::BlockingQueuedConnection);
    }
    std::int64_t updates() const { return m_updates; }

private:
    struct Tick {
        std::string symbol;
        int cents = 10'000;
        bool isNew = false;
    };

    void open(std::promise<QUrl>& address)
    {
        m_gateway = std::make_unique<qd::test::FakeGateway>();
        m_timer = std::make_unique<QTimer>();
        m_timer->setTimerType(Qt::PreciseTimer);
        QObject::connect(m_timer.get(), &QTimer::timeout, &m_worker, [this] { send(); });
        m_timer->start(10);
        address.set_value(m_gateway->url());
    }
    void close()
    {
        m_timer.reset();
        m_gateway.reset();
    }
    void send()
    {
        if (!m_gateway->socket) return;
        if (++m_rounds % 100 == 0) m_gateway->sendStatus();
        if (!m_begin) return;
        const std::chrono::duration<double> passed = Clock::now() - *m_begin;
        while (double(m_updates) < passed.count() * kUpdatesPerSecond) update();
        m_gateway->sendMarket(frame());
    }
    void update()
    {
        Tick& tick = m_ticks[std::size_t(m_random.below(m_ticks.size()))];
        tick.cents += m_random.below(2) == 0 || tick.cents < 5'000 ? 1 : -1;
        tick.isNew = true;
        ++m_updates;
    }
    /// The newest of each symbol that moved.
    QByteArray frame()
    {
        const auto now = runtime::systemClock().now().millis();
        std::string text = fmt::format(R"({{"type":"market","sequence":{},"quotes":[)", m_sequence++);
        const char* comma = "";
        for (Tick& tick : m_ticks) {
            if (!std::exchange(tick.isNew, false)) continue;
            const auto price = [](int cents) { return fmt::format("{}.{:02}", cents / 100, cents % 100); };
            fmt::format_to(std::back_inserter(text),
                           R"({}["{}","{}","{}","100","100","{}","100","1234567",{},{},"live"])",
                           std::exchange(comma, ","), tick.symbol, price(tick.cents - 1),
                           price(tick.cents + 1), price(tick.cents), now, now);
        }
        text += R"(],"conflated":0})";
        return QByteArray::fromStdString(text);
    }

    QThread m_thread;
    QObject m_worker;
    QUrl m_url;
    std::atomic<std::int64_t> m_updates = 0;
    // On the thread.
    std::unique_ptr<qd::test::FakeGateway> m_gateway;
    std::unique_ptr<QTimer> m_timer;
    std::optional<Clock::time_point> m_begin;
    std::vector<Tick> m_ticks;
    runtime::SeededRandom m_random{1};
    std::int64_t m_rounds = 0, m_sequence = 1;
};

double threadCpuMs()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
}

double residentMb()
{
    long pages = 0, resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return double(resident) * 4096 / 1e6;
}

/// Megabytes a minute, over the second half of the samples.
double slope(const std::vector<std::pair<double, double>>& samples)
{
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (std::size_t i = samples.size() / 2; i < samples.size(); ++i) {
        const auto& [x, y] = samples[i];
        n += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
    }
    const double spread = n * sxx - sx * sx;
    return spread > 0 ? (n * sxy - sx * sy) / spread * 60 : 0;
}

double quantile(std::vector<double> values, double share)
{
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1, std::size_t(share * double(values.size())))];
}

/// What a figure is held against.
struct Control {
    const char* what = nullptr;
    double value = 0;
};

void report(const char* name, double value, const char* unit, const char* bar, bool ok,
            Control control = {})
{
    std::printf("{\"bench\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",", name, value, unit);
    if (control.what != nullptr && control.value > 0)
        std::printf("\"control\":\"%s %.3f\",\"ratio\":%.2f,", control.what, control.value,
                    value / control.value);
    std::printf("\"bar\":\"%s\",\"ok\":%s}\n", bar, ok ? "true" : "false");
}

double secondsWanted(int argc, char** argv)
{
    for (int i = 1; i + 1 < argc; ++i) {
        if (std::strcmp(argv[i], "--seconds") == 0) return std::atof(argv[i + 1]);
        if (std::strcmp(argv[i], "--minutes") == 0) return std::atof(argv[i + 1]) * 60;
    }
    return 8;
}

std::vector<Symbol> manySymbols()
{
    std::vector<Symbol> symbols{Symbol::of("SPY")};
    for (int i = 1; i < kSymbols; ++i) symbols.push_back(Symbol::of("S" + std::to_string(1000 + i)));
    return symbols;
}

double millisecondsSince(Clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

const char* const kEmptyWindow = "--empty-window";

/// The least that any Qt program takes to its first frame.
int showEmptyWindow(int argc, char** argv)
{
    const auto launched = Clock::now();
    QApplication application(argc, argv);
    QWidget window;
    window.resize(1920, 1080);
    window.show();
    QApplication::processEvents();
    std::printf("%.3f\n", millisecondsSince(launched));
    return 0;
}

/// 0 if it could not be measured.
double emptyWindowMs()
{
    QProcess process;
    process.start(QStringLiteral("/proc/self/exe"), {QLatin1String(kEmptyWindow)});
    return process.waitForFinished() ? process.readAllStandardOutput().trimmed().toDouble() : 0;
}

/// One frame after the other, each at its time.
class Frames {
public:
    explicit Frames(ui::ScriptedSession& session) : m_session(session) {}
    void run(double seconds)
    {
        const auto start = Clock::now();
        auto due = start, before = start;
        const auto frames = work.size();
        double elapsed = 0, nextSample = 0;
        while (elapsed < seconds) {
            std::this_thread::sleep_until(due);
            const auto begin = Clock::now();
            paint();
            const auto end = Clock::now();
            gaps.push_back(std::chrono::duration<double, std::milli>(begin - before).count());
            before = begin;
            due = std::max(due + kFrame, end);
            elapsed = std::chrono::duration<double>(end - start).count();
            if (elapsed >= nextSample) {
                memory.emplace_back(elapsed, residentMb());
                nextSample += std::max(0.25, seconds / 600);
            }
        }
        perSecond = double(work.size() - frames) / elapsed;
    }

    std::vector<double> work, cpu, gaps; ///< ms a frame
    std::vector<std::pair<double, double>> memory;
    double perSecond = 0;

private:
    void paint()
    {
        const auto begin = Clock::now();
        const double cpuBegin = threadCpuMs();
        if (work.size() % 60 == 0) Q_EMIT m_session.statusArrived(m_session.world().status());
        QApplication::processEvents();
        cpu.push_back(threadCpuMs() - cpuBegin);
        work.push_back(millisecondsSince(begin));
    }

    ui::ScriptedSession& m_session;
};

void reportFrames(const Frames& storm, const Frames& empty)
{
    const auto against = [](const std::vector<double>& control, double share) {
        return Control{"frames that bring nothing", quantile(control, share)};
    };
    const double p99 = quantile(storm.work, 0.99), cpu99 = quantile(storm.cpu, 0.99);
    report("terminal.storm.frame_p50", quantile(storm.work, 0.5), "ms", "", true,
           against(empty.work, 0.5));
    report("terminal.storm.frame_p99", p99, "ms", "<= 16 ms", p99 <= 16, against(empty.work, 0.99));
    // What the frame costs, whoever else uses the machine.
    report("terminal.storm.frame_cpu_p50", quantile(storm.cpu, 0.5), "ms", "", true,
           against(empty.cpu, 0.5));
    report("terminal.storm.frame_cpu_p99", cpu99, "ms", "<= 16 ms", cpu99 <= 16,
           against(empty.cpu, 0.99));
    report("terminal.storm.frame_gap_p99", quantile(storm.gaps, 0.99), "ms", "", true,
           against(empty.gaps, 0.99));
    report("terminal.storm.frames_per_second", storm.perSecond, "1/s", ">= 55", storm.perSecond >= 55,
           {"frames that bring nothing", empty.perSecond});
}

void reportMemory(const Frames& storm, double seconds, double before)
{
    report("terminal.storm.memory", residentMb(), "MB", "", true, {"before the storm", before});
    const double grows = slope(storm.memory);
    const bool isLong = seconds >= kLongSeconds;
    report("terminal.storm.memory_slope", grows, "MB/min",
           isLong ? "<= 0.5 MB/min" : "<= 6 MB/min while it warms up",
           storm.memory.size() >= 10 && grows <= (isLong ? kGrowsMax : kGrowsMaxWarmingUp));
}

} // namespace

int main(int argc, char** argv)
{
    qputenv("QT_QPA_PLATFORM", "offscreen");
    if (argc > 1 && std::strcmp(argv[1], kEmptyWindow) == 0) return showEmptyWindow(argc, argv);
    const auto launched = Clock::now();
    QApplication application(argc, argv);
    ui::Theme theme;
    theme.apply(application);
    ui::ScriptedClock startOfDay(runtime::systemClock().now());
    ui::ScriptedSession session(startOfDay, 1);
    ui::Desk desk(session, runtime::systemClock());
    ui::MainWindow window(desk, theme, runtime::systemRandom());
    window.resize(1920, 1080);
    window.show();
    QApplication::processEvents();
    const double firstFrame = millisecondsSince(launched);
    const std::vector<Symbol> symbols = manySymbols();
    desk.setWatchlist(symbols);
    desk.select(symbols[0]);
    session.start();
    window.arrangeByDefault();
    for (int i = 0; i < 40; ++i) QApplication::processEvents(QEventLoop::AllEvents, 20);

    StormServer server(symbols);
    client::NetSession market({server.url(), runtime::Secret("secret-token")});
    std::int64_t rows = 0;
    QObject::connect(&market, &client::Session::marketArrived, &session,
                     [&](const client::MarketBatch& batch) {
                         rows += std::ssize(batch.quotes);
                         Q_EMIT session.marketArrived(batch);
                     });
    market.subscribe({.quotes = symbols, .trades = {}, .bars = {}});
    market.start();

    const double seconds = secondsWanted(argc, argv);
    Frames empty(session), stormy(session);
    empty.run(kControlSeconds);
    const double memoryBefore = residentMb();
    server.setStormy(true);
    stormy.run(seconds);
    server.setStormy(false);
    empty.run(kControlSeconds);
    report("terminal.first_frame", firstFrame, "ms", "<= 2000 ms", firstFrame <= 2000,
           {"an empty window", emptyWindowMs()});
    reportFrames(stormy, empty);
    const double rate = double(server.updates()) / seconds;
    report("terminal.storm.updates_per_second", rate, "1/s", ">= 49000", rate >= 49'000);
    const double shown = double(rows) / seconds;
    report("terminal.storm.rows_per_second", shown, "1/s", ">= 20000", shown >= kRowsMin);
    reportMemory(stormy, seconds, memoryBefore);
    return 0;
}

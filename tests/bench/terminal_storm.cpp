// The whole terminal in a storm: 1,000 symbols, 50,000 updates a second, 60 frames a second.
// uses: ui/shell services/client
//
//   bench_terminal_storm [--seconds 8 | --minutes 10]
//
// A thread makes updates and keeps the newest per symbol; each frame takes the batch, hands it to
// the stores and paints. A frame is all the GUI thread does for it. Memory is sampled each second;
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
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <QApplication>
#include <QProcess>

#include "services/runtime/random.h"
#include "ui/charts/chart_panel.h"
#include "ui/shell/main_window.h"
#include "ui/state/scripted_session.h"

using namespace qd;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kSymbols = 1'000;
constexpr double kUpdatesPerSecond = 50'000;
constexpr double kControlSeconds = 1; ///< before the storm, and after it
constexpr double kLongSeconds = 120; ///< from here on all caches are full
constexpr double kGrowsMax = 0.5;    ///< megabytes a minute
constexpr double kGrowsMaxWarmingUp = 6; ///< seen: 2.3 to 3.0 in 8 s, 1.2 in 30 s
constexpr auto kFrame = std::chrono::microseconds(16'667);

/// The newest update of each symbol since the last frame.
class Storm {
public:
    explicit Storm(const std::vector<Symbol>& symbols) : m_newest(symbols.size()), m_dirty(symbols.size())
    {
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            m_newest[i].symbol = symbols[i];
            m_newest[i].last = Price::of("100.00");
        }
        m_thread = std::thread([this] { run(); });
    }
    ~Storm()
    {
        m_stop = true;
        m_thread.join();
    }
    client::MarketBatch take()
    {
        client::MarketBatch batch;
        const std::lock_guard lock(m_mutex);
        for (std::size_t i = 0; i < m_newest.size(); ++i) {
            if (!m_dirty[i]) continue;
            m_dirty[i] = false;
            batch.quotes.push_back(m_newest[i]);
        }
        return batch;
    }
    std::int64_t updates() const { return m_updates; }

private:
    void run()
    {
        runtime::SeededRandom random(1);
        const auto start = Clock::now();
        while (!m_stop) {
            const double due = std::chrono::duration<double>(Clock::now() - start).count() * kUpdatesPerSecond;
            {
                const std::lock_guard lock(m_mutex);
                while (double(m_updates) < due) update(random);
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    void update(runtime::Random& random)
    {
        const auto i = std::size_t(random.below(m_newest.size()));
        client::QuoteTick& tick = m_newest[i];
        const Price step = Price::of("0.01");
        tick.last = random.below(2) == 0 || tick.last < Price::of("50") ? tick.last + step : tick.last - step;
        tick.bid = tick.last - step;
        tick.ask = tick.last + step;
        tick.bidSize = tick.askSize = Quantity::of("100");
        tick.eventTime = tick.receiveTime = runtime::systemClock().now();
        m_dirty[i] = true;
        ++m_updates;
    }

    std::mutex m_mutex;
    std::vector<client::QuoteTick> m_newest;
    std::vector<char> m_dirty;
    std::atomic<std::int64_t> m_updates = 0;
    std::atomic<bool> m_stop = false;
    std::thread m_thread;
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
    Frames(ui::ScriptedSession& session, Storm* storm) : m_session(session), m_storm(storm) {}
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
        Q_EMIT m_session.marketArrived(m_storm ? m_storm->take() : client::MarketBatch());
        if (work.size() % 60 == 0) Q_EMIT m_session.statusArrived(m_session.world().status());
        QApplication::processEvents();
        cpu.push_back(threadCpuMs() - cpuBegin);
        work.push_back(millisecondsSince(begin));
    }

    ui::ScriptedSession& m_session;
    Storm* m_storm; ///< null: nothing comes
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

    const double seconds = secondsWanted(argc, argv);
    Frames empty(session, nullptr);
    empty.run(kControlSeconds);
    const double memoryBefore = residentMb();
    std::int64_t updates = 0;
    std::optional<Frames> stormy;
    {
        Storm storm(symbols);
        stormy.emplace(session, &storm);
        stormy->run(seconds);
        updates = storm.updates();
    }
    empty.run(kControlSeconds);
    report("terminal.first_frame", firstFrame, "ms", "<= 2000 ms", firstFrame <= 2000,
           {"an empty window", emptyWindowMs()});
    reportFrames(*stormy, empty);
    const double rate = double(updates) / seconds;
    report("terminal.storm.updates_per_second", rate, "1/s", ">= 49000", rate >= 49'000);
    reportMemory(*stormy, seconds, memoryBefore);
    return 0;
}

// Durable orders: group commit and single commits against the disk's own flush rate, and with an
// archive against without.
// uses: models/base services/runtime services/storage
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "services/runtime/executor.h"
#include "services/storage/writer.h"
#include "tests/bench/median.h"

namespace {

using namespace qd;
using bench::median;
using namespace qd::storage;
using std::chrono::steady_clock;

constexpr int kRounds = 7;
constexpr double kSecondsPerFigure = 0.35;
constexpr int kInFlight = 100;
constexpr double kGroupBar = 15.0;
constexpr double kSingleBar = 0.5;
constexpr double kArchiveBar = 0.9;

double secondsSince(steady_clock::time_point start)
{
    return std::chrono::duration<double>(steady_clock::now() - start).count();
}

/// Flushes a second of one 256-byte overwrite in a file whose blocks are already written.
double flushRate(const std::string& folder)
{
    constexpr std::size_t kFileSize = 16 << 20;
    const std::string path = folder + "/flush";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    QD_ASSERT(fd >= 0);
    const std::string zeros(kFileSize, '\0');
    QD_ASSERT(::write(fd, zeros.data(), zeros.size()) == static_cast<ssize_t>(zeros.size()));
    QD_ASSERT(::fsync(fd) == 0);
    const std::string record(256, 'x');
    const auto start = steady_clock::now();
    std::size_t count = 0;
    while (secondsSince(start) < kSecondsPerFigure) {
        const auto offset = static_cast<off_t>(count * record.size() % kFileSize);
        QD_ASSERT(::pwrite(fd, record.data(), record.size(), offset) == 256);
        QD_ASSERT(::fdatasync(fd) == 0);
        ++count;
    }
    ::close(fd);
    return static_cast<double>(count) / secondsSince(start);
}

MigrationSet orderTables()
{
    return {"orders",
            {{1, "orders",
              "CREATE TABLE orders(client_id TEXT PRIMARY KEY, account TEXT NOT NULL,"
              "symbol TEXT NOT NULL, side TEXT NOT NULL, type TEXT NOT NULL, tif TEXT NOT NULL,"
              "quantity TEXT NOT NULL, price TEXT NOT NULL, state TEXT NOT NULL,"
              "created INTEGER NOT NULL, updated INTEGER NOT NULL, version INTEGER NOT NULL,"
              "details TEXT NOT NULL) STRICT, WITHOUT ROWID",
              "DROP TABLE orders"}}};
}

const std::string& details()
{
    static const std::string text = R"({"note":")" + std::string(150, 'n') + R"("})";
    return text;
}

/// An order row of about 330 bytes and its event.
Result<void> storeOrder(Transaction& transaction, std::uint64_t number)
{
    const std::string id = fmt::format("{:016x}-4000-8000-000000000000", number);
    auto statement = transaction.database().prepare(
        "INSERT INTO orders VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");
    if (!statement) return tl::unexpected(statement.error());
    const auto now = static_cast<std::int64_t>(number);
    const auto stored = statement->bind(1, id)
                            .bind(2, "paper-account-1")
                            .bind(3, "ACME")
                            .bind(4, "buy")
                            .bind(5, "limit")
                            .bind(6, "day")
                            .bind(7, Decimal::of("100"))
                            .bind(8, Decimal::of("12.50"))
                            .bind(9, "submitted")
                            .bind(10, now)
                            .bind(11, now)
                            .bind(12, 1)
                            .bind(13, details())
                            .run();
    if (!stored) return stored;
    Event event;
    event.kind = "order.submitted";
    event.subject = "order/" + id;
    event.actor = "user:owner";
    event.traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    event.payload = R"({"symbol":"ACME","side":"buy","quantity":"100","price":"12.50"})";
    return transaction.append(std::move(event)).map([](std::int64_t) {});
}

/// Keeps `inFlight` orders under way: each answer submits the next one.
class Load {
public:
    Load(Writer& writer, runtime::Executor& reply, int inFlight)
        : m_writer(writer), m_reply(reply), m_inFlight(inFlight)
    {
    }

    double ordersPerSecond()
    {
        m_start = steady_clock::now();
        m_reply.post([this] {
            m_open = m_inFlight;
            for (int i = 0; i < m_inFlight; ++i) submit();
        });
        std::unique_lock lock(m_mutex);
        m_ended.wait(lock, [this] { return m_isOver; });
        return static_cast<double>(m_done) / m_seconds;
    }

private:
    void submit()
    {
        const std::uint64_t number = s_next++;
        m_writer.submit(
            [number](Transaction& transaction) { return storeOrder(transaction, number); },
            m_reply, [this](const Result<std::int64_t>& outcome) {
                QD_ASSERT(outcome.has_value());
                answered();
            });
    }

    void answered()
    {
        ++m_done;
        if (secondsSince(m_start) < kSecondsPerFigure) return submit();
        if (--m_open > 0) return;
        m_seconds = secondsSince(m_start);
        const std::lock_guard lock(m_mutex);
        m_isOver = true;
        m_ended.notify_all();
    }

    static inline std::uint64_t s_next = 1;
    Writer& m_writer;
    runtime::Executor& m_reply;
    int m_inFlight;
    int m_open = 0;
    std::uint64_t m_done = 0;
    double m_seconds = 0;
    steady_clock::time_point m_start;
    std::mutex m_mutex;
    std::condition_variable m_ended;
    bool m_isOver = false;
};

void print(const char* name, const std::vector<double>& rates, const std::vector<double>& ratios,
           double bar, const char* control = "fdatasync")
{
    const double ratio = median(ratios);
    fmt::print(R"({{"bench":"{}","value":{:.0f},"unit":"orders/s","control":"{}",)"
               R"("ratio":{:.2f},"bar":">={}","ok":{}}})"
               "\n",
               name, median(rates), control, ratio, bar, ratio >= bar);
}

/// A store as quarterdeckd has it, with or without its archive.
class CopiedStore {
public:
    CopiedStore(const std::string& folder, bool isArchived)
    {
        std::filesystem::create_directories(folder);
        auto database = Database::open(folder + "/store.db");
        QD_ASSERT(database && migrateAll(*database, {storageMigrations(), orderTables()}));
        WriterOptions options;
        options.walCopies = &m_wal;
        if (isArchived) {
            options.archive.emplace();
            options.archive->folder = folder + "/archive";
            options.archive->bases = &m_bases;
            options.archive->keepBytes = std::uint64_t{64} << 30; // bases are not what is measured
        }
        auto writer = Writer::open(std::move(*database), m_db, std::move(options));
        QD_ASSERT(writer.has_value());
        m_writer = std::move(*writer);
    }
    Writer& writer() { return *m_writer; }

private:
    runtime::ThreadExecutor m_db{"db"}, m_wal{"wal"}, m_bases{"bases"};
    std::unique_ptr<Writer> m_writer;
};

/// Both take turns, so that what else the machine does meets both.
void measureArchive(const std::string& folder)
{
    CopiedStore plain(folder + "/plain", false), archived(folder + "/archived", true);
    runtime::ThreadExecutor core("core");
    std::vector<double> group, groupShare, single, singleShare;
    for (int round = 0; round < kRounds; ++round) {
        const auto pair = [&](int inFlight, std::vector<double>& rates, std::vector<double>& shares) {
            CopiedStore* const first = round % 2 == 0 ? &plain : &archived;
            CopiedStore* const second = round % 2 == 0 ? &archived : &plain;
            const double one = Load(first->writer(), core, inFlight).ordersPerSecond();
            const double two = Load(second->writer(), core, inFlight).ordersPerSecond();
            rates.push_back(first == &archived ? one : two);
            shares.push_back(first == &archived ? one / two : two / one);
        };
        pair(kInFlight, group, groupShare);
        pair(1, single, singleShare);
    }
    const auto figures = *archived.writer().archiveFigures();
    std::fprintf(stderr, "archived: %.1f MB, %llu commits waiting, %llu failures, broken off %llu times\n",
                 static_cast<double>(figures.bytes) / 1e6,
                 static_cast<unsigned long long>(figures.waiting),
                 static_cast<unsigned long long>(figures.failures),
                 static_cast<unsigned long long>(figures.brokenOff));
    QD_ASSERT(figures.isKept && figures.brokenOff == 0);
    print("storage.group_commit_100_archived", group, groupShare, kArchiveBar, "no archive");
    print("storage.one_at_a_time_archived", single, singleShare, kArchiveBar, "no archive");
}

} // namespace

int main()
{
    const std::string folder = QD_BINARY_DIR "/bench-storage";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    {
        auto database = Database::open(folder + "/store.db");
        QD_ASSERT(database && migrateAll(*database, {storageMigrations(), orderTables()}));
        runtime::ThreadExecutor db("db");
        runtime::ThreadExecutor core("core");
        auto writer = Writer::open(std::move(*database), db);
        QD_ASSERT(writer.has_value());
        std::vector<double> group, groupRatio, single, singleRatio;
        for (int round = 0; round < kRounds; ++round) {
            const double limit = flushRate(folder);
            group.push_back(Load(**writer, core, kInFlight).ordersPerSecond());
            groupRatio.push_back(group.back() / limit);
            single.push_back(Load(**writer, core, 1).ordersPerSecond());
            singleRatio.push_back(single.back() / limit);
        }
        const WriterStats stats = (*writer)->stats();
        std::fprintf(stderr, "%.1f works a commit\n",
                     static_cast<double>(stats.works) / static_cast<double>(stats.commits));
        print("storage.group_commit_100", group, groupRatio, kGroupBar);
        print("storage.one_at_a_time", single, singleRatio, kSingleBar);
    }
    measureArchive(folder);
    std::filesystem::remove_all(folder);
}

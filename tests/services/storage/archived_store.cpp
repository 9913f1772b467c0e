#include "tests/services/storage/archived_store.h"

#include <algorithm>

namespace qd::storage::test {

using namespace std::chrono_literals;

std::string contentOf(const std::string& path)
{
    auto database = Database::openReadOnly(path);
    if (!database) return describe(database.error());
    std::string content;
    for (const char* sql :
         {"SELECT type || name || coalesce(sql, '') FROM sqlite_master ORDER BY name",
          "SELECT number || ':' || body FROM notes ORDER BY number",
          "SELECT sequence || ':' || time || kind || subject || hex(hash) FROM events ORDER BY sequence"}) {
        auto rows = database->prepare(sql);
        if (!rows) return describe(rows.error());
        for (auto row = rows->step();; row = rows->step()) {
            if (!row) return describe(row.error());
            if (!*row) break;
            content += rows->text(0);
            content += '\n';
        }
    }
    return content;
}

ArchivedStore::ArchivedStore(std::uint64_t seed) : m_world(seed), m_random(seed)
{
    archive.folder = folder();
    archive.baseEvery = 10min;
    archive.segmentBytes = 100'000;
}

ArchivedStore::~ArchivedStore()
{
    if (m_writer) stop();
}

void ArchivedStore::start()
{
    m_process = std::make_unique<qd::test::SimProcess>(m_world);
    Database database = openStore(path());
    WriterOptions options;
    options.walCopies = &m_process->executor("wal");
    options.walLimits = limits;
    options.archive = archive;
    options.archive->bases = &m_process->executor("bases");
    auto writer = Writer::open(std::move(database), m_process->executor("db"), std::move(options));
    ASSERT_TRUE(writer.has_value()) << describe(writer.error());
    m_writer = std::move(*writer);
    m_world.run(2s); // the first base
}

void ArchivedStore::stop()
{
    m_writer->flush();
    m_writer.reset();
    m_process->kill();
    m_process.reset();
}

void ArchivedStore::kill()
{
    m_process->kill();
    m_writer.reset();
    m_process.reset();
}

Result<void> ArchivedStore::work(Transaction& transaction, std::uint64_t kind, std::int64_t number)
{
    Database& database = transaction.database();
    const auto event = [&] {
        Event made = noteEvent(number);
        made.time = {}; // the batch's
        return transaction.append(std::move(made)).map([](std::int64_t) {});
    };
    if (kind < 6) { // as it mostly is
        const auto noted = database.execute("INSERT INTO notes VALUES(" + std::to_string(number) +
                                            ", 'a note of some length')");
        return noted.and_then(event);
    }
    const auto any = static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(number) + 1));
    if (kind == 6) // a change without an event
        return database.execute("UPDATE notes SET body = body || 'x' WHERE number = " + std::to_string(any));
    if (kind == 7) return database.execute("DELETE FROM notes WHERE number % 7 = " + std::to_string(any % 7));
    if (kind == 8) { // pages beyond any cache, and events
        const auto grown = database.execute("UPDATE notes SET body = body || hex(zeroblob(9000)) WHERE number > " +
                                            std::to_string(number - 12));
        return grown.and_then(event);
    }
    if (kind == 9) return database.execute("CREATE INDEX IF NOT EXISTS by_body ON notes(substr(body, 1, 9))");
    return {};
}

bool ArchivedStore::write()
{
    bool isAcknowledged = false;
    std::int64_t event = 0;
    const auto kind = m_random.below(10);
    const auto number = m_nextNote++;
    m_writer->submit([&, kind, number](Transaction& transaction) { return work(transaction, kind, number); },
                     m_process->executor("core"), [&](const Result<std::int64_t>& outcome) {
                         isAcknowledged = outcome.has_value();
                         event = outcome.value_or(0);
                     });
    const Timestamp time = m_world.now();
    m_world.runReady();
    if (!isAcknowledged) return false;
    if (event == 0 && !m_moments.empty()) event = m_moments.back().event;
    m_moments.push_back({time, event, contentOf(path())});
    m_world.run(std::chrono::milliseconds(1 + m_random.below(1'500)));
    return true;
}

void ArchivedStore::write(int transactions)
{
    for (int i = 0; i < transactions; ++i) ASSERT_TRUE(write());
}

const ArchivedStore::Moment* ArchivedStore::momentAt(Timestamp time) const
{
    const auto after = std::find_if(m_moments.begin(), m_moments.end(),
                                    [time](const Moment& moment) { return moment.time > time; });
    return after == m_moments.begin() ? nullptr : &*(after - 1);
}

ArchivedStore::Outcome ArchivedStore::restoreAt(const ArchivePoint& point)
{
    for (const char* ending : {"", "-wal", "-shm", "-lock", ".before-restore"})
        std::filesystem::remove(restored() + ending);
    Outcome outcome{restoreTo(folder(), point, restored()), {}};
    if (outcome.report) outcome.content = contentOf(restored());
    return outcome;
}

void ArchivedStore::expectAt(Timestamp time)
{
    const auto outcome = restoreAt(time);
    ASSERT_TRUE(outcome.report) << time.toString() << ": " << describe(outcome.report.error());
    const Moment* const moment = momentAt(time);
    ASSERT_NE(moment, nullptr);
    EXPECT_TRUE(outcome.content == moment->content)
        << time.toString() << ": reached event " << outcome.report->eventCount << " of "
        << outcome.report->reached.toString() << ", expected event " << moment->event << " of "
        << moment->time.toString();
}

void ArchivedStore::expectAtEvent(const Moment& moment)
{
    const auto outcome = restoreAt(ArchivePoint{{}, moment.event});
    ASSERT_TRUE(outcome.report) << moment.event << ": " << describe(outcome.report.error());
    EXPECT_EQ(outcome.report->eventCount, moment.event);
}

} // namespace qd::storage::test

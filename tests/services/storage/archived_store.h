#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/storage/archive_restore.h"
#include "tests/services/storage/store.h"
#include "tests/support/sim_world.h"

namespace qd::storage::test {

/// A store with its writer and archive in virtual time. After every commit what it holds is written
/// down beside the time and the last event, so that a restored one can be compared.
class ArchivedStore {
public:
    explicit ArchivedStore(std::uint64_t seed);
    ~ArchivedStore();

    /// `archive` and `limits` are what the next start uses; small, so that all of it happens soon.
    ArchiveOptions archive;
    WalLimits limits{.copyEvery = 12, .restartAt = 40};

    void start();
    void stop(); ///< in good order
    /// Nothing of the process goes on; its files stay as they are if a FaultyDisk has died too.
    void kill();
    /// Some random work in one transaction, and some time. False: it was not acknowledged.
    bool write();
    void write(int transactions);
    void run(Duration time) { m_world.run(time); }

    /// A moment after a commit.
    struct Moment {
        Timestamp time;
        std::int64_t event;
        std::string content;
    };
    const std::vector<Moment>& moments() const { return m_moments; }
    /// The last moment at or before `time`; null if there is none.
    const Moment* momentAt(Timestamp time) const;
    /// What an archive may have become of it: nobody knows more of the last second before a crash.
    Timestamp lastArchived() const { return m_writer->archiveFigures()->reached; }
    ArchiveFigures figures() const { return *m_writer->archiveFigures(); }

    runtime::Random& random() { return m_random; }
    qd::test::SimWorld& world() { return m_world; }
    std::string path() const { return (m_directory / "store.db").string(); }
    std::string folder() const { return (m_directory / "store.archive").string(); }
    std::string restored() const { return (m_directory / "restored.db").string(); }

    /// Restores beside the store and says what came of it: the content, or the error.
    struct Outcome {
        Result<RestoreReport> report;
        std::string content; ///< empty with an error
    };
    Outcome restoreAt(const ArchivePoint& point);
    Outcome restoreAt(Timestamp time) { return restoreAt(ArchivePoint{time, {}}); }
    /// It is restored as it was.
    void expectAt(Timestamp time);
    void expectAtEvent(const Moment& moment);

private:
    Result<void> work(Transaction& transaction, std::uint64_t kind, std::int64_t number);

    qd::test::TempDir m_directory;
    qd::test::SimWorld m_world;
    runtime::SeededRandom m_random;
    std::unique_ptr<qd::test::SimProcess> m_process;
    std::unique_ptr<Writer> m_writer;
    std::vector<Moment> m_moments;
    std::int64_t m_nextNote = 1;
};

/// Everything a person could see in it.
std::string contentOf(const std::string& path);

} // namespace qd::storage::test

// Reading secrets: from memory against its bar, from the store against the same row and the same
// bytes of AES-GCM without a vault.
// uses: models/base services/runtime services/json services/observability services/storage services/vault
#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "services/vault/vault.h"

namespace {

using namespace qd;
using namespace qd::vault;

constexpr int kSecrets = 200;
constexpr int kRounds = 9;
constexpr int kColdReads = 20'000;
constexpr int kCachedReads = 500'000;
constexpr double kCachedBarNs = 1'000;
constexpr double kColdBar = 2.0;

double cpuNanos()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// CPU time of one of `count` calls on this thread.
template <typename Call>
double nanosEach(int count, Call call)
{
    const double start = cpuNanos();
    for (int i = 0; i < count; ++i) call(i);
    return (cpuNanos() - start) / count;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

SecretName nameOf(int number)
{
    return {fmt::format("broker/account-{}/key", number), "system", "broker-key"};
}

/// Waits for what the vault on `core` answers.
Result<void> await(runtime::Executor& core, const std::function<void(Vault::Then)>& ask)
{
    std::mutex mutex;
    std::condition_variable told;
    std::optional<Result<void>> answer;
    core.post([&] {
        ask([&](Result<void> result) {
            const std::lock_guard lock(mutex);
            answer = std::move(result);
            told.notify_one();
        });
    });
    std::unique_lock lock(mutex);
    told.wait(lock, [&] { return answer.has_value(); });
    return *answer;
}

/// The row, and two openings of as many bytes as the vault opens: what a program would do that
/// trusts the row and asks the log nothing.
class Bare {
public:
    explicit Bare(const std::string& path)
        : m_database(std::move(storage::Database::openReadOnly(path).value()))
    {
        m_key = std::string(kKeyBytes, 'k');
        m_wrapped = m_cipher.seal(m_key, kContext, std::string(kKeyBytes, 'd'),
                                  runtime::systemRandom());
    }
    void prepareFor(std::size_t secretBytes)
    {
        m_sealed = m_cipher.seal(m_key, kContext, std::string(secretBytes, 's'),
                                 runtime::systemRandom());
    }
    std::size_t read(const std::string& id)
    {
        auto statement = m_database.prepare(
            "SELECT owner, purpose, version, master_key, wrapped, sealed FROM vault_secrets "
            "WHERE id = ?");
        const auto row = statement->bind(1, id).step();
        QD_ASSERT(row.value_or(false));
        const std::string wrapped(statement->text(4)), sealed(statement->text(5));
        QD_ASSERT(wrapped.size() == m_wrapped.size() && sealed.size() == m_sealed.size());
        const auto dataKey = m_cipher.open(m_key, kContext, m_wrapped);
        const auto secret = m_cipher.open(m_key, kContext, m_sealed);
        QD_ASSERT(dataKey && secret);
        return secret->revealForUse().size();
    }

private:
    static constexpr std::string_view kContext = "as many bytes as are bound into a secret: about sixty";
    storage::Database m_database;
    Cipher m_cipher;
    std::string m_key, m_wrapped, m_sealed;
};

struct Figures {
    std::vector<double> cached, cold, ratio;
};

void measure(Vault& vault, Bare& bare, Figures& figures)
{
    std::vector<SecretName> names;
    for (int i = 0; i < kSecrets; ++i) names.push_back(nameOf(i));
    const By by{"system:bench", {}};
    const auto readCold = [&](int i) {
        QD_ASSERT(vault.read(names[static_cast<std::size_t>(i % kSecrets)], by).has_value());
    };
    for (int round = 0; round < kRounds; ++round) {
        const double control = nanosEach(kColdReads, [&](int i) {
            QD_ASSERT(bare.read(names[static_cast<std::size_t>(i % kSecrets)].id) > 0);
        });
        figures.cold.push_back(nanosEach(kColdReads, readCold));
        figures.ratio.push_back(figures.cold.back() / control);
        readCold(0);
        figures.cached.push_back(nanosEach(kCachedReads, [&](int) { readCold(0); }));
    }
}

} // namespace

int main()
{
    const std::string folder = QD_BINARY_DIR "/bench-vault";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    const std::string path = folder + "/store.db";
    {
        auto database = storage::Database::open(path, storage::Durability::Off);
        QD_ASSERT(database && storage::migrateAll(*database, {storage::storageMigrations(),
                                                              vaultMigrations()}));
        runtime::ThreadExecutor db("db"), core("core");
        auto writer = storage::Writer::open(std::move(*database), db);
        QD_ASSERT(writer.has_value());
        const auto keys = keysInFile(folder + "/vault.key");
        Settings settings;
        settings.cacheMax = 1; // 200 names in turn: each is read from the store
        auto vault = std::make_unique<Vault>(
            Vault::Dependencies{**writer, path, core, runtime::systemRandom(), *keys, {}}, settings);
        QD_ASSERT(await(core, [&](Vault::Then then) { vault->start(std::move(then)); }));
        const std::string secret(64, 's');
        for (int i = 0; i < kSecrets; ++i)
            QD_ASSERT(await(core, [&](Vault::Then then) {
                vault->put(nameOf(i), runtime::Secret(std::string(secret)), {}, std::move(then));
            }));
        (*writer)->flush();
        Bare bare(path);
        bare.prepareFor(secret.size());
        Figures figures;
        runtime::runAndWait(core, [&] { measure(*vault, bare, figures); });
        runtime::runAndWait(core, [&] { vault.reset(); });
        const double cached = median(figures.cached), ratio = median(figures.ratio);
        fmt::print(R"({{"bench":"vault.cached_read","value":{:.0f},"unit":"ns","bar":"<={}","ok":{}}})"
                   "\n",
                   cached, kCachedBarNs, cached <= kCachedBarNs);
        fmt::print(R"({{"bench":"vault.cold_read","value":{:.0f},"unit":"ns","control":)"
                   R"("row and AES-GCM of the same bytes","ratio":{:.2f},"bar":"<={}","ok":{}}})"
                   "\n",
                   median(figures.cold), ratio, kColdBar, ratio <= kColdBar);
    }
    std::filesystem::remove_all(folder);
}

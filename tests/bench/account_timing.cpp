// Whether the time of an answer tells that an address has an account: signing in, signing up and
// asking for a reset, by turns for addresses that have one and that have none. All on one thread, with
// passwords that cost next to nothing, so that what differs is not lost in what costs a quarter of a
// second, and in CPU time, so that what else the machine does does not count.
//   bench_account_timing [samples a side, 2000]
// uses: models/base models/accounts services/runtime services/json services/observability
// uses: services/resilience services/storage services/identity
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "services/identity/accounts.h"
#include "services/identity/encoding.h"
#include "services/identity/migrations.h"
#include "tests/bench/median.h"

namespace {

using namespace qd;
using namespace qd::identity;

constexpr HashCost kCheap{64, 1, 1};
constexpr double kRatioMin = 0.92, kRatioMax = 1.12;
const std::string kPassword = "seven quiet lanterns drift", kWrong = "eight noisy lanterns sink";

/// Runs what is posted when it is told to, on the thread of the bench.
class Stepped final : public runtime::Executor {
public:
    void post(runtime::Task task) override { m_tasks.push_back(std::move(task)); }
    runtime::Timer after(Duration, runtime::Task) override { return {}; }
    const runtime::Clock& clock() const override { return runtime::systemClock(); }
    bool isCurrent() const override { return true; }
    void run()
    {
        while (!m_tasks.empty()) {
            runtime::Task task = std::move(m_tasks.front());
            m_tasks.pop_front();
            task();
        }
    }

private:
    std::deque<runtime::Task> m_tasks;
};

ThrottleSettings withoutRates()
{
    ThrottleSettings settings;
    settings.perNetwork.burst = settings.global.burst = 1'000'000;
    return settings;
}

storage::Database openDatabase(const std::string& path)
{
    auto database = storage::Database::open(path, storage::Durability::Off);
    QD_ASSERT(database.has_value());
    QD_ASSERT(storage::migrateAll(*database, {storage::storageMigrations(), identityMigrations()})
                  .has_value());
    return std::move(*database);
}

EmailAddress addressOf(const char* kind, int number)
{
    return EmailAddress::parse(fmt::format("{}{:06}@example.org", kind, number)).value();
}

double cpuMicros()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// Identity with so many verified accounts "known<n>@example.org".
class Desk {
public:
    Desk(const std::string& path, int accounts)
        : m_writer(storage::Writer::open(openDatabase(path), m_all, {}).value())
    {
        m_writer->submit(
            [this, accounts](storage::Transaction& transaction) -> Result<void> {
                const auto hash = m_hasher->hash(kPassword, "0123456789abcdef");
                for (int i = 0; i < accounts; ++i) {
                    User user;
                    user.id = UserId(runtime::systemRandom().uuidV4());
                    user.email = addressOf("known", i);
                    user.displayName = m_name;
                    user.roles = i == 0 ? Roles{Role::Admin} : Roles{Role::Viewer};
                    user.emailVerified = true;
                    user.createdAt = m_all.clock().now();
                    const auto done = insertAccount(transaction, *m_key, user, hash);
                    if (!done) return done;
                }
                return {};
            },
            m_all, [](const Result<std::int64_t>& done) { QD_ASSERT(done.has_value()); });
        m_all.run();
    }

    void signIn(const EmailAddress& email)
    {
        m_accounts.signIn({email, runtime::Secret(kWrong), {}, {}}, visitor(),
                          [](const tl::expected<SignedIn, Refused>& answer) {
                              QD_ASSERT(!answer && answer.error().error.code ==
                                                       "identity.wrong_credentials");
                          });
    }
    void signUp(const EmailAddress& email)
    {
        m_accounts.signUp({email, m_name, runtime::Secret(kPassword)}, visitor(), accepted());
    }
    void forgot(const EmailAddress& email) { m_accounts.requestReset(email, visitor(), accepted()); }
    void run() { m_all.run(); }

private:
    static Visitor visitor() { return {"203.0.113.9", {}, DeviceName::parse("desk").value(), {}}; }
    static Accounts::Answer<void> accepted()
    {
        return [](const tl::expected<void, Refused>& answer) { QD_ASSERT(answer.has_value()); };
    }

    const DisplayName m_name = DisplayName::parse("Ann").value();
    Stepped m_all;
    std::shared_ptr<const TokenKey> m_key = std::make_shared<const TokenKey>(
        runtime::Secret(std::string(32, 'k')), runtime::Secret(std::string(32, 'p')));
    std::shared_ptr<const PasswordHasher> m_hasher = std::make_shared<const PasswordHasher>(
        kCheap, PasswordHasher::Peppers{}, std::string());
    std::unique_ptr<storage::Writer> m_writer;
    Throttle m_throttle{withoutRates(), m_all.clock(), runtime::systemRandom()};
    ProofGate m_proofs{runtime::systemRandom()};
    HashQueue m_hashes{m_all, {&m_all}};
    Sessions m_sessions{{*m_writer, m_all, runtime::systemRandom(), m_key}};
    Accounts m_accounts{{{*m_writer, m_all, runtime::systemRandom(), m_key, m_hasher, m_hashes,
                          m_throttle, m_proofs},
                         m_sessions}};
};

using Ask = void (Desk::*)(const EmailAddress&);

struct Sides {
    std::vector<double> known, unknown;
};

/// Each address is asked about once; who of the two comes first changes each time.
Sides timesOf(Desk& desk, Ask ask, const char* strangers, int samples)
{
    Sides sides;
    const auto timeOf = [&](const EmailAddress& email) {
        const double start = cpuMicros();
        (desk.*ask)(email);
        desk.run();
        return cpuMicros() - start;
    };
    for (int i = 0; i < samples; ++i) {
        const auto known = addressOf("known", i), unknown = addressOf(strangers, i);
        if (i % 2 == 0) sides.known.push_back(timeOf(known));
        sides.unknown.push_back(timeOf(unknown));
        if (i % 2 != 0) sides.known.push_back(timeOf(known));
    }
    return sides;
}

/// Of the Mann-Whitney test: how likely it is to see sides so far apart if they were the same.
double likelihoodOf(const Sides& sides)
{
    std::vector<double> sorted = sides.known;
    std::ranges::sort(sorted);
    double wins = 0;
    for (const double each : sides.unknown) {
        const auto [below, above] = std::equal_range(sorted.begin(), sorted.end(), each);
        wins += static_cast<double>(below - sorted.begin());
        wins += static_cast<double>(above - below) / 2;
    }
    const auto n = static_cast<double>(sides.known.size());
    const auto m = static_cast<double>(sides.unknown.size());
    const double deviation = std::sqrt(n * m * (n + m + 1) / 12);
    return std::erfc(std::abs(wins - n * m / 2) / deviation / std::sqrt(2.0));
}

bool judge(Desk& desk, const char* name, Ask ask, const char* strangers, int samples)
{
    const Sides sides = timesOf(desk, ask, strangers, samples);
    const double known = bench::median(sides.known), unknown = bench::median(sides.unknown);
    std::vector<double> ratios; // of pairs: what the machine does meanwhile it does to both
    for (std::size_t i = 0; i < sides.known.size(); ++i)
        ratios.push_back(sides.known[i] / sides.unknown[i]);
    const double ratio = bench::median(ratios);
    const bool isOk = ratio >= kRatioMin && ratio <= kRatioMax;
    fmt::print("{{\"bench\":\"account_timing.{}\",\"value\":{:.1f},\"unit\":\"us\",\"unknownUs\":{:.1f},"
               "\"samples\":{},\"mannWhitneyP\":{:.4f},\"ratio\":{:.3f},\"bar\":\"{} to {}\","
               "\"ok\":{}}}\n",
               name, known, unknown, samples, likelihoodOf(sides), ratio, kRatioMin, kRatioMax,
               isOk);
    return isOk;
}

} // namespace

int main(int argc, char** argv)
{
    const int samples = argc > 1 ? std::atoi(argv[1]) : 2'000;
    const auto folder =
        std::filesystem::temp_directory_path() / fmt::format("account-timing-{}", ::getpid());
    std::filesystem::create_directories(folder);
    bool isOk = samples > 0;
    if (isOk) {
        Desk desk((folder / "main.db").string(), samples);
        timesOf(desk, &Desk::signIn, "early", std::min(samples, 200)); // to warm up
        isOk = judge(desk, "sign_in", &Desk::signIn, "guest", samples);
        isOk = judge(desk, "forgot", &Desk::forgot, "other", samples) && isOk;
        isOk = judge(desk, "sign_up", &Desk::signUp, "fresh", samples) && isOk;
    }
    std::filesystem::remove_all(folder);
    return isOk ? 0 : 1;
}

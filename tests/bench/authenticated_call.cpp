// What a call costs more when it asks for somebody who is signed in: token, role, step-up and rate,
// with as many sessions as there may be. The same call without them is the control.
// uses: models/base models/accounts models/market models/orders services/runtime services/json services/observability services/resilience services/storage services/vault services/identity services/mail services/wire services/brokers services/market services/orders services/gateway
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include "services/gateway/api.h"
#include "services/identity/migrations.h"
#include "tests/bench/median.h"

namespace {

using namespace qd;

constexpr int kSessions = 20'000;
constexpr int kRounds = 9;
constexpr int kCalls = 20'000;
constexpr double kBarMicros = 5;

double cpuNanos()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Runs what is posted at once: the calls of this bench never wait.
class AtOnce final : public runtime::Executor {
public:
    void post(runtime::Task task) override { task(); }
    runtime::Timer after(Duration, runtime::Task) override { return {}; }
    const runtime::Clock& clock() const override { return runtime::systemClock(); }
    bool isCurrent() const override { return true; }
};

std::unique_ptr<storage::Writer> openWriter(const std::string& path, runtime::Executor& executor)
{
    auto database = storage::Database::open(path, storage::Durability::Off);
    QD_ASSERT(database.has_value());
    const auto migrated = storage::migrateAll(
        *database, {storage::storageMigrations(), identity::identityMigrations()});
    QD_ASSERT(migrated.has_value());
    auto writer = storage::Writer::open(std::move(*database), executor, {});
    QD_ASSERT(writer.has_value());
    return std::move(*writer);
}

/// As many as there may be, each with a token that is good.
std::vector<std::string> openSessions(identity::Sessions& sessions, runtime::Random& random)
{
    std::vector<std::string> tokens;
    for (int i = 0; i < kSessions; ++i) {
        const auto record = sessions.draft(UserId(random.uuidV4()), {}, {}, "203.0.113.0/24");
        const auto given = sessions.opened(record, {{Role::Trader}, {}});
        tokens.emplace_back(given.access.revealForUse());
    }
    return tokens;
}

void addEndpoint(gateway::Api& api, const char* path, Role role, gateway::RateClass rate)
{
    api.add({.method = "GET",
             .path = path,
             .role = role,
             .rate = rate,
             .summary = "",
             .query = {},
             .body = {},
             .errors = {}},
            [](const gateway::CallPtr& call) { call->answer(200, "{}"); });
}

double nanosPerCall(gateway::Api& api, const char* path, const std::vector<std::string>& tokens,
                    std::size_t& answered)
{
    const double start = cpuNanos();
    for (int i = 0; i < kCalls; ++i) {
        wire::HttpRequest request;
        request.method = "GET";
        request.target = path;
        request.headers.set("Authorization",
                            "Bearer " + tokens[static_cast<std::size_t>(i) * 7'919 % tokens.size()]);
        api.handle(std::move(request),
                   [&answered](const wire::HttpResponse& response) { answered += response.status == 200; });
    }
    return (cpuNanos() - start) / kCalls;
}

} // namespace

int main()
{
    const auto folder = std::filesystem::temp_directory_path() /
                        ("quarterdeck-authenticated-call-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    {
        AtOnce core;
        runtime::ThreadExecutor db("db");
        runtime::SeededRandom random(1);
        const auto writer = openWriter((folder / "bench.db").string(), db);
        const auto key = std::make_shared<const identity::TokenKey>(
            runtime::Secret(std::string(32, 'k')), runtime::Secret(std::string(32, 'p')));
        identity::Sessions sessions({*writer, core, random, key});
        const auto tokens = openSessions(sessions, random);
        const gateway::OwnerToken owner(runtime::Secret(std::string(64, 'o')));
        const gateway::PeopleAuthenticator people(owner, sessions);
        gateway::ApiSettings settings;
        settings.queries = {.count = 1'000'000'000, .period = std::chrono::minutes(1), .burst = 1'000'000};
        gateway::Api api(settings, people, core, random);
        addEndpoint(api, "/v1/open", Role::Anyone, gateway::RateClass::Free);
        addEndpoint(api, "/v1/mine", Role::Viewer, gateway::RateClass::Queries);
        std::vector<double> open, mine;
        std::size_t answered = 0;
        for (int round = 0; round < kRounds; ++round) {
            open.push_back(nanosPerCall(api, "/v1/open", tokens, answered));
            mine.push_back(nanosPerCall(api, "/v1/mine", tokens, answered));
        }
        QD_ASSERT(answered == std::size_t{2} * kRounds * kCalls);
        const double added = (bench::median(mine) - bench::median(open)) / 1000;
        fmt::print(R"({{"bench":"api.authenticated_call_added","value":{:.2f},"unit":"us",)"
                   R"("control":"the same call without token, role and rate","controlValue":{:.2f},)"
                   R"("ratio":{:.2f},"bar":"<={}","ok":{}}})"
                   "\n",
                   added, bench::median(open) / 1000, bench::median(mine) / bench::median(open),
                   kBarMicros, added <= kBarMicros);
    }
    std::filesystem::remove_all(folder);
}

// Looking up an access token at each request, with as many sessions as there may be, against its bar
// and against the one SHA-256 that it cannot do without.
// uses: models/base models/accounts services/runtime services/observability services/storage services/identity
#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "services/identity/access_table.h"
#include "services/identity/token_key.h"

namespace {

using namespace qd;
using namespace qd::identity;

constexpr int kSessions = 20'000;
constexpr int kRounds = 9;
constexpr int kLookups = 100'000;
constexpr double kBarNs = 5'000;

double cpuNanos()
{
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// CPU time of one of `kLookups` calls.
template <typename Call>
double nanosEach(Call call)
{
    const double start = cpuNanos();
    for (int i = 0; i < kLookups; ++i) call(static_cast<std::size_t>(i) * 7'919 % kSessions);
    return (cpuNanos() - start) / kLookups;
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

} // namespace

int main()
{
    runtime::SeededRandom random(1);
    const TokenKey key(runtime::Secret(std::string(TokenKey::kBytesMin, 'k')),
                       runtime::Secret(std::string(TokenKey::kBytesMin, 'p')));
    AccessTable table(runtime::systemClock(), kSessions * AccessTable::kTokensPerSession);
    std::vector<std::string> tokens, unknown;
    for (int i = 0; i < kSessions; ++i) {
        const SessionId session(random.uuidV4());
        tokens.emplace_back(key.accessToken({session, 1}).revealForUse());
        unknown.emplace_back(key.accessToken({session, 2}).revealForUse());
        QD_ASSERT(table.admit(tokens.back(), session, UserId(random.uuidV4()), {Role::Trader},
                              std::chrono::hours(1)));
    }
    std::vector<double> good, bad, bare;
    std::size_t found = 0, firstBytes = 0;
    for (int round = 0; round < kRounds; ++round) {
        good.push_back(nanosEach([&](std::size_t i) { found += table.find(tokens[i]) != nullptr; }));
        bad.push_back(nanosEach([&](std::size_t i) { found += table.find(unknown[i]) != nullptr; }));
        bare.push_back(nanosEach([&](std::size_t i) { firstBytes += storage::sha256(tokens[i])[0]; }));
    }
    QD_ASSERT(found == static_cast<std::size_t>(kRounds) * kLookups && firstBytes > 0);
    const auto tell = [&](const char* name, double nanos) {
        fmt::print(R"({{"bench":"{}","value":{:.0f},"unit":"ns","control":"SHA-256 of the token",)"
                   R"("ratio":{:.2f},"bar":"<={}","ok":{}}})"
                   "\n",
                   name, nanos, nanos / median(bare), kBarNs, nanos <= kBarNs);
    };
    tell("access.known_token", median(good));
    tell("access.unknown_token", median(bad));
}

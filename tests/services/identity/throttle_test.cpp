#include "services/identity/throttle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/accounts/proof_of_work.h"
#include "services/identity/migrations.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;
using Outcome = Throttle::Outcome;

const Attempt kStranger{Factor::Password, "a1", "203.0.113.0/24", "", 0};
const Attempt kOwnDevice{Factor::Password, "a1", "198.51.100.0/24", "desk", 0};

/// As a client that does everything it is told: waits, and brings any proof.
Attempt working(Attempt attempt)
{
    attempt.proofTries = ProofChallenge::kTriesMax;
    return attempt;
}

struct Desk {
    explicit Desk(ThrottleSettings given = {}) : settings(given), throttle(given, clock, random) {}

    /// A wrong guess, after the wait that it was told.
    Duration failAfterWaiting(const Attempt& attempt)
    {
        Duration waited{};
        for (;;) {
            const auto answer = throttle.ask(working(attempt));
            if (answer.reservation) {
                throttle.settle(*answer.reservation, Outcome::Failed);
                return waited;
            }
            QD_ASSERT(answer.retryAfter > Duration{});
            waited += answer.retryAfter;
            clock.advance(answer.retryAfter);
        }
    }
    FakeClock clock;
    runtime::SeededRandom random{1};
    ThrottleSettings settings;
    Throttle throttle;
};

TEST(Throttle, AHundredGuessesSideBySideAreFive)
{
    ThrottleSettings settings;
    settings.perNetwork.burst = 1'000; // so that it is not the rate that stops them
    settings.global.burst = 1'000;
    Desk desk(settings);
    std::vector<Throttle::Reservation> passed;
    for (int n = 0; n < 100; ++n)
        if (const auto answer = desk.throttle.ask(working(kStranger)); answer.reservation)
            passed.push_back(*answer.reservation);
    EXPECT_EQ(passed.size(), 5U);
    for (const auto& reservation : passed) desk.throttle.settle(reservation, Outcome::Failed);
    EXPECT_FALSE(desk.throttle.ask(working(kStranger)).reservation);
    EXPECT_TRUE(desk.throttle.ask(kOwnDevice).reservation) << "the owner is not kept out by them";
}

TEST(Throttle, WaitsDoubleUpToAQuarterOfAnHour)
{
    Desk desk;
    for (int n = 0; n < 5; ++n) EXPECT_EQ(desk.failAfterWaiting(kStranger), Duration{});
    for (int failures = 5; failures < 20; ++failures) {
        const double waited =
            std::chrono::duration<double>(desk.failAfterWaiting(kStranger)).count();
        const double expected = std::min(900.0, std::exp2(failures - 5));
        EXPECT_GE(waited, 0.8 * expected) << failures;
        // The wait was drawn twice, at the reservation and at the failure; the longer one counts.
        EXPECT_LE(waited, 1.2 * expected + 1e-6) << failures;
    }
}

TEST(Throttle, StrangersPayWithWorkThatGrows)
{
    ThrottleSettings settings;
    settings.perNetwork.burst = 1'000;
    Desk desk(settings);
    std::uint32_t asked = 0;
    for (int failures = 0; failures < 40; ++failures) {
        // Each from another network: only the account's counter sees them all.
        Attempt attempt = kStranger;
        attempt.network = "10.0." + std::to_string(failures) + ".0/24";
        const auto answer = desk.throttle.ask(attempt);
        asked = answer.proofTries;
        const auto doublings = static_cast<unsigned>(std::clamp((failures - 5) / 5, 0, 4));
        EXPECT_EQ(asked, failures < 5 ? 0 : settings.proofTries << doublings) << failures;
        if (answer.reservation) {
            desk.throttle.settle(*answer.reservation, Outcome::Failed);
        } else {
            EXPECT_EQ(desk.failAfterWaiting(attempt), Duration{}) << "never locked, only dearer";
        }
    }
    EXPECT_EQ(asked, settings.proofTries << 4U);
    EXPECT_TRUE(desk.throttle.ask(kOwnDevice).reservation) << "a known device passes";
}

TEST(Throttle, AnAttackerInTheSameNetworkDoesNotKeepTheOwnerOut)
{
    Desk desk;
    for (int n = 0; n < 8; ++n) desk.failAfterWaiting(kStranger);
    ASSERT_GT(desk.throttle.ask(kStranger).retryAfter, Duration{});
    Attempt beside = kOwnDevice;
    beside.network = kStranger.network;
    EXPECT_TRUE(desk.throttle.ask(beside).reservation);
}

TEST(Throttle, AKnownDeviceIsCountedToo)
{
    Desk desk;
    for (int n = 0; n < 5; ++n) desk.failAfterWaiting(kOwnDevice);
    EXPECT_GT(desk.throttle.ask(kOwnDevice).retryAfter, 700ms);
}

TEST(Throttle, OnlyAKnownDevicesSuccessClears)
{
    Desk desk;
    for (int n = 0; n < 4; ++n) desk.failAfterWaiting(kStranger);
    desk.throttle.settle(*desk.throttle.ask(kStranger).reservation, Outcome::Succeeded);
    EXPECT_EQ(desk.throttle.failures(kStranger), 4);
    for (int n = 0; n < 4; ++n) desk.failAfterWaiting(kOwnDevice);
    const auto cleared =
        desk.throttle.settle(*desk.throttle.ask(kOwnDevice).reservation, Outcome::SucceededOnKnownDevice);
    EXPECT_EQ(cleared.size(), 2U);
    EXPECT_EQ(desk.throttle.failures(kOwnDevice), 0);
    EXPECT_EQ(desk.throttle.failures(kStranger), 4) << "the attacker's own counter stands";
}

TEST(Throttle, IsForgottenAfterTwelveHours)
{
    Desk desk;
    for (int n = 0; n < 6; ++n) desk.failAfterWaiting(kStranger);
    desk.clock.advance(12h - 1s);
    EXPECT_GT(desk.throttle.ask(kStranger).proofTries, 0U);
    desk.clock.advance(1s);
    const auto answer = desk.throttle.ask(kStranger);
    ASSERT_TRUE(answer.reservation);
    desk.throttle.settle(*answer.reservation, Outcome::Failed);
    EXPECT_EQ(desk.throttle.failures(kStranger), 1);
}

TEST(Throttle, OnlyCredentialsCountAndEachFactorForItself)
{
    Desk desk;
    for (int n = 0; n < 20; ++n) {
        desk.clock.advance(10s);
        desk.throttle.settle(*desk.throttle.ask(kStranger).reservation, Outcome::NotJudged);
    }
    EXPECT_EQ(desk.throttle.failures(kStranger), 0);
    EXPECT_EQ(desk.throttle.counterCount(), 0U);
    Attempt code = kStranger;
    code.factor = Factor::Code;
    for (int n = 0; n < 5; ++n) desk.failAfterWaiting(code);
    EXPECT_EQ(desk.throttle.failures(code), 5);
    EXPECT_EQ(desk.throttle.failures(kStranger), 0);
    for (const Refusal refusal : {Refusal::Disabled, Refusal::Busy, Refusal::Store, Refusal::Proof,
                                  Refusal::CodeMissing, Refusal::EmailUnverified})
        EXPECT_FALSE(isCredentialFailure(refusal)) << toString(refusal);
    EXPECT_TRUE(isCredentialFailure(Refusal::UnknownAccount));
}

TEST(Throttle, ANetworkHasARate)
{
    Desk desk;
    int passed = 0;
    for (int n = 0; n < 100; ++n) {
        Attempt attempt = kStranger;
        attempt.account = "account " + std::to_string(n);
        if (desk.throttle.ask(attempt).reservation) ++passed;
    }
    EXPECT_EQ(passed, desk.settings.perNetwork.burst);
    EXPECT_EQ(desk.throttle.askRate("198.51.100.0/24"), Duration{});
    EXPECT_GT(desk.throttle.askRate(kStranger.network), Duration{});
    EXPECT_EQ(desk.throttle.refusals(), 71U);
}

TEST(Throttle, AllNetworksTogetherLeaveTheReserveToKnownDevices)
{
    Desk desk;
    int passed = 0;
    for (int n = 0; n < 300; ++n) {
        Attempt attempt = kStranger;
        attempt.account = "account " + std::to_string(n);
        attempt.network = "10.1." + std::to_string(n) + ".0/24";
        if (desk.throttle.ask(attempt).reservation) ++passed;
    }
    const auto& global = desk.settings.global;
    EXPECT_EQ(passed, global.burst - global.reserve);
    EXPECT_GT(desk.throttle.askRate("198.51.100.0/24"), Duration{}) << "sign-ups share that rate";
    int known = 0;
    for (int n = 0; n < 100; ++n) {
        Attempt attempt = kOwnDevice;
        attempt.account = "own " + std::to_string(n);
        attempt.network = "10.2." + std::to_string(n) + ".0/24";
        if (desk.throttle.ask(attempt).reservation) ++known;
    }
    EXPECT_EQ(known, global.reserve);
}

TEST(Throttle, WhoIsHeldByTheirNetworkTakesNothingFromTheOthers)
{
    Desk desk;
    for (int n = 0; n < 1'000; ++n) {
        Attempt attempt = kStranger;
        attempt.account = "account " + std::to_string(n);
        (void)desk.throttle.ask(attempt);
    }
    int passed = 0;
    for (int n = 0; n < 300; ++n) {
        Attempt attempt = kStranger;
        attempt.account = "other " + std::to_string(n);
        attempt.network = "10.1." + std::to_string(n) + ".0/24";
        if (desk.throttle.ask(attempt).reservation) ++passed;
    }
    const auto& settings = desk.settings;
    EXPECT_EQ(passed, settings.global.burst - settings.global.reserve - settings.perNetwork.burst);
}

TEST(Throttle, AFloodOfAccountsDoesNotFreeAnOffender)
{
    ThrottleSettings settings;
    settings.countersMax = 20;
    settings.perNetwork.burst = 1'000;
    settings.global.burst = 10'000;
    Desk desk(settings);
    for (int n = 0; n < 5; ++n) desk.failAfterWaiting(kStranger);
    for (int n = 0; n < 200; ++n) {
        Attempt attempt = kStranger;
        attempt.account = "flood " + std::to_string(n);
        const auto answer = desk.throttle.ask(working(attempt));
        if (answer.reservation) desk.throttle.settle(*answer.reservation, Outcome::Failed);
    }
    EXPECT_LE(desk.throttle.counterCount(), 21U); // one more: the shared one
    EXPECT_EQ(desk.throttle.failures(kStranger), 5);
}

TEST(Throttle, SurvivesARestart)
{
    SimWorld world;
    SimExecutor db(world, "db"), core(world, "core");
    TempDir folder;
    const std::string path = (folder / "identity.db").string();
    auto database = storage::Database::open(path).value();
    ASSERT_TRUE(storage::migrateAll(database, {storage::storageMigrations(), identityMigrations()}));
    auto writer = storage::Writer::open(std::move(database), db).value();
    const auto write = [&](const storage::Writer::Work& work) {
        bool done = false;
        writer->submit(work, core, [&](const Result<std::int64_t>& result) { done = result.has_value(); });
        world.run(1s);
        EXPECT_TRUE(done);
    };

    Desk desk;
    for (int n = 0; n < 5; ++n) {
        const auto counters =
            desk.throttle.settle(*desk.throttle.ask(kStranger).reservation, Outcome::Failed);
        write([&](storage::Transaction& transaction) { return Throttle::store(transaction, counters); });
    }
    const auto told = desk.throttle.ask(kStranger).retryAfter;

    auto reader = storage::Database::openReadOnly(path).value();
    Throttle restarted({}, desk.clock, desk.random);
    ASSERT_TRUE(restarted.load(reader));
    EXPECT_EQ(restarted.failures(kStranger), 5);
    EXPECT_EQ(restarted.ask(kStranger).retryAfter, told);

    write([&](storage::Transaction& transaction) {
        return Throttle::deleteOlder(transaction, desk.clock.now());
    });
    Throttle later({}, desk.clock, desk.random);
    ASSERT_TRUE(later.load(reader));
    EXPECT_EQ(later.counterCount(), 0U);
}

} // namespace
} // namespace qd::test

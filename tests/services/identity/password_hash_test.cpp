#include "services/identity/password_hash.h"

#include <gtest/gtest.h>

#include "services/identity/encoding.h"
#include "services/identity/hash_queue.h"
#include "tests/support/sim_world.h"

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

constexpr HashCost kCheap{64, 1, 1};
constexpr std::string_view kSalt = "0123456789abcdef";

PasswordHasher hasherWith(const std::string& active, HashCost cost = kCheap)
{
    PasswordHasher::Peppers peppers;
    peppers.emplace("1", runtime::Secret("pepper one"));
    peppers.emplace("2", runtime::Secret("pepper two"));
    return {cost, std::move(peppers), active};
}

PasswordHash parsed(const std::string& text)
{
    return PasswordHash::parse(text).value();
}

TEST(PasswordHash, IsTheReferenceImplementations)
{
    EXPECT_EQ(toPhcBase64(argon2id({65'536, 2, 1}, "password", "somesalt", 32)),
              "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc");
    EXPECT_EQ(toHexText(argon2id({65'536, 1, 1}, "password", "somesalt", 32)),
              "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98");
    EXPECT_EQ(toHexText(argon2id({65'536, 4, 1}, "password", "somesalt", 32)),
              "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c");
}

TEST(PasswordHash, CostsWhatItIsMeantToInUse)
{
    EXPECT_EQ(HashCost{}, (HashCost{65'536, 3, 1}));
    EXPECT_EQ(PasswordHash::kSaltBytes, 16U);
    EXPECT_EQ(PasswordHash::kTagBytes, 32U);
}

TEST(PasswordHash, WhatIsLeftOfACostAndWhatWasSpentAreTheWhole)
{
    const HashCost whole{65'536, 3, 1};
    for (const HashCost spent : {HashCost{64, 1, 1}, {19'456, 2, 1}, {65'536, 1, 1}, {65'528, 3, 1}}) {
        std::uint64_t work = spent.work();
        for (const HashCost& each : restOf(whole, spent)) {
            EXPECT_GE(each.memoryKib, 8 * each.lanes) << "as little as Argon2 takes";
            work += each.work();
        }
        EXPECT_EQ(work, whole.work()) << spent.memoryKib << " KiB, " << spent.passes << " passes";
    }
    EXPECT_TRUE(restOf(whole, whole).empty());
    EXPECT_TRUE(restOf(whole, {65'536, 4, 1}).empty());
    EXPECT_TRUE(restOf({64, 1, 1}, {60, 1, 1}).empty()) << "less than the smallest hash";
}

TEST(PasswordHash, MatchesItsPasswordOnly)
{
    const PasswordHasher hasher = hasherWith("1");
    const PasswordHash hash = parsed(hasher.hash("river anvil sorrow", kSalt));
    EXPECT_TRUE(hasher.matches(hash, "river anvil sorrow"));
    EXPECT_FALSE(hasher.matches(hash, "river anvil sorroW"));
    EXPECT_FALSE(hasher.matches(hash, ""));
    EXPECT_FALSE(hasher.matches(hasher.dummy(), "river anvil sorrow"));
    EXPECT_EQ(hash.text(), hasher.hash("river anvil sorrow", kSalt));
    EXPECT_NE(hash.text(), hasher.hash("river anvil sorrow", "another salt 123"));
}

TEST(PasswordHash, AStolenDatabaseLacksThePepper)
{
    const PasswordHash hash = parsed(hasherWith("1").hash("river anvil sorrow", kSalt));
    EXPECT_EQ(hash.keyId, "1");
    EXPECT_FALSE(PasswordHasher(kCheap, {}, "").matches(hash, "river anvil sorrow"));
    PasswordHash stripped = hash;
    stripped.keyId.clear();
    EXPECT_FALSE(hasherWith("1").matches(stripped, "river anvil sorrow"));
}

TEST(PasswordHash, AnotherPepperOrCostAsksForARehash)
{
    const PasswordHash hash = parsed(hasherWith("1").hash("river anvil sorrow", kSalt));
    EXPECT_FALSE(hasherWith("1").needsRehash(hash));
    EXPECT_TRUE(hasherWith("2").needsRehash(hash));
    EXPECT_TRUE(hasherWith("2").matches(hash, "river anvil sorrow")) << "until then the old one serves";
    EXPECT_TRUE(hasherWith("1", {128, 1, 1}).needsRehash(hash));
}

TEST(PasswordHash, TheDummyCostsWhatARealOneDoes)
{
    const PasswordHasher hasher = hasherWith("1", {96, 2, 1});
    EXPECT_EQ(hasher.dummy().cost, parsed(hasher.hash("x", kSalt)).cost);
    EXPECT_EQ(hasher.dummy().keyId, "1");
}

TEST(PasswordHash, RefusesEverythingThatIsNotExactlyOne)
{
    const std::string salt = "$MDEyMzQ1Njc4OWFiY2RlZg$" + toPhcBase64(std::string(32, 't'));
    EXPECT_TRUE(PasswordHash::parse("$argon2id$v=19$m=65536,t=3,p=1" + salt));
    for (const std::string head :
         {"$argon2i$v=19$m=65536,t=3,p=1", "$argon2id$v=16$m=65536,t=3,p=1", "$argon2id$m=65536,t=3,p=1",
          "$argon2id$v=19$m=10485760,t=3,p=1",   // 10 GiB
          "$argon2id$v=19$m=4294967296,t=3,p=1", // 2^32
          "$argon2id$v=19$m=065536,t=3,p=1", "$argon2id$v=19$m=65536,t=0,p=1",
          "$argon2id$v=19$m=65536,t=11,p=1", "$argon2id$v=19$m=65536,t=3,p=5",
          "$argon2id$v=19$m=15,t=3,p=2", "$argon2id$v=19$m=65536,t=3,p=1,", "$argon2id$v=19$t=3,m=65536,p=1",
          "$argon2id$v=19$m=65536,t=3,p=1,keyid=", "$argon2id$v=19$m=-1,t=3,p=1", ""})
        EXPECT_FALSE(PasswordHash::parse(head + salt)) << head;
    const std::string head = "$argon2id$v=19$m=65536,t=3,p=1";
    for (const std::string& tail : std::vector<std::string>{"", "$", "$$", "$MDEy$" + toPhcBase64(std::string(32, 't')),
                                   "$MDEyMzQ1Njc4OWFiY2RlZg$c2hvcnQ", salt + "=", salt + "$", salt + " "})
        EXPECT_FALSE(PasswordHash::parse(head + tail)) << tail;
}

TEST(HashQueue, RunsOneAJobAndRefusesTheThirtyFifth)
{
    SimWorld world;
    SimExecutor core(world, "core"), one(world, "jobs-1"), two(world, "jobs-2");
    HashQueue queue(core, {&one, &two});
    int done = 0, refused = 0, ran = 0;
    const auto run = [&](resilience::Priority priority, int* after) {
        queue.run([&] { ++ran; }, priority, [&, after](const Result<void>& result) {
            if (after != nullptr) *after = done;
            ++(result ? done : refused);
            if (!result) {
                EXPECT_EQ(result.error().code, "identity.busy");
            }
        });
    };
    for (int n = 0; n < 34; ++n) run(resilience::Priority::Background, nullptr);
    EXPECT_EQ(queue.counts().running, 2);
    EXPECT_EQ(queue.counts().waiting, 32);
    run(resilience::Priority::Background, nullptr);
    EXPECT_EQ(refused, 1);
    world.run(1s);
    EXPECT_EQ(done, 34);
    EXPECT_EQ(ran, 34);

    int urgentAfter = -1;
    for (int n = 0; n < 20; ++n) run(resilience::Priority::Background, nullptr);
    done = 0;
    run(resilience::Priority::Urgent, &urgentAfter);
    world.run(1s);
    EXPECT_LE(urgentAfter, 3) << "a known device does not wait behind the flood";
}

/// A job thread in the middle of a hash that takes for ever.
class BusyJob final : public runtime::Executor {
public:
    explicit BusyJob(const runtime::Clock& clock) : m_clock(clock) {}
    void post(runtime::Task task) override { m_waiting.push_back(std::move(task)); }
    [[nodiscard]] runtime::Timer after(Duration, runtime::Task) override { return {}; }
    const runtime::Clock& clock() const override { return m_clock; }
    bool isCurrent() const override { return false; }

private:
    const runtime::Clock& m_clock;
    std::vector<runtime::Task> m_waiting;
};

TEST(HashQueue, WhatIsUrgentStartsWhileStrangersHoldEveryOtherJob)
{
    SimWorld world;
    SimExecutor core(world, "core"), reserved(world, "reserved");
    BusyJob one(world.clock()), two(world.clock());
    HashQueue queue(core, {&one, &two}, &reserved);
    int strangers = 0, known = 0;
    const auto stranger = [&] {
        queue.run([] {}, resilience::Priority::Background, [&](const Result<void>& result) {
            strangers += result.has_value();
        });
    };
    for (int n = 0; n < 20; ++n) stranger();
    for (int n = 0; n < 2; ++n) {
        queue.run([] {}, resilience::Priority::Urgent,
                  [&](const Result<void>& result) { known += result.has_value(); });
        EXPECT_EQ(queue.counts().running, 3);
        stranger();
        world.run(1s);
        EXPECT_EQ(known, n + 1);
        EXPECT_EQ(queue.counts().running, 2) << "strangers never have the reserved job";
    }
    EXPECT_EQ(strangers, 0);
    EXPECT_EQ(queue.counts().waiting, 20);
    EXPECT_EQ(queue.counts().started, 4U);
}

} // namespace
} // namespace qd::test

#include "services/vault/held_keys.h"

#include <array>
#include <set>

#include <sys/socket.h>
#include <unistd.h>

#include "services/vault/stored_keys.h"
#include "tests/services/vault/key_holder.h"
#include "tests/services/vault/vault_world.h"

namespace qd::vault::test {
namespace {

using Manner = KeyHolder::Manner;
using namespace std::chrono_literals;

constexpr auto kPatient = 10s;   ///< a limit, not a wait
constexpr auto kImpatient = 50ms; ///< of a vault whose holder never answers

MasterKey drawn(std::uint64_t seed)
{
    runtime::SeededRandom random(seed);
    return makeMasterKey(random);
}

TEST(HeldKeys, WhatIsAddedIsWithTheHolderWhenItReturns)
{
    KeyHolder holder;
    auto keys = holder.connect(kPatient);
    EXPECT_EQ(codeOf(keys->load()), "vault.key_missing");
    const MasterKey one = drawn(1), two = drawn(2);
    ASSERT_EQ(codeOf(keys->add(one)), "ok");
    EXPECT_EQ(holder.ids(), std::vector<std::string>{one.id});
    ASSERT_EQ(codeOf(keys->add(two)), "ok");
    EXPECT_EQ(codeOf(keys->add(two)), "ok");
    EXPECT_EQ(holder.stored(), 2);
    EXPECT_EQ(codeOf(keys->add(drawn(3))), "vault.keys_full");
    ASSERT_EQ(codeOf(keys->remove(one.id)), "ok");
    EXPECT_EQ(holder.ids(), std::vector<std::string>{two.id});

    keys = holder.connect(kPatient);
    const auto again = keys->load();
    ASSERT_TRUE(again.has_value());
    ASSERT_EQ(again->size(), 1u);
    EXPECT_TRUE(again->front().key.matches(two.key.revealForUse()));
}

TEST(HeldKeys, AHolderThatRefusesHangsUpOrBabblesChangesNothing)
{
    for (const auto manner : {Manner::Refuses, Manner::HangsUp, Manner::Babbles}) {
        KeyHolder holder;
        const auto keys = holder.connect(kPatient);
        const MasterKey one = drawn(1);
        ASSERT_EQ(codeOf(keys->add(one)), "ok");
        holder.behave(manner);
        const auto added = keys->add(drawn(2));
        ASSERT_EQ(codeOf(added), "vault.key_holder");
        EXPECT_EQ(added.error().kind, ErrorKind::Unavailable);
        if (manner == Manner::Refuses) {
            EXPECT_NE(added.error().detail.find("the keyring is locked"), std::string::npos);
        }
        const auto known = keys->load();
        ASSERT_TRUE(known.has_value());
        EXPECT_EQ(known->size(), 1u);
        EXPECT_EQ(holder.ids(), std::vector<std::string>{one.id});
    }
}

TEST(HeldKeys, ALateAnswerIsNotTakenForTheNextOnes)
{
    KeyHolder holder;
    const auto keys = holder.connect(500ms);
    const MasterKey one = drawn(1), late = drawn(2), third = drawn(3);
    ASSERT_EQ(codeOf(keys->add(one)), "ok");
    holder.behave(Manner::AnswersLate);
    EXPECT_EQ(codeOf(keys->add(late)), "vault.key_holder");
    holder.behave(Manner::Refuses);
    EXPECT_EQ(codeOf(keys->add(third)), "vault.key_holder");
    holder.behave(Manner::Stores);
    EXPECT_EQ(codeOf(keys->add(third)), "ok");
    EXPECT_EQ(holder.ids(), (std::vector<std::string>{one.id, third.id}));
}

/// What `keysFromDescriptor` says of a socket on which `text` was written before it was closed.
std::string codeOfGreeting(const std::string& text)
{
    std::array<int, 2> ends{};
    QD_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const auto keys = keysFromDescriptor(ends[1]);
    QD_ASSERT(::send(ends[0], text.data(), text.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(text.size()));
    ::close(ends[0]);
    return codeOf(keys->load());
}

TEST(HeldKeys, OnlyTheWholeGreetingIsTaken)
{
    std::vector<MasterKey> one;
    one.push_back(drawn(1));
    const std::string text(formatMasterKeys(one).revealForUse());
    const std::string title = "quarterdeck-key-holder v1\n", size = std::to_string(text.size());
    EXPECT_EQ(codeOfGreeting(title + "keys " + size + "\n" + text), "ok");
    EXPECT_EQ(codeOfGreeting(title + "keys 0\n"), "vault.key_missing");
    EXPECT_EQ(codeOfGreeting(title + "keys 5\nhello"), "vault.key_syntax");
    for (const std::string& wrong :
         {std::string(), text, title, title + "keys \n", title + "keys -1\n", title + "keys 4097\n" + std::string(4'097, 'x'),
          title + "keys " + size + "\n" + text.substr(1), std::string("quarterdeck-key-holder v2\nkeys 0\n"),
          title + std::string(kHolderLineMax + 1, ' ') + "\n", std::string(2'000, 'x')})
        EXPECT_EQ(codeOfGreeting(wrong), "vault.key_holder") << wrong.substr(0, 60);
}

/// A vault of ten secrets whose keys are held by another process.
class HeldRotation : public VaultTest {
protected:
    static constexpr int kSecrets = 10;

    HeldRotation()
    {
        box.settings.rewrapBatch = 3;
        box.settings.cacheMax = 0; // every read asks the store
        restart();
        for (int i = 0; i < kSecrets; ++i) {
            const auto put = box.put(nameOfSecret(i), "value-" + std::to_string(i));
            QD_ASSERT(put.has_value());
        }
    }
    static SecretName nameOfSecret(int i) { return {"secret/" + std::to_string(i), "system", "test"}; }
    /// A new process, with a new socket.
    void restart(std::chrono::milliseconds answersWithin = kPatient)
    {
        box.crash();
        box.keys = holder.connect(answersWithin);
        box.start();
    }
    void expectAllReadable(const std::string& when)
    {
        for (int i = 0; i < kSecrets; ++i)
            EXPECT_EQ(box.read(nameOfSecret(i)), "value-" + std::to_string(i)) << when;
    }
    void expectOneKey(const std::string& when)
    {
        EXPECT_EQ(holder.ids(), std::vector<std::string>{box.vault().masterKey().id}) << when;
        EXPECT_EQ(box.query("SELECT count(*) FROM vault_keys"), "1") << when;
    }

    KeyHolder holder;
};

TEST_F(HeldRotation, TheFirstKeyIsWithTheHolderBeforeAnythingIsUnderIt)
{
    expectOneKey("first start");
    KeyHolder refusing;
    refusing.behave(Manner::Refuses);
    VaultWorld other;
    other.keys = refusing.connect(kPatient);
    EXPECT_EQ(codeOf(other.boot()), "vault.key_holder");
    EXPECT_EQ(other.query("SELECT count(*) FROM vault_keys"), "0");
}

TEST_F(HeldRotation, NoKeyIsMadeForADatabaseThatHasOne)
{
    KeyHolder empty;
    box.crash();
    box.keys = empty.connect(kPatient);
    EXPECT_EQ(codeOf(box.boot()), "vault.key_missing");
    EXPECT_EQ(empty.stored(), 0);
}

TEST_F(HeldRotation, TheHolderHasTheNewKeyFirstAndLosesTheOldOneLast)
{
    const std::string before = box.vault().masterKey().id;
    ASSERT_EQ(codeOf(box.rotate()), "ok");
    EXPECT_NE(box.vault().masterKey().id, before);
    expectOneKey("rotated");
    restart();
    expectAllReadable("restarted");
}

TEST_F(HeldRotation, AHolderThatDoesNotStoreLeavesTheOldKeyInForce)
{
    for (const auto manner : {Manner::Refuses, Manner::Swallows, Manner::HangsUp}) {
        holder.behave(Manner::Stores);
        restart(kImpatient);
        const std::string before = box.vault().masterKey().id;
        holder.behave(manner);
        EXPECT_EQ(codeOf(box.rotate()), "vault.key_holder");
        EXPECT_EQ(box.vault().masterKey().id, before);
        EXPECT_FALSE(box.vault().rotation().isUnderWay);
        EXPECT_EQ(box.query("SELECT count(*) FROM vault_keys"), "1");
        expectAllReadable("refused");
    }
    holder.behave(Manner::Stores);
    restart();
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    expectOneKey("in the end");
}

// As kill -9 between any two tasks of any thread, the one that asks the holder among them.
TEST_F(HeldRotation, KilledBetweenAnyTwoStepsItGoesOnAtTheNextStart)
{
    box.asksKeysAside = true;
    restart();
    bool isOver = false;
    int steps = 0;
    std::set<std::string> inForceBefore;
    for (; !isOver; ++steps) {
        const std::string when = "step " + std::to_string(steps);
        const std::string active = box.vault().masterKey().id;
        box.vault().rotateMasterKey(kOwner, [&](const Result<void>&) { isOver = true; });
        for (int i = 0; i < steps && !isOver; ++i) box.world.step();
        restart();
        expectAllReadable(when);
        box.world.runUntilIdle();
        expectAllReadable(when);
        inForceBefore.insert(active);
        inForceBefore.erase(box.vault().masterKey().id);
        for (const std::string& id : holder.ids()) EXPECT_FALSE(inForceBefore.contains(id)) << when;
        ASSERT_LE(holder.ids().size(), 2u) << when;
        ASSERT_EQ(box.query("SELECT count(*) FROM vault_keys"), "1") << when;
    }
    EXPECT_GT(steps, 10);
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    expectOneKey("at the end");
    expectAllReadable("at the end");
}

/// Keys in memory; notes whether the writer had to wait for a change.
class WatchedKeys final : public StoredKeys {
public:
    explicit WatchedKeys(VaultWorld& watched) : m_watched(watched) {}
    Result<std::vector<MasterKey>> load() override { return parseMasterKeys(m_text); }
    std::string describe() const override { return "memory"; }

    void hold(const MasterKey& key) { EXPECT_EQ(codeOf(store(one(key))), "ok"); }
    int changes = 0, changesOnWriter = 0;

private:
    static std::vector<MasterKey> one(const MasterKey& key)
    {
        std::vector<MasterKey> keys;
        keys.push_back(key.clone());
        return keys;
    }
    Result<void> store(const std::vector<MasterKey>& keys) override
    {
        m_text = std::string(formatMasterKeys(keys).revealForUse());
        ++changes;
        changesOnWriter += m_watched.isOnWriter();
        return {};
    }

    VaultWorld& m_watched;
    std::string m_text;
};

// Orders wait for the writer; somebody who is asked to unlock a keyring takes his time.
TEST(KeysAside, ARotationAsksForThemOffTheWriter)
{
    VaultWorld box;
    auto keys = std::make_unique<WatchedKeys>(box);
    WatchedKeys& watched = *keys;
    watched.hold(drawn(1));
    box.keys = std::move(keys);
    box.asksKeysAside = true;
    box.start();
    ASSERT_EQ(codeOf(box.put(kBrokerKey, "value")), "ok");
    watched.changes = 0;
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    EXPECT_EQ(watched.changes, 2); // the new one in, the old one out
    EXPECT_EQ(watched.changesOnWriter, 0);
    box.asksKeysAside = false;
    box.start();
    EXPECT_EQ(codeOf(box.rotate()), "ok");
    EXPECT_EQ(watched.changesOnWriter, 2);
    EXPECT_EQ(box.read(kBrokerKey), "value");
}

} // namespace
} // namespace qd::vault::test

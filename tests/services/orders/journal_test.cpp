#include <gtest/gtest.h>

#include "services/orders/journal.h"
#include "services/orders/order_service.h"
#include "tests/support/sim_world.h"
#include "tests/support/temp_dir.h"

namespace qd::test {
namespace {

using namespace std::chrono_literals;

orders::Change noticeOf(std::string title)
{
    orders::Entry entry;
    entry.fact.kind = "notice";
    entry.fact.notice = orders::Notice{orders::Severity::Info, std::move(title), "", ""};
    entry.subject = "account/paper";
    orders::Change change;
    change.push_back(std::move(entry));
    return change;
}

/// As the table does not take it a second time.
orders::Change fillOf(const char* executionId)
{
    orders::Change change = noticeOf("fill");
    Fill fill;
    fill.executionId = ExecutionId(executionId);
    fill.price = Price::of("1");
    fill.quantity = Quantity::of("1");
    change.front().fact.fill = std::move(fill);
    return change;
}

/// A journal with its database, and what it tells.
class Desk {
public:
    explicit Desk(std::size_t pendingMax = 100)
        : journal(*writer, core, pendingMax,
                  {[this](const orders::Change& change) {
                       told.push_back(change.front().fact.notice->title);
                   },
                   [this](const Error& error) { failures.push_back(error.code); }})
    {
    }
    void await(orders::Change change)
    {
        journal.commit(std::move(change),
                       [this](const Result<void>& done) { answers.push_back(done.has_value()); });
    }
    std::uint64_t works() const { return writer->stats().works; }

    SimWorld world;
    SimExecutor core{world, "core"}, db{world, "db"};
    TempDir folder;
    std::unique_ptr<storage::Writer> writer = open();
    std::vector<std::string> told, failures;
    std::vector<bool> answers;
    orders::Journal journal;

private:
    std::unique_ptr<storage::Writer> open()
    {
        auto database = storage::Database::open((folder / "orders.db").string()).value();
        const auto migrated = storage::migrateAll(
            database, {storage::storageMigrations(), orders::orderMigrations()});
        QD_ASSERT(migrated.has_value());
        return storage::Writer::open(std::move(database), db).value();
    }
};

using Titles = std::vector<std::string>;

TEST(Journal, ChangesOfOneTurnAreOneWorkAndToldInTheirOrder)
{
    Desk desk;
    desk.await(noticeOf("a"));
    desk.journal.commit(noticeOf("b"));
    desk.await(noticeOf("c"));
    desk.world.run(1ms);
    EXPECT_EQ(desk.works(), 1u);
    EXPECT_EQ(desk.told, (Titles{"a", "b", "c"}));
    EXPECT_EQ(desk.answers, (std::vector<bool>{true, true}));
    EXPECT_EQ(desk.journal.pending(), 0u);
}

TEST(Journal, WhatNobodyWaitsForRidesWithTheNextThatSomebodyDoes)
{
    Desk desk;
    desk.journal.commit(noticeOf("told"));
    desk.world.run(1ms);
    EXPECT_EQ(desk.works(), 0u);
    desk.await(noticeOf("asked"));
    desk.world.run(100us);
    EXPECT_EQ(desk.works(), 1u);
    EXPECT_EQ(desk.told, (Titles{"told", "asked"}));
}

TEST(Journal, WhatNobodyWaitsForGoesByItselfBeforeLong)
{
    Desk desk;
    desk.journal.commit(noticeOf("told"));
    desk.world.run(1ms);
    EXPECT_TRUE(desk.told.empty());
    desk.journal.commit(noticeOf("later")); // does not put it off
    desk.world.run(orders::Journal::kRideMax);
    EXPECT_EQ(desk.told, (Titles{"told", "later"}));
    EXPECT_EQ(desk.works(), 1u);
}

TEST(Journal, AReadSeesWhatWasCommittedBefore)
{
    Desk desk;
    std::size_t seen = 0;
    desk.journal.commit(noticeOf("told"));
    desk.journal.read(
        [&seen](storage::Transaction& transaction) -> Result<void> {
            seen = storage::readEventsOf(transaction.database(), "account/paper", 10).value().size();
            return {};
        },
        [](const Result<void>&) {});
    desk.world.run(1ms);
    EXPECT_EQ(seen, 1u);
}

TEST(Journal, AGroupIsWrittenWholeOrNotAtAll)
{
    Desk desk;
    desk.await(fillOf("x1"));
    desk.world.run(1ms);
    desk.await(noticeOf("beside"));
    desk.await(fillOf("x1"));
    desk.world.run(1ms);
    EXPECT_EQ(desk.answers, (std::vector<bool>{true, false, false}));
    EXPECT_EQ(desk.failures.size(), 1u);
    EXPECT_EQ(desk.told, Titles{"fill"});
}

TEST(Journal, MoreThanMayWaitIsNotTaken)
{
    Desk desk(/*pendingMax=*/2);
    for (int i = 0; i < 3; ++i) desk.await(noticeOf("many"));
    desk.world.run(1ms);
    EXPECT_EQ(desk.answers, (std::vector<bool>{false, false, false}));
    EXPECT_EQ(desk.failures, Titles{"orders.overloaded"});
    EXPECT_EQ(desk.works(), 0u);
    EXPECT_EQ(desk.journal.pending(), 0u);
}

} // namespace
} // namespace qd::test

#include "services/identity/accounts.h"

#include <gtest/gtest.h>

#include "services/identity/totp.h"
#include "tests/services/identity/accounts_desk.h"

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

constexpr const char* kOther = "nine copper kettles hum";

AccountsDesk::Work between(const AccountsDesk::Work& before, const AccountsDesk::Work& after)
{
    return {after.hashes - before.hashes, after.works - before.works};
}

TEST(Accounts, TheFirstIsTheOwnersAndAdministers)
{
    AccountsDesk desk;
    EXPECT_EQ(codeOf(desk.signUp("ann@example.org")), "identity.sign_up_closed");
    const auto owner = desk.createFirst();
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->roles, Roles{Role::Admin});
    EXPECT_EQ(codeOf(desk.createFirst("second@example.org")), "identity.not_first");
    const auto in = desk.signIn({.email = "owner@example.org"});
    ASSERT_TRUE(in);
    EXPECT_EQ(desk.accessOf(in->tokens).roles, Roles{Role::Admin});
}

TEST(Accounts, SigningUpAnswersAlikeAndCostsAlikeForKnownAndUnknown)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    const auto start = desk.spent();
    ASSERT_TRUE(desk.signUp("ann@example.org"));
    const auto fresh = desk.spent();
    ASSERT_TRUE(desk.signUp("owner@example.org"));
    const auto known = desk.spent();
    ASSERT_TRUE(desk.signUp("ANN@example.org", kOther)) << "not verified yet";
    EXPECT_EQ(between(start, fresh), (AccountsDesk::Work{1, 1}));
    EXPECT_EQ(between(fresh, known), (AccountsDesk::Work{1, 1}));
    desk.deliverMail();
    EXPECT_EQ(desk.mail.mails.size(), 3U);
    EXPECT_EQ(desk.mail.count(MailKind::AlreadyRegistered), 1U);
    EXPECT_EQ(desk.mail.count(MailKind::VerifyEmail), 2U) << "one more for who lost the first";
    ASSERT_TRUE(desk.verify(desk.mail.tokenTo("ann@example.org", MailKind::VerifyEmail)));
    EXPECT_TRUE(desk.signIn({.email = "ann@example.org"}));
    EXPECT_FALSE(desk.signIn({.email = "ann@example.org", .password = kOther}))
        << "signing up again does not change the password";
    auto database = desk.desk.reader();
    EXPECT_EQ(countAccounts(database).value(), 2) << "what is written for a known one is taken back";
}

TEST(Accounts, AccountAndProfileAreBothThereOrNeither)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    const auto sql = [&](const std::string& text) {
        ASSERT_TRUE(desk.desk.write([&](storage::Transaction& transaction) {
            return transaction.database().execute(text);
        }));
    };
    sql("CREATE TRIGGER no_room BEFORE INSERT ON identity_profiles BEGIN"
        " SELECT RAISE(ABORT, 'no room for a profile'); END");
    const auto failed = desk.signUp("ann@example.org");
    ASSERT_FALSE(failed);
    EXPECT_FALSE(failed.error().error.code.empty());
    const auto accounts = [&] {
        return desk.desk
            .wait<Result<std::vector<User>>>(
                [&](auto then) { desk.accounts->list(UserId(), 10, std::move(then)); })
            .value();
    };
    EXPECT_EQ(accounts().size(), 1U);
    desk.deliverMail();
    EXPECT_TRUE(desk.mail.mails.empty());
    sql("DROP TRIGGER no_room");
    ASSERT_TRUE(desk.signUp("ann@example.org")) << "the same once more";
    ASSERT_EQ(accounts().size(), 2U);
    EXPECT_EQ(accounts().back().displayName.text(), "Ann") << "in the order they were made";
}

TEST(Accounts, WeakPasswordsAreRefusedWithTheirReasons)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    const auto weak = desk.signUp("ann@example.org", "password1234");
    EXPECT_EQ(codeOf(weak), "identity.weak_password");
    EXPECT_EQ(weak.error().error.field, "password");
    EXPECT_NE(weak.error().error.detail.find("common"), std::string::npos);
    EXPECT_EQ(weak.error().error.detail.find("password1234"), std::string::npos);
    EXPECT_EQ(codeOf(desk.signUp("ann@example.org", "short")), "identity.weak_password");
}

TEST(Accounts, UnknownAndKnownAnswerAlikeAndDoTheSameWork)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto start = desk.spent();
    const auto wrong = desk.signIn({.email = "owner@example.org", .password = kOther});
    const auto known = desk.spent();
    const auto nobody = desk.signIn({.email = "nobody@example.org", .password = kOther});
    const auto unknown = desk.spent();
    ASSERT_FALSE(wrong || nobody);
    EXPECT_EQ(wrong.error().error, nobody.error().error);
    EXPECT_EQ(between(start, known), between(known, unknown));
    EXPECT_EQ(between(start, known).hashes, 1U);
    const auto refusals = desk.desk.events("session.refused");
    ASSERT_EQ(refusals.size(), 2U);
    EXPECT_NE(refusals[0].payload.find("wrong_password"), std::string::npos);
    EXPECT_NE(refusals[1].payload.find("unknown_account"), std::string::npos);
    EXPECT_NE(refusals[0].payload.find("203.0.113.0/24"), std::string::npos);
}

TEST(Accounts, OnlyWhoHasThePasswordLearnsWhatIsWrongWithTheAccount)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    ASSERT_TRUE(desk.signUp("ann@example.org"));
    EXPECT_EQ(codeOf(desk.signIn({.email = "ann@example.org"})), "identity.email_unverified");
    EXPECT_EQ(codeOf(desk.signIn({.email = "ann@example.org", .password = kOther})),
              "identity.wrong_credentials");
    const auto bob = desk.join("bob@example.org");
    ASSERT_TRUE(desk.setDisabled(bob.user.id, true));
    EXPECT_EQ(codeOf(desk.signIn({.email = "bob@example.org"})), "identity.disabled");
    EXPECT_EQ(codeOf(desk.signIn({.email = "bob@example.org", .password = kOther})),
              "identity.wrong_credentials");
}

TEST(Accounts, StrangersWaitAndWorkWhileTheOwnersDevicePasses)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto own = desk.signIn({.email = "owner@example.org"});
    ASSERT_TRUE(own);
    const AccountsDesk::Attempt guess{
        .email = "owner@example.org", .password = kOther, .address = "198.51.100.1"};
    for (int n = 0; n < 5; ++n)
        EXPECT_EQ(codeOf(desk.signIn(guess)), "identity.wrong_credentials") << n;
    const auto before = desk.spent();
    const auto told = desk.signIn(guess);
    EXPECT_EQ(codeOf(told), "identity.wait");
    EXPECT_GT(told.error().retryAfter, 0s);
    EXPECT_EQ(desk.spent(), before) << "neither a hash nor the disk";

    desk.desk.world.run(2s);
    auto stranger = guess;
    stranger.password = AccountsDesk::kPassword;
    const auto asked = desk.signIn(stranger);
    ASSERT_EQ(codeOf(asked), "identity.proof_needed");
    ASSERT_TRUE(asked.error().challenge);
    stranger.proof = solveProof(*asked.error().challenge, [] { return false; }).value().text();
    EXPECT_TRUE(desk.signIn(stranger)) << "never locked";
    EXPECT_EQ(codeOf(desk.signIn(stranger)), "identity.proof_refused") << "good once";

    AccountsDesk::Attempt owners{.email = "owner@example.org"};
    owners.deviceKey = own->deviceKey.revealForUse();
    auto madeUp = owners;
    madeUp.deviceKey.back() = madeUp.deviceKey.back() == 'A' ? 'B' : 'A';
    EXPECT_EQ(codeOf(desk.signIn(madeUp)), "identity.proof_needed");
    EXPECT_TRUE(desk.signIn(owners)) << "neither waits nor works";
}

TEST(Accounts, AProofThatDoesNotSolveCostsNoHash)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    AccountsDesk::Attempt guess{.email = "owner@example.org", .password = kOther};
    for (int n = 0; n < 5; ++n) EXPECT_FALSE(desk.signIn(guess));
    desk.desk.world.run(1min);
    const auto asked = desk.signIn(guess);
    ASSERT_TRUE(asked.error().challenge);
    Proof wrong{*asked.error().challenge, {}};
    for (auto& number : wrong.numbers) ++number;
    while (isSolved(wrong)) ++wrong.numbers[0];
    guess.proof = wrong.text();
    const auto works = desk.desk.writer->stats().works;
    EXPECT_EQ(codeOf(desk.signIn(guess)), "identity.proof_refused");
    EXPECT_EQ(desk.desk.writer->stats().works, works);
    guess.proof = "nonsense";
    EXPECT_EQ(codeOf(desk.signIn(guess)), "accounts.proof");
}

TEST(Accounts, EveryTryIsSettledOnceWhateverComesOfIt)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    ASSERT_TRUE(desk.signUp("ann@example.org"));
    // None of these is a guess; each would count for ever if it were not given back.
    for (int n = 0; n < 10; ++n) {
        EXPECT_TRUE(desk.signIn({.email = "owner@example.org"}));
        EXPECT_EQ(codeOf(desk.signIn({.email = "ann@example.org"})), "identity.email_unverified");
    }
    EXPECT_EQ(desk.throttle->counterCount(), 0U);
    int busy = 0, answered = 0;
    for (int n = 0; n < 60; ++n)
        desk.accounts->signIn({EmailAddress::parse("u" + std::to_string(n) + "@example.org").value(),
                               runtime::Secret(kOther), {}, {}},
                              {"203.0.113.9", {}, DeviceName::parse("desk").value(), {}},
                              [&](tl::expected<SignedIn, Refused> outcome) {
                                  ++answered;
                                  if (codeOf(outcome) == "identity.busy") ++busy;
                              });
    desk.desk.world.runUntil([&] { return answered == 60; });
    EXPECT_EQ(busy, 60 - 34) << "two hash, 32 wait, the rest is told at once";
    EXPECT_EQ(desk.throttle->counterCount(), 2U * 34) << "only the wrong guesses count";
}

TEST(Accounts, GuessesSurviveARestart)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const AccountsDesk::Attempt guess{.email = "owner@example.org", .password = kOther};
    for (int n = 0; n < 5; ++n) EXPECT_FALSE(desk.signIn(guess));
    desk.restart();
    EXPECT_EQ(codeOf(desk.signIn(guess)), "identity.wait");
}

TEST(Accounts, AHashIsRenewedWhenTheCostRose)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto stored = [&] {
        auto database = desk.desk.reader();
        return findAccount(database, *desk.desk.key, "owner@example.org").value()->password;
    };
    const std::string cheap = stored();
    desk.restart({128, 1, 1});
    EXPECT_FALSE(desk.signIn({.email = "owner@example.org", .password = kOther}));
    EXPECT_EQ(stored(), cheap) << "not by a wrong guess";
    EXPECT_TRUE(desk.signIn({.email = "owner@example.org"}));
    EXPECT_NE(stored().find("m=128,"), std::string::npos);
    EXPECT_TRUE(desk.signIn({.email = "owner@example.org"}));
}

TEST(Accounts, AWrongPasswordCostsAlikeForOldAndUnknownAccountsWhenTheCostRose)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    desk.restart({1'000, 3, 1}); // from 64 KiB and one pass
    const auto workOf = [&](const char* email) {
        const auto before = desk.hashWork();
        EXPECT_EQ(codeOf(desk.signIn({.email = email, .password = kOther})),
                  "identity.wrong_credentials");
        return desk.hashWork() - before;
    };
    EXPECT_EQ(workOf("owner@example.org"), 3'000U) << "made at the old cost";
    EXPECT_EQ(workOf("nobody@example.org"), 3'000U);
    EXPECT_TRUE(desk.signIn({.email = "owner@example.org"}));
    EXPECT_EQ(workOf("owner@example.org"), 3'000U) << "made anew";
}

TEST(Accounts, AMailTokenIsGoodOnceForItsPurposeAndHalfAnHour)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    ASSERT_TRUE(desk.signUp("ann@example.org"));
    desk.deliverMail();
    const auto token = desk.mail.tokenTo("ann@example.org", MailKind::VerifyEmail);
    ASSERT_FALSE(token.empty());
    EXPECT_EQ(codeOf(desk.reset(token, kOther)), "identity.mail_token") << "not for this";
    EXPECT_TRUE(desk.verify(token));
    EXPECT_EQ(codeOf(desk.verify(token)), "identity.mail_token");
    EXPECT_EQ(codeOf(desk.verify("nonsense")), "identity.mail_token");
    ASSERT_TRUE(desk.requestReset("ann@example.org"));
    desk.deliverMail();
    desk.desk.world.run(30min);
    EXPECT_EQ(codeOf(desk.reset(desk.mail.tokenTo("ann@example.org", MailKind::ResetPassword), kOther)),
              "identity.mail_token");
}

TEST(Accounts, AResetEndsEverySessionAndTellsTheOwner)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    ASSERT_TRUE(desk.requestReset("ann@example.org"));
    desk.deliverMail();
    const auto token = desk.mail.tokenTo("ann@example.org", MailKind::ResetPassword);
    EXPECT_EQ(codeOf(desk.reset(token, "password1234")), "identity.weak_password");
    ASSERT_TRUE(desk.reset(token, kOther)) << "a refused password does not cost the link";
    EXPECT_EQ(codeOf(desk.reset(token, kOther)), "identity.mail_token");
    EXPECT_FALSE(desk.isGood(in.tokens));
    EXPECT_FALSE(desk.signIn({.email = "ann@example.org"}));
    EXPECT_TRUE(desk.signIn({.email = "ann@example.org", .password = kOther}));
    desk.deliverMail();
    EXPECT_EQ(desk.mail.count(MailKind::PasswordChanged), 1U);
}

TEST(Accounts, AskingForAResetAnswersAlikeAndCostsAlike)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    const auto start = desk.spent();
    EXPECT_TRUE(desk.requestReset("owner@example.org"));
    const auto known = desk.spent();
    EXPECT_TRUE(desk.requestReset("nobody@example.org"));
    EXPECT_EQ(between(start, known), between(known, desk.spent()));
    desk.deliverMail();
    EXPECT_EQ(desk.mail.mails.size(), 1U);
    EXPECT_EQ(desk.desk.events("account.reset_asked").size(), 2U);
    EXPECT_EQ(desk.desk.events("mail.queued").size(), 1U);
    EXPECT_EQ(desk.desk.events("mail.withheld").size(), 1U) << "as many events for nobody";
    auto database = desk.desk.reader();
    for (const char* table : {"identity_outbox", "identity_mail_tokens"}) {
        auto rows = database.prepare(std::string("SELECT count(*) FROM ") + table).value();
        ASSERT_TRUE(rows.step().value());
        EXPECT_EQ(rows.integer(0), 1) << table << ": what is written for nobody is taken back";
    }
}

TEST(Accounts, ANewPasswordEndsTheOtherSessionsOnly)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto here = desk.join("ann@example.org");
    const auto there = desk.signIn({.email = "ann@example.org"});
    ASSERT_TRUE(there);
    EXPECT_EQ(codeOf(desk.changePassword(here.tokens, kOther, kOther)),
              "identity.wrong_credentials");
    EXPECT_EQ(codeOf(desk.changePassword(here.tokens, AccountsDesk::kPassword, "password1234")),
              "identity.weak_password");
    EXPECT_TRUE(desk.isGood(there->tokens));
    ASSERT_TRUE(desk.changePassword(here.tokens, AccountsDesk::kPassword, kOther));
    EXPECT_TRUE(desk.isGood(here.tokens));
    EXPECT_FALSE(desk.isGood(there->tokens));
    EXPECT_TRUE(desk.signIn({.email = "ann@example.org", .password = kOther}));
}

TEST(Accounts, RolesHoldAtOnceAndTheLastAdministratorStays)
{
    AccountsDesk desk(withoutRates());
    const auto owner = desk.createFirst();
    ASSERT_TRUE(owner);
    const auto in = desk.join("ann@example.org");
    EXPECT_EQ(in.user.roles, Roles{Role::Viewer});
    ASSERT_TRUE(desk.changeRole(in.user.id, Role::Trader, true));
    EXPECT_TRUE(desk.accessOf(in.tokens).roles.contains(Role::Trader));
    ASSERT_TRUE(desk.changeRole(in.user.id, Role::Trader, false));
    EXPECT_FALSE(desk.accessOf(in.tokens).roles.contains(Role::Trader));
    EXPECT_EQ(desk.changeRole(owner->id, Role::Admin, false).error().code, "identity.last_admin");
    EXPECT_EQ(desk.setDisabled(owner->id, true).error().code, "identity.last_admin");
    EXPECT_EQ(desk.find(owner->id).roles, Roles{Role::Admin});
    EXPECT_EQ(desk.changeRole(UserId("nobody"), Role::Viewer, true).error().code,
              "identity.no_account");
}

TEST(Accounts, TwoAdministratorsCannotTakeTheRoleFromEachOtherAtOnce)
{
    AccountsDesk desk(withoutRates());
    const auto owner = desk.createFirst();
    const auto in = desk.join("ann@example.org");
    ASSERT_TRUE(desk.changeRole(in.user.id, Role::Admin, true));
    int answered = 0, refused = 0;
    for (const UserId& user : {owner->id, in.user.id})
        desk.accounts->revoke(user, Role::Admin, {"user:other", {}}, [&](const Result<Roles>& done) {
            ++answered;
            if (!done) ++refused;
        });
    desk.desk.world.runUntil([&] { return answered == 2; });
    EXPECT_EQ(refused, 1);
}

TEST(Accounts, DisablingEndsSessionsAndEnablingBringsNoneBack)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    ASSERT_TRUE(desk.setDisabled(in.user.id, true));
    EXPECT_FALSE(desk.isGood(in.tokens));
    ASSERT_TRUE(desk.setDisabled(in.user.id, false));
    EXPECT_FALSE(desk.isGood(in.tokens));
    EXPECT_TRUE(desk.signIn({.email = "ann@example.org"}));
    EXPECT_EQ(desk.desk.events("account.disabled").size(), 1U);
    EXPECT_EQ(desk.desk.events("account.enabled").size(), 1U);
}

TEST(Accounts, ARestartLosesNobody)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    desk.enrol(in);
    desk.restart();
    desk.desk.world.run(1min);
    AccountsDesk::Attempt attempt{.email = "ann@example.org", .code = desk.codeNow(in.user.id)};
    attempt.deviceKey = in.deviceKey.revealForUse();
    const auto again = desk.signIn(attempt);
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->deviceKey.matches(attempt.deviceKey)) << "a known device stays what it is";
    EXPECT_NE(desk.desk.events("session.opened").back().payload.find(R"("newDevice":false)"),
              std::string::npos);
}

TEST(Accounts, MailToOnePersonIsBoundedInSilence)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    for (int n = 0; n < 9; ++n) EXPECT_TRUE(desk.requestReset("owner@example.org"));
    desk.deliverMail();
    EXPECT_EQ(desk.mail.mails.size(), 5U);
    EXPECT_EQ(desk.desk.events("mail.withheld").size(), 4U);
    desk.desk.world.run(1h);
    EXPECT_TRUE(desk.requestReset("owner@example.org"));
    desk.deliverMail();
    EXPECT_EQ(desk.mail.mails.size(), 6U);
}

TEST(Accounts, MailIsTriedAgainAndGivenUpWhenItsTokenIsOver)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    desk.mail.answer = fail(ErrorKind::Unavailable, "mail.down", "no route");
    ASSERT_TRUE(desk.requestReset("owner@example.org"));
    desk.deliverMail();
    desk.deliverMail();
    EXPECT_EQ(desk.mail.mails.size(), 1U) << "not again at once";
    for (int minute = 0; minute < 40; ++minute) {
        desk.desk.world.run(1min);
        desk.deliverMail();
    }
    EXPECT_EQ(desk.mail.mails.size(), 6U); // at 0, 1, 3, 7, 15 and 31 minutes
    for (const Mail& each : desk.mail.mails) EXPECT_EQ(each.id, desk.mail.mails.front().id);
    EXPECT_EQ(desk.desk.events("mail.dropped").size(), 1U);
}

TEST(Accounts, WhoNeverVerifiesIsForgotten)
{
    AccountsDesk desk;
    const auto owner = desk.createFirst();
    ASSERT_TRUE(desk.signUp("ann@example.org"));
    desk.desk.world.run(24h * 7);
    desk.accounts->sweep();
    desk.desk.world.runUntilIdle();
    EXPECT_EQ(desk.desk.events("account.removed").size(), 1U);
    EXPECT_EQ(desk.find(owner->id).email.text(), "owner@example.org");
    EXPECT_TRUE(desk.signUp("ann@example.org"));
    EXPECT_EQ(desk.desk.events("account.created").size(), 3U);
}

TEST(Accounts, NeitherDatabaseNorLogHoldsASecret)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    auto in = desk.join("ann@example.org");
    const auto recovery = desk.enrol(in);
    ASSERT_TRUE(desk.requestReset("ann@example.org"));
    desk.deliverMail();
    std::vector<std::string> secrets = recovery;
    secrets.emplace_back(AccountsDesk::kPassword);
    secrets.push_back(desk.mail.tokenTo("ann@example.org", MailKind::VerifyEmail));
    secrets.push_back(desk.mail.tokenTo("ann@example.org", MailKind::ResetPassword));
    for (const auto* secret : {&in.tokens.access, &in.tokens.refresh, &in.deviceKey}) {
        const auto text = secret->revealForUse();
        secrets.emplace_back(text.substr(text.rfind('.') + 1));
    }
    const std::string bytes = desk.desk.databaseText(), log = desk.desk.log.text();
    ASSERT_NE(bytes.find(in.user.id.text()), std::string::npos);
    for (const std::string& secret : secrets) {
        ASSERT_GE(secret.size(), 16U);
        EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
        EXPECT_EQ(log.find(secret), std::string::npos) << secret;
    }
    auto database = desk.desk.reader();
    const auto events = storage::readEvents(database, 0, 10'000).value();
    ASSERT_FALSE(events.empty());
    for (const auto& event : events)
        EXPECT_EQ(event.payload.find("ann@"), std::string::npos) << event.kind;
}

TEST(Accounts, WhatTheDatabaseSaysOfPeopleIsSealed)
{
    AccountsDesk desk;
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann.planted@example.org");
    EXPECT_EQ(desk.find(in.user.id).email.text(), "ann.planted@example.org");
    EXPECT_EQ(desk.find(in.user.id).displayName.text(), "Ann");
    const auto everything = desk.desk.databaseText();
    EXPECT_NE(everything.find(in.user.id.text()), std::string::npos) << "nothing was looked at";
    for (const char* planted : {"ann.planted", "example.org", "\"desk\""})
        EXPECT_EQ(everything.find(planted), std::string::npos) << planted;
}

TEST(Accounts, ASealedTextOpensForItsOwnerAndPlaceAlone)
{
    const auto key = IdentityWorld::keyOf('k');
    const UserId ann("ann"), ben("ben");
    const auto sealed = key->seal("email", ann, "ann@example.org");
    EXPECT_EQ(key->open("email", ann, sealed), "ann@example.org");
    EXPECT_EQ(key->open("email", ben, sealed), "");
    EXPECT_EQ(key->open("name", ann, sealed), "");
    EXPECT_EQ(key->open("email", ann, sealed.substr(1)), "");
    EXPECT_NE(key->seal("email", ben, "ann@example.org"), sealed);
    EXPECT_EQ(IdentityWorld::keyOf('x')->open("email", ann, sealed), "ann@example.org")
        << "another key for tokens leaves names readable";
}

} // namespace
} // namespace qd::test

#include <gtest/gtest.h>

#include "services/identity/accounts.h"
#include "services/identity/totp.h"
#include "tests/services/identity/accounts_desk.h"

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

TEST(SecondFactor, StepUpAsksForTheSameProofAgain)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    EXPECT_EQ(codeOf(desk.stepUp(in.tokens, {.email = "", .password = kOther})),
              "identity.wrong_credentials");
    EXPECT_FALSE(desk.sessions->isSteppedUp(desk.accessOf(in.tokens)));
    ASSERT_TRUE(desk.stepUp(in.tokens, {.email = ""}));
    EXPECT_TRUE(desk.sessions->isSteppedUp(desk.accessOf(in.tokens)));
    EXPECT_EQ(desk.desk.events("session.step_up_refused").size(), 1U);
    EXPECT_EQ(desk.desk.events("session.stepped_up").size(), 1U);
}

TEST(SecondFactor, ASecondFactorIsAskedForAndEachCodeIsGoodOnce)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    const auto refused = desk.desk.wait<Result<runtime::Secret>>(
        [&](auto then) { desk.accounts->enrolTotp(desk.accessOf(in.tokens), std::move(then)); });
    EXPECT_EQ(refused.error().code, "identity.step_up_needed");
    const auto recovery = desk.enrol(in);
    EXPECT_EQ(recovery.size(), static_cast<std::size_t>(kRecoveryCodes));
    EXPECT_EQ(desk.find(in.user.id).secondFactor, SecondFactor::Totp);

    AccountsDesk::Attempt attempt{.email = "ann@example.org"};
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.code_needed");
    attempt.code = desk.codeNow(in.user.id);
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.wrong_code") << "it confirmed the enrolment";
    desk.desk.world.run(30s);
    attempt.code = desk.codeNow(in.user.id);
    EXPECT_TRUE(desk.signIn(attempt));
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.wrong_code");
    attempt.code = recovery[3];
    EXPECT_TRUE(desk.signIn(attempt));
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.wrong_code");
    attempt.password = kOther;
    attempt.code = recovery[4];
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.wrong_credentials");
    attempt.password = AccountsDesk::kPassword;
    EXPECT_TRUE(desk.signIn(attempt)) << "a wrong password does not cost a recovery code";
    EXPECT_EQ(desk.desk.events("account.recovery_code_used").size(), 2U);
}

TEST(SecondFactor, OneCodeTypedTwiceSideBySideSignsInOnce)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    desk.enrol(in);
    desk.desk.world.run(1min);
    const std::string code = desk.codeNow(in.user.id);
    int answered = 0, passed = 0;
    for (int n = 0; n < 2; ++n)
        desk.accounts->signIn({EmailAddress::parse("ann@example.org").value(),
                               runtime::Secret(AccountsDesk::kPassword), runtime::Secret(code), {}},
                              {"203.0.113.9", {}, DeviceName::parse("desk").value(), {}},
                              [&](tl::expected<SignedIn, Refused> outcome) {
                                  ++answered;
                                  if (outcome) ++passed;
                              });
    desk.desk.world.runUntil([&] { return answered == 2; });
    EXPECT_EQ(answered, 2);
    EXPECT_EQ(passed, 1);
}

TEST(SecondFactor, WrongCodesAreCountedApartFromPasswords)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    desk.enrol(in);
    AccountsDesk::Attempt attempt{.email = "ann@example.org", .code = "000000"};
    for (int n = 0; n < 5; ++n) EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.wrong_code") << n;
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.wait");
    attempt.code.clear();
    EXPECT_EQ(codeOf(desk.signIn(attempt)), "identity.code_needed") << "the password is free";
}

TEST(SecondFactor, RemovingTheSecondFactorTakesStepUpWithIt)
{
    AccountsDesk desk(withoutRates());
    ASSERT_TRUE(desk.createFirst());
    const auto in = desk.join("ann@example.org");
    const auto recovery = desk.enrol(in);
    const auto remove = [&] {
        return desk.desk.wait<Result<void>>([&](auto then) {
            desk.accounts->removeTotp(desk.accessOf(in.tokens), std::move(then));
        });
    };
    desk.desk.world.run(5min);
    EXPECT_EQ(remove().error().code, "identity.step_up_needed");
    EXPECT_EQ(codeOf(desk.stepUp(in.tokens, {.email = ""})), "identity.code_needed");
    ASSERT_TRUE(desk.stepUp(in.tokens, {.email = "", .code = recovery[0]}));
    EXPECT_TRUE(remove());
    EXPECT_TRUE(desk.signIn({.email = "ann@example.org"}));
}

} // namespace
} // namespace qd::test

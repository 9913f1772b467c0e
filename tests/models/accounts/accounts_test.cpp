#include <gtest/gtest.h>

#include "models/accounts/role.h"
#include "models/accounts/user.h"

namespace qd::test {
namespace {

TEST(Roles, ASetIncludesWhatOneOfItsRolesDoes)
{
    const Roles desk{Role::Trader, Role::Support};
    EXPECT_TRUE(includes(desk, Role::Viewer));
    EXPECT_TRUE(includes(desk, Role::Support));
    EXPECT_FALSE(includes(desk, Role::Operator));
    EXPECT_FALSE(includes(desk, Role::Admin));
    EXPECT_TRUE(includes(Roles{Role::Admin}, Role::Operator));
    EXPECT_TRUE(includes(Roles{}, Role::Anyone));
    EXPECT_FALSE(includes(Roles{}, Role::Viewer));
}

TEST(Roles, TextReadsBackAsTheSameSet)
{
    for (unsigned bits = 0; bits < 32; ++bits) {
        Roles roles;
        for (unsigned n = 1; n <= 5; ++n)
            if ((bits >> (n - 1) & 1U) != 0) roles = roles.with(static_cast<Role>(n));
        EXPECT_EQ(Roles::parse(roles.toString()).value(), roles) << roles.toString();
    }
    EXPECT_FALSE(Roles::parse("trader,owner"));
    EXPECT_FALSE(Roles::parse("anyone"));
    EXPECT_EQ((Roles{Role::Trader, Role::Viewer}).without(Role::Viewer), Roles{Role::Trader});
}

TEST(EmailAddress, KeepsTheLocalPartAndLowersTheDomain)
{
    const auto address = EmailAddress::parse("Ann.Lee+desk@Example.ORG").value();
    EXPECT_EQ(address.text(), "Ann.Lee+desk@example.org");
    EXPECT_EQ(address.local(), "Ann.Lee+desk");
    EXPECT_EQ(address.domain(), "example.org");
    EXPECT_EQ(address.key(), "ann.lee+desk@example.org");
}

TEST(EmailAddress, RefusesWhatCouldNotStandInAHeader)
{
    for (const std::string text :
         {"", "ann", "@example.org", "ann@", "ann@@example.org", "ann lee@example.org", ".ann@x.org",
          "ann.@x.org", "a..b@x.org", "ann@x.org\r\nBcc: all@x.org", "ann@-x.org", "ann@x..org",
          "\"ann\"@x.org", "ann@x.org.", "<ann@x.org>", "ann@\xc3\xa9.org"})
        EXPECT_FALSE(EmailAddress::parse(text)) << text;
    EXPECT_FALSE(EmailAddress::parse(std::string_view("a\0b@x.org", 9)));
}

TEST(EmailAddress, TheLongestFitsAndOneMoreDoesNot)
{
    const std::string label(61, 'd');
    const std::string local(64, 'a');
    const std::string fits = local + '@' + label + '.' + label + '.' + label + ".co"; // 253
    ASSERT_EQ(fits.size(), 253U);
    EXPECT_TRUE(EmailAddress::parse(fits));
    EXPECT_TRUE(EmailAddress::parse(fits + 'm'));
    EXPECT_FALSE(EmailAddress::parse(fits + "mm"));
    EXPECT_FALSE(EmailAddress::parse(local + "a@x.org"));
}

TEST(DisplayName, IsPlainTextOfOneLine)
{
    EXPECT_EQ(DisplayName::parse("  Zo\xc3\xab  ").value().text(), "Zo\xc3\xab");
    EXPECT_TRUE(DisplayName::parse("\xf0\x9f\x9a\xa2 bridge"));
    for (const std::string text :
         {"", "   ", "two\nlines", "esc\x1b[2J", "turned\xe2\x80\xae", "isolated\xe2\x81\xa6",
          "c1\xc2\x85", "cut\xc3", "overlong\xc0\xaf", "surrogate\xed\xa0\x80"})
        EXPECT_FALSE(DisplayName::parse(text)) << text;
    EXPECT_TRUE(DisplayName::parse(std::string(64, 'n')));
    EXPECT_FALSE(DisplayName::parse(std::string(65, 'n')));
}

} // namespace
} // namespace qd::test

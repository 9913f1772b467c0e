#include "models/base/network_address.h"

#include <gtest/gtest.h>

namespace qd {
namespace {

TEST(Network, IsTheNeighbourhoodOfAnAddress)
{
    EXPECT_EQ(networkOf("203.0.113.77"), "203.0.113.0/24");
    EXPECT_EQ(networkOf("::ffff:203.0.113.77"), "203.0.113.0/24");
    EXPECT_EQ(networkOf("2001:db8:0:1:aaaa:bbbb:cccc:dddd"), "2001:db8:0:1::/64");
    EXPECT_EQ(networkOf("2001:db8::7"), "2001:db8::/64");
    EXPECT_EQ(networkOf("[2001:db8:0:1::9]"), "2001:db8:0:1::/64");
    EXPECT_EQ(networkOf("fe80::1%eth0"), "fe80::/64");
    EXPECT_EQ(networkOf(""), "unknown");
    EXPECT_EQ(networkOf("203.0.113"), "unknown");
    EXPECT_EQ(networkOf(std::string(10'000, '1')), "unknown");
}

TEST(Loopback, IsKnownByItsNumberAlone)
{
    for (const char* ours : {"127.0.0.1", "127.0.0.53", "127.255.255.255", "::1", "[::1]",
                             "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"})
        EXPECT_TRUE(isLoopback(ours)) << ours;
    for (const char* foreign :
         {"localhost", "127.example.org", "127.0.0.1.example.org", "127.0.0.1:80", "128.0.0.1",
          "0.0.0.0", "::", "::2", "10.0.0.1", "", "[", "[]", "127.1", "2130706433"})
        EXPECT_FALSE(isLoopback(foreign)) << foreign;
}

TEST(Confidential, IsTlsToAnywhereAndClearTextToThisMachine)
{
    for (const char* scheme : {"https", "wss"})
        for (const char* host : {"api.example.org", "127.0.0.1", "localhost"})
            EXPECT_TRUE(isConfidential(scheme, host)) << scheme << ' ' << host;
    for (const char* scheme : {"http", "ws"}) {
        EXPECT_TRUE(isConfidential(scheme, "127.0.0.1")) << scheme;
        EXPECT_TRUE(isConfidential(scheme, "::1")) << scheme;
        for (const char* host : {"api.example.org", "localhost", "127.0.0.1.example.org", "10.0.0.1"})
            EXPECT_FALSE(isConfidential(scheme, host)) << scheme << ' ' << host;
    }
    EXPECT_FALSE(isConfidential("ftp", "127.0.0.1"));
    EXPECT_FALSE(isConfidential("", "127.0.0.1"));
}

} // namespace
} // namespace qd

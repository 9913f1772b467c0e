#include "services/brokers/oauth/provider.h"

#include <gtest/gtest.h>

namespace qd::brokers::oauth::test {
namespace {

using namespace std::chrono_literals;

using Words = std::vector<std::string>;

/// A broker's consent as its documentation has it, written down a second time.
struct DocumentedProvider {
    const char* broker;
    std::vector<LinkMethod> methods;
    const char *authorizeUrl, *tokenUrl, *refreshUrl, *revokeUrl, *issuer;
    Words scopes;
    ClientAuth clientAuth;
    bool usesPkce, canRefresh, rotatesRefresh;
    Duration code, access, refresh;
};

const std::vector<DocumentedProvider>& documented()
{
    static const std::vector<DocumentedProvider> rows = {
        // Secret as a field of the form; access without an end, and so nothing to renew.
        {"alpaca", {LinkMethod::OAuth, LinkMethod::Key},
         "https://app.alpaca.markets/oauth/authorize", "https://api.alpaca.markets/oauth/token", "",
         "", "", {"account:write", "trading", "data"}, ClientAuth::Post, false, false, false, 0s, 0s,
         0s},
        // HTTP Basic; another address to renew at; codes live 10 minutes, access a day.
        {"tradier", {LinkMethod::OAuth, LinkMethod::Key},
         "https://api.tradier.com/v1/oauth/authorize",
         "https://api.tradier.com/v1/oauth/accesstoken",
         "https://api.tradier.com/v1/oauth/refreshtoken", "", "",
         {"read", "write", "market", "trade", "stream"}, ClientAuth::Basic, false, true, false, 10min,
         24h, 0s},
        // A session of its gateway; no consent to ask for.
        {"ibkr", {LinkMethod::Session}, "", "", "", "", "", {}, ClientAuth::Post, false, false, false,
         0s, 0s, 0s},
        // HTTP Basic; access for half an hour, renewed for a week from consent.
        {"schwab", {LinkMethod::OAuth}, "https://api.schwabapi.com/v1/oauth/authorize",
         "https://api.schwabapi.com/v1/oauth/token", "", "", "", {}, ClientAuth::Basic, false, true,
         false, 0s, 30min, 7 * 24h},
    };
    return rows;
}

TEST(OAuthProviders, EachRowIsAsItsBrokerDocumentsIt)
{
    ASSERT_EQ(knownProviders().size(), documented().size());
    for (std::size_t i = 0; i < documented().size(); ++i) {
        const Provider& row = knownProviders()[i];
        const DocumentedProvider& expected = documented()[i];
        SCOPED_TRACE(expected.broker);
        EXPECT_EQ(row.broker, BrokerId(expected.broker));
        EXPECT_EQ(row.methods, expected.methods);
        EXPECT_EQ(row.authorizeUrl, expected.authorizeUrl);
        EXPECT_EQ(row.tokenUrl, expected.tokenUrl);
        EXPECT_EQ(row.refreshUrl, expected.refreshUrl);
        EXPECT_EQ(row.revokeUrl, expected.revokeUrl);
        EXPECT_EQ(row.issuer, expected.issuer);
        EXPECT_FALSE(row.sendsIssuer);
        EXPECT_EQ(row.scopes, expected.scopes);
        EXPECT_EQ(row.clientAuth, expected.clientAuth);
        EXPECT_EQ(row.usesPkce, expected.usesPkce);
        EXPECT_EQ(row.canRefresh, expected.canRefresh);
        EXPECT_EQ(row.rotatesRefresh, expected.rotatesRefresh);
        EXPECT_EQ(row.codeLifetime, expected.code);
        EXPECT_EQ(row.accessLifetime, expected.access);
        EXPECT_EQ(row.refreshLifetime, expected.refresh);
        EXPECT_TRUE(row.extraParameters.empty());
    }
}

TEST(OAuthProviders, WhereAccessCannotBeRevokedThereIsAPageToRemoveItAt)
{
    for (const Provider& row : knownProviders()) {
        const bool isByHand = row.has(LinkMethod::OAuth) && row.revokeUrl.empty();
        EXPECT_TRUE(!isByHand || row.manageUrl.starts_with("https://")) << row.name;
    }
}

TEST(OAuthProviders, AtAnotherServerProofOfTheCodeIsAlwaysAsked)
{
    for (const Provider& row : knownProviders()) {
        const Provider moved = atServer(row, "http://127.0.0.1:9/", true);
        EXPECT_TRUE(moved.usesPkce && moved.rotatesRefresh && moved.sendsIssuer) << row.name;
        EXPECT_EQ(moved.clientAuth, ClientAuth::None);
        EXPECT_EQ(moved.tokenUrl, "http://127.0.0.1:9/token");
        EXPECT_EQ(moved.refreshUrl, "");
        EXPECT_EQ(moved.revokeUrl, "http://127.0.0.1:9/revoke");
        EXPECT_EQ(moved.issuer, "http://127.0.0.1:9");
        EXPECT_EQ(atServer(row, "http://127.0.0.1:9", false).clientAuth, ClientAuth::Basic);
    }
}

} // namespace
} // namespace qd::brokers::oauth::test

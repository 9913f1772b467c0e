#include "services/observability/log.h"

#include <type_traits>

#include <gtest/gtest.h>

#include "services/json/json.h"
#include "services/observability/masking.h"
#include "tests/support/captured_log.h"
#include "tests/support/fake_clock.h"

namespace qd::observability {
namespace {

// Redaction by type: this is what makes a leak a compile error.
static_assert(!std::is_constructible_v<LogField, std::string_view, runtime::Secret>);
static_assert(!std::is_constructible_v<LogField, std::string_view, const runtime::Secret&>);

TEST(Log, ALineIsOneJsonObjectThatSaysWhoWhenAndWhy)
{
    const test::FakeClock clock;
    test::CapturedLog sink;
    runtime::SeededRandom random(1);
    const auto trace = TraceContext::makeRoot(random);
    const Logger log(sink, clock, "orders");
    log.in(trace).warning("order refused\n\"late\"", {{"clientOrderId", "c-1"},
                                                      {"price", Price::of("12.50")},
                                                      {"count", 3},
                                                      {"isLive", false},
                                                      {"elapsedMs", std::chrono::microseconds(1500)},
                                                      {"level", "a field may be called so"}});
    ASSERT_EQ(sink.lines().size(), 1u);
    EXPECT_EQ(sink.lines()[0].find('\n'), std::string::npos);
    const auto line = json::Document::parse(sink.lines()[0]);
    ASSERT_TRUE(line) << sink.lines()[0];
    const auto& record = *line;
    EXPECT_EQ(record["time"].timestamp(), clock.now());
    EXPECT_EQ(record["level"].string(), "warning");
    EXPECT_EQ(record["component"].string(), "orders");
    EXPECT_EQ(record["message"].string(), "order refused\n\"late\"");
    EXPECT_EQ(record["traceId"].string(), trace.traceIdHex());
    EXPECT_EQ(record["spanId"].string(), trace.spanIdHex());
    EXPECT_EQ(record["clientOrderId"].string(), "c-1");
    EXPECT_EQ(record["price"].price(), Price::of("12.5"));
    EXPECT_EQ(record["count"].integer(), 3);
    EXPECT_EQ(record["isLive"].boolean(), false);
    EXPECT_EQ(record["elapsedMs"].number(), 1.5);
    EXPECT_EQ(record["field.level"].string(), "a field may be called so");
    EXPECT_FALSE(record.root().hasDuplicateKeys());
}

TEST(Log, ADefaultLoggerLogsNowhere)
{
    const Logger log;
    log.error("nobody listens", {{"x", 1}});
}

TEST(Log, NoSecretIsEverInALine)
{
    const std::string secret = "tk9f3Kq72mZxW1vB";
    const test::FakeClock clock;
    test::CapturedLog sink;
    const Logger log(sink, clock, "brokers");
    for (const auto* name : {"password", "newPassword", "token", "accessToken", "refresh_token",
                             "client_secret", "apiKey", "api-key", "APCA-API-SECRET-KEY", "Authorization",
                             "Cookie", "Set-Cookie", "X-Api-Key", "passphrase", "code_verifier",
                             "privateKey", "signing_key", "sessionToken", "id.token", "totp"})
        log.info("call", {{name, secret}});
    const std::vector<std::string> messages = {
        "Authorization: Bearer " + secret,
        "authorization=Bearer%20" + secret,
        "sent header bearer " + secret + " to the venue",
        "Basic " + secret,
        "GET /v1/x?symbol=SPY&token=" + secret + "&limit=1",
        "https://host/callback?code_verifier=" + secret,
        R"(body {"user":"x","password":")" + secret + R"(","y":1})",
        R"(body {"api_key": ")" + secret + R"("})",
        R"(escaped {\"secret\":\")" + secret + R"(\"})",
        "password = '" + secret + "'",
        "clientSecret:" + secret,
        "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0." + secret,
        "-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----",
    };
    for (const auto& message : messages) {
        log.info(message);
        log.error("failed", {{"detail", message}});
        log.error("failed", {{"error", Error{ErrorKind::Denied, "brokers.denied", message, ""}}});
    }
    for (const auto& line : sink.lines()) EXPECT_EQ(line.find(secret), std::string::npos) << line;
}

TEST(Log, NoAddressIsEverInALine)
{
    const auto text = masked("from ann.lee+x@mail.example.com, to <bob@example.org>; 2 @ 12.50");
    EXPECT_EQ(text, "from ***, to <***>; 2 @ 12.50");
    EXPECT_EQ(masked("@everyone is told"), "@everyone is told");
}

TEST(Log, WhatIsNoSecretStaysReadable)
{
    for (const auto* text :
         {"order 7f3c accepted: 100 SPY @ 412.50", "token bucket is empty", "basic checks passed",
          "the password was changed", "tokens=5", "secretary", "GET /v1/orders?limit=50&cursor=abc",
          "a=b c:d", "12.5%", "", "broken @", "bearer of news"})
        EXPECT_EQ(masked(text), text);
}

TEST(Log, LevelNamesReadBack)
{
    for (const auto level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error})
        EXPECT_EQ(parseLogLevel(toString(level)), level);
    EXPECT_FALSE(parseLogLevel("loud"));
}

} // namespace
} // namespace qd::observability

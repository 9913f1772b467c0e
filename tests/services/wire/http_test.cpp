#include <gtest/gtest.h>

#include "services/wire/messages.h"
#include "services/wire/url.h"

namespace qd::wire {

TEST(Headers, NamesCompareWithoutCaseAndSetReplacesAll)
{
    Headers headers{{"Accept", "a"}, {"accept", "b"}};
    EXPECT_EQ(headers.find("ACCEPT"), "a");
    headers.set("aCCept", "c");
    EXPECT_EQ(headers.all().size(), 1u);
    EXPECT_EQ(headers.find("Accept"), "c");
    EXPECT_FALSE(headers.contains("Host"));
    EXPECT_EQ(headers.find("Host"), "");
}

TEST(Target, SegmentsAndQueryAreDecoded)
{
    const auto target = Target::parse("/v2//orders%3Aby_client/a%2Fb?x=1&y=a+b%20c&flag&x=2#frag");
    ASSERT_TRUE(target) << describe(target.error());
    EXPECT_EQ(target->path, "/v2//orders%3Aby_client/a%2Fb");
    EXPECT_EQ(target->segments, (std::vector<std::string>{"v2", "orders:by_client", "a/b"}));
    EXPECT_EQ(target->queryValue("x"), "1");
    EXPECT_EQ(target->queryValue("y"), "a b c");
    EXPECT_TRUE(target->hasQuery("flag"));
    EXPECT_FALSE(target->hasQuery("z"));
    EXPECT_EQ(target->query.size(), 4u);
}

TEST(Target, BrokenOnesAreRefused)
{
    for (const char* text : {"", "relative", "http://host/", "/a%", "/a%2", "/a%zz", "/a%00", "/?x=%f"}) {
        const auto target = Target::parse(text);
        ASSERT_FALSE(target) << text;
        EXPECT_EQ(target.error().code, "wire.target");
    }
}

TEST(PercentEncode, KeepsUnreservedAndReadsBack)
{
    std::string all;
    for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
    const std::string encoded = percentEncode(all);
    EXPECT_EQ(encoded.find_first_of(" /?#[]@!$&'()*+,;="), std::string::npos);
    const auto back = Target::parse("/" + encoded);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->segments.at(0), all);
    EXPECT_EQ(percentEncode("AZaz09-._~ "), "AZaz09-._~%20");
}

TEST(Url, SplitsWhatConnectingNeeds)
{
    const auto plain = Url::parse("HTTP://Api.Example.com/v1/x?y=1#z");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->host, "api.example.com");
    EXPECT_EQ(plain->port, 80);
    EXPECT_EQ(plain->target, "/v1/x?y=1");
    EXPECT_EQ(plain->authority(), "api.example.com");
    const auto secure = Url::parse("wss://[::1]:8443");
    ASSERT_TRUE(secure);
    EXPECT_TRUE(secure->isSecure());
    EXPECT_EQ(secure->host, "::1");
    EXPECT_EQ(secure->target, "/");
    EXPECT_EQ(secure->authority(), "[::1]:8443");
    EXPECT_EQ(Url::parse("https://h?q")->target, "/?q");
}

TEST(Url, RefusesWhatItCannotConnectTo)
{
    for (const char* text : {"", "/path", "ftp://h/", "http://", "http:///x", "http://u:p@h/", "http://h:0/",
                             "http://h:65536/", "http://h:x/", "http://[::1/", "http://[[ma0]:", "http://[host]/", "http://h]/",
                             "http://h/a b", "http://h/\r\nX: y"}) {
        const auto url = Url::parse(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, "wire.url");
    }
}

TEST(Messages, AnAnswerCannotBeSplitByAHeaderValue)
{
    HttpResponse response{200, {{"X-Name", "a\r\nSet-Cookie: b"}, {"Bad Name", "c"}}, "body"};
    const std::string head = answerHead(response, {}, Timestamp::of("2026-01-02T03:04:05Z"));
    EXPECT_EQ(head, "HTTP/1.1 200 OK\r\nX-Name: a  Set-Cookie: b\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
                    "Content-Length: 4\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Messages, ARequestWithABrokenHeaderIsNotSent)
{
    const Url url = *Url::parse("http://h/x");
    HttpRequest request;
    request.headers.add("X-A", "1\r\nX-B: 2");
    EXPECT_EQ(requestHead(request, url).error().code, "wire.header");
    request.headers = {{"X\r\n", "1"}};
    EXPECT_EQ(requestHead(request, url).error().code, "wire.header");
    request.headers = {};
    request.method = "GET / HTTP/1.1\r\n";
    EXPECT_EQ(requestHead(request, url).error().code, "wire.header");
}

TEST(Messages, TokensInListsCompareWithoutCase)
{
    EXPECT_TRUE(hasToken("keep-alive, Upgrade", "upgrade"));
    EXPECT_FALSE(hasToken("upgraded", "upgrade"));
    EXPECT_FALSE(hasToken("", "upgrade"));
}

} // namespace qd::wire

#include "services/brokers/alpaca/market_json.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace qd::brokers::alpaca {
namespace {

using Control = MarketDecoder::Control;

const Timestamp kReceived = Timestamp::of("2026-01-05T15:00:00Z");

struct Decoded {
    std::vector<MarketEvent> events;
    std::vector<Control> controls;

    template <typename T>
    std::vector<T> all() const
    {
        std::vector<T> found;
        for (const auto& event : events)
            if (const auto* value = std::get_if<T>(&event)) found.push_back(*value);
        return found;
    }
};

Decoded decode(std::string_view frame)
{
    MarketDecoder decoder;
    Decoded decoded;
    decoder.decode(frame, kReceived, decoded.events, decoded.controls);
    return decoded;
}

constexpr const char* kQuote =
    R"({"T":"q","S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"Q","ap":87.68,"as":4,)"
    R"("t":"2021-02-22T15:51:45.335689322Z","c":["R"],"z":"C"})";

std::string frame(std::initializer_list<std::string> messages)
{
    std::string text = "[";
    for (const auto& message : messages) text += (text.size() > 1 ? "," : "") + message;
    return text + "]";
}

TEST(MarketJson, AQuoteIsRead)
{
    const auto decoded = decode(frame({kQuote}));
    const auto quotes = decoded.all<Quote>();
    ASSERT_EQ(decoded.events.size(), 1u);
    ASSERT_EQ(quotes.size(), 1u);
    EXPECT_EQ(quotes[0].symbol, Symbol::of("AMD"));
    EXPECT_EQ(quotes[0].bid, Price::of("87.66"));
    EXPECT_EQ(quotes[0].ask, Price::of("87.68"));
    EXPECT_EQ(quotes[0].bidSize, Quantity::of("1"));
    EXPECT_EQ(quotes[0].askSize, Quantity::of("4"));
    EXPECT_EQ(quotes[0].eventTime, Timestamp::of("2021-02-22T15:51:45.335689322Z"));
    EXPECT_EQ(quotes[0].receiveTime, kReceived);
}

TEST(MarketJson, MembersMayStandInAnyOrderWithSpacesAndNumbersInAnyForm)
{
    const auto decoded = decode(
        " [ { \"as\" : 2.5e1 , \"ap\" : 1.00000001 , \"t\" : \"2021-02-22T10:51:45-05:00\",\n"
        "\"bs\" : 0, \"new\":{\"deep\":[1,{}]}, \"bp\" : 0 , \"S\" : \"BTC/USD\" , \"T\" : \"q\" } "
        "] ");
    const auto quotes = decoded.all<Quote>();
    ASSERT_EQ(quotes.size(), 1u);
    EXPECT_EQ(quotes[0].askSize, Quantity::of("25"));
    EXPECT_EQ(quotes[0].ask, Price::of("1.00000001"));
    EXPECT_TRUE(quotes[0].bid.isZero());
    EXPECT_EQ(quotes[0].symbol, Symbol::of("BTC/USD"));
    EXPECT_EQ(quotes[0].eventTime, Timestamp::of("2021-02-22T15:51:45Z"));
}

TEST(MarketJson, ATradeIsRead)
{
    const auto decoded =
        decode(frame({R"({"T":"t","i":96921,"S":"AAPL","x":"D","p":126.55,"s":0.5,)"
                      R"("t":"2021-02-22T15:51:44.208Z","c":["@","I"],"z":"C"})"}));
    const auto trades = decoded.all<Trade>();
    ASSERT_EQ(trades.size(), 1u);
    EXPECT_EQ(trades[0].id, 96921);
    EXPECT_EQ(trades[0].price, Price::of("126.55"));
    EXPECT_EQ(trades[0].size, Quantity::of("0.5"));
    EXPECT_EQ(trades[0].condition, "@ I");
    EXPECT_EQ(trades[0].exchange, "D");
}

TEST(MarketJson, HaltsAndResumptionsAreReadAndOtherCodesChangeNothing)
{
    const auto status = [](const char* code) {
        return std::string(R"({"T":"s","S":"AAPL","sc":")") + code +
               R"(","sm":"Some words","rc":"","rm":"","t":"2021-02-22T19:15:57.1Z","z":"C"})";
    };
    for (const char* code : {"H", "P", "2", "Q"}) {
        const auto statuses = decode(frame({status(code)})).all<MarketStatus>();
        ASSERT_EQ(statuses.size(), 1u) << code;
        EXPECT_TRUE(statuses[0].halted) << code;
        EXPECT_EQ(statuses[0].reason, "Some words");
    }
    for (const char* code : {"T", "3"}) {
        const auto statuses = decode(frame({status(code)})).all<MarketStatus>();
        ASSERT_EQ(statuses.size(), 1u) << code;
        EXPECT_FALSE(statuses[0].halted) << code;
    }
    EXPECT_TRUE(decode(frame({status("5")})).events.empty()) << "a price indication during a halt";
}

TEST(MarketJson, ControlsAreToldApart)
{
    const auto decoded = decode(
        frame({R"({"T":"success","msg":"connected"})", R"({"T":"success","msg":"authenticated"})",
               R"({"T":"subscription","trades":["AAPL"],"quotes":[]})",
               R"({"T":"error","code":406,"msg":"connection limit exceeded"})"}));
    EXPECT_TRUE(decoded.events.empty());
    ASSERT_EQ(decoded.controls.size(), 4u);
    EXPECT_EQ(decoded.controls[0].kind, Control::Kind::Connected);
    EXPECT_EQ(decoded.controls[1].kind, Control::Kind::Authenticated);
    EXPECT_EQ(decoded.controls[2].kind, Control::Kind::Subscription);
    EXPECT_EQ(decoded.controls[3].kind, Control::Kind::Error);
    EXPECT_EQ(decoded.controls[3].code, 406);
    EXPECT_EQ(decoded.controls[3].message, "connection limit exceeded");
}

TEST(MarketJson, UnknownTypesAreIgnored)
{
    const auto decoded = decode(
        frame({R"({"T":"l","S":"IONM","u":3.24,"d":2.65})", R"({"T":"something_new"})", kQuote}));
    EXPECT_EQ(decoded.events.size(), 1u);
    EXPECT_EQ(decoded.all<Quote>().size(), 1u);
}

TEST(MarketJson, AMessageThatMakesNoSenseIsKeptAndTheRestIsReadOn)
{
    const auto decoded = decode(
        frame({kQuote,
               R"({"T":"q","S":"AMD","bp":"much","bs":1,"ap":1,"as":1,"t":"2021-02-22T15:51:45Z"})",
               R"({"T":"q","S":"AMD","bp":1,"bs":1,"ap":1,"as":1,"t":"yesterday"})",
               R"({"T":"q","S":"AMD","bp":1,"bs":1,"as":1,"t":"2021-02-22T15:51:45Z"})",
               R"({"T":"t","S":"$$$ nonsense","p":1,"s":1,"t":"2021-02-22T15:51:45Z"})",
               R"({"S":"no type"})", kQuote}));
    EXPECT_EQ(decoded.all<Quote>().size(), 2u);
    const auto bad = decoded.all<Malformed>();
    ASSERT_EQ(bad.size(), 5u);
    for (const auto& malformed : bad) {
        EXPECT_EQ(malformed.error.code, "alpaca.schema");
        EXPECT_FALSE(malformed.message.empty());
    }
}

TEST(MarketJson, WhatIsNoFrameIsOneMalformed)
{
    for (const char* text :
         {"", "   ", "{}", "[1]", "null", "[{\"T\":\"q\"", "\xff\xfe", "[", "]"}) {
        const auto decoded = decode(text);
        EXPECT_EQ(decoded.events.size(), 1u) << text;
        EXPECT_EQ(decoded.all<Malformed>().size(), 1u) << text;
    }
    EXPECT_TRUE(decode("[]").events.empty());
}

TEST(MarketJson, FractionDigitsFromNoneToNineAreRead)
{
    for (const char* time :
         {"2021-02-22T15:51:45Z", "2021-02-22T15:51:45.3Z", "2021-02-22T15:51:45.335Z",
          "2021-02-22T15:51:45.335689Z", "2021-02-22T15:51:45.33568932Z",
          "2021-02-22T15:51:45.335689322Z", "2024-02-29T23:59:59.999999999Z",
          "2021-02-22T15:51:45.335689322+01:00"}) {
        const auto quotes =
            decode(std::string(R"([{"T":"q","S":"A","bp":1,"bs":1,"ap":2,"as":1,"t":")") + time +
                   "\"}]")
                .all<Quote>();
        ASSERT_EQ(quotes.size(), 1u) << time;
        EXPECT_EQ(quotes[0].eventTime, Timestamp::of(time)) << time;
    }
    for (const char* time :
         {"2021-02-30T15:51:45Z", "2021-13-22T15:51:45Z", "2021-02-22T25:51:45Z",
          "2021-02-22T15:61:45.335689322Z", "2021-02-22T15:51:45.33568932xZ", "2021-02-22T15:51:45",
          "2021-02-29T15:51:45.335689322Z", "2021-02-22 15.51.45.335689322Z", "",
          "2021-00-22T15:51:45.335689322Z", "2021-02-00T15:51:45.335689322Z"}) {
        const auto decoded = decode(
            std::string(R"([{"T":"q","S":"A","bp":1,"bs":1,"ap":2,"as":1,"t":")") + time + "\"}]");
        EXPECT_EQ(decoded.all<Malformed>().size(), 1u) << time;
    }
}

TEST(MarketJson, OneDecoderReadsManyFramesOfManySymbols)
{
    MarketDecoder decoder;
    for (int round = 0; round < 3; ++round) {
        std::string text = "[";
        for (int i = 0; i < 500; ++i)
            text += std::string(i ? "," : "") + R"({"T":"q","S":"S)" + std::to_string(i) +
                    R"(","bp":)" + std::to_string(i + 1) + R"(.25,"bs":1,"ap":)" +
                    std::to_string(i + 2) + R"(,"as":1,"t":"2021-02-22T15:51:45.1Z"})";
        std::vector<MarketEvent> events;
        std::vector<Control> controls;
        decoder.decode(text + "]", kReceived, events, controls);
        ASSERT_EQ(events.size(), 500u);
        const auto& last = std::get<Quote>(events.back());
        EXPECT_EQ(last.symbol, Symbol::of("S499"));
        EXPECT_EQ(last.bid, Price::of("500.25"));
    }
}

TEST(AlpacaSamples, StreamMessagesAreReadOrIgnored)
{
    std::ifstream file(std::string(QD_SHARED_DATA) + "/brokers/alpaca-py/websocket_messages.json");
    if (!file) GTEST_SKIP() << "shared data not present";
    std::stringstream stream;
    stream << file.rdbuf();
    std::string text = stream.str();
    // The recording stands a word for the time.
    const std::string word = "_expr:timestamp";
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at))
        text.replace(at, word.size(), "2024-03-12T10:27:48.858228144Z");
    const auto decoded = decode(text);
    EXPECT_TRUE(decoded.all<Malformed>().empty())
        << describe(decoded.all<Malformed>().front().error);
    EXPECT_GE(decoded.all<Quote>().size(), 1u);
    EXPECT_GE(decoded.all<Trade>().size(), 1u);
    EXPECT_GE(decoded.all<MarketStatus>().size(), 1u);
}

} // namespace
} // namespace qd::brokers::alpaca

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "services/json/json.h"
#include "services/runtime/random.h"

namespace qd::json {
namespace {

TEST(JsonWriter, WritesWhatTheWireShows)
{
    Writer writer;
    writer.beginObject()
        .member("symbol", "SPY")
        .member("price", Price::of("412.50"))
        .member("quantity", Quantity::of("-3"))
        .member("cash", Money::of("1000000000000.01"))
        .member("time", Timestamp::of("2026-01-05T15:00:00.123456789Z"))
        .member("unset", Timestamp{})
        .member("live", true)
        .member("count", 7u)
        .member("ratio", 0.1)
        .member("absent", std::optional<int>{})
        .member("present", std::optional<int>{4});
    writer.key("wire").number(Decimal::of("12.5"));
    writer.array("tags", std::vector<std::string>{"a", "b"});
    writer.key("empty").beginArray().endArray();
    writer.key("nested").beginObject().key("x").null().endObject().endObject();
    EXPECT_EQ(writer.take(),
              R"({"symbol":"SPY","price":"412.5","quantity":"-3","cash":"1000000000000.01",)"
              R"("time":"2026-01-05T15:00:00.123456Z","unset":null,"live":true,"count":7,"ratio":0.1,)"
              R"("absent":null,"present":4,"wire":12.5,"tags":["a","b"],"empty":[],"nested":{"x":null}})");
    writer.value("reused");
    EXPECT_EQ(writer.text(), "\"reused\"");
}

TEST(JsonWriter, EveryByteStringBecomesValidJson)
{
    runtime::SeededRandom random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random.below(12), '\0');
        for (char& c : text) c = static_cast<char>(random.next());
        EXPECT_TRUE(nlohmann::json::accept(quote(text)));
    }
}

TEST(JsonWriter, TextReadsBackUnchanged)
{
    for (const std::string text : {"", "plain", "\"\\/\b\f\n\r\t\x01\x1f\x7f", "é€😀",
                                   "\xf0\x90\x8d\x88", "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"}) {
        const auto document = Document::parse(quote(text));
        ASSERT_TRUE(document);
        EXPECT_EQ(document->root().string(), text);
    }
}

TEST(JsonWriter, BrokenUtf8IsReplacedNotPassedOn)
{
    const std::string replacement = "\xef\xbf\xbd";
    EXPECT_EQ(quote("a\xff" "b"), "\"a" + replacement + "b\"");
    EXPECT_EQ(quote("\xc3"), "\"" + replacement + "\"");
    EXPECT_EQ(quote("\xed\xa0\x80"), "\"" + replacement + replacement + replacement + "\"");
    EXPECT_EQ(quote("\xe2\x82"), "\"" + replacement + replacement + "\"");
}

TEST(JsonWriter, DoublesReadBackTheSame)
{
    for (const double number : {0.1, 1e300, 5e-324, -0.0, 1.0, 123456789.123456789,
                                std::numeric_limits<double>::max()}) {
        Writer writer;
        writer.value(number);
        EXPECT_EQ(Document::parse(writer.text())->root().number(), number) << writer.text();
    }
    Writer writer;
    writer.beginArray().value(std::nan("")).value(std::numeric_limits<double>::infinity()).endArray();
    EXPECT_EQ(writer.text(), "[null,null]");
}

TEST(JsonWriter, CopiesValuesOfADocument)
{
    const auto document = Document::parse(R"( { "a" : [ 1.10, "\u00e9" ] } )");
    Writer writer;
    writer.beginArray().value(document->root()).value((*document)["none"]).endArray();
    EXPECT_EQ(writer.take(), R"([{"a":[1.10,"é"]},null])");
}

TEST(JsonWriterDeath, MisuseStopsTheProgram)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_DEATH(Writer().beginObject().value(1), "");
    EXPECT_DEATH(Writer().beginArray().key("a"), "");
    EXPECT_DEATH(Writer().beginArray().endObject(), "");
    EXPECT_DEATH(Writer().value(1).value(2), "");
    EXPECT_DEATH(Writer().beginObject().key("a").endObject(), "");
    EXPECT_DEATH(static_cast<void>(Writer().beginArray().take()), "");
}

} // namespace
} // namespace qd::json

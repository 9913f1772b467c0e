#include <gtest/gtest.h>

#include "services/json/json.h"

namespace qd::json {
namespace {

Document parsed(std::string_view text)
{
    auto document = Document::parse(text);
    EXPECT_TRUE(document) << text;
    return std::move(*document);
}

std::string codeOf(std::string_view text, const Limits& limits = {})
{
    const auto document = Document::parse(text, limits);
    return document ? "taken" : document.error().code;
}

TEST(JsonDocument, DecimalsAreExactAsNumberAndAsString)
{
    const auto document = parsed(R"({"a":0.1,"b":"0.1","c":92233720368.54775807,"d":1.5e3,"e":1e-9})");
    EXPECT_EQ(document["a"].decimal(), Decimal::of("0.1"));
    EXPECT_EQ(document["b"].decimal(), Decimal::of("0.1"));
    EXPECT_EQ(document["c"].decimal()->units(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(document["d"].price(), Price::of("1500"));
    ASSERT_FALSE(document["e"].decimal());
    EXPECT_EQ(document["e"].decimal().error().field, "e");
    EXPECT_EQ(document["c"].numberText(), "92233720368.54775807");
}

TEST(JsonDocument, IntegersKeepAll64Bits)
{
    const auto document = parsed(
        R"([9223372036854775807,-9223372036854775808,9223372036854775808,"12",1e3,1.0,1.5,"x",true])");
    EXPECT_EQ(document.root().at(0).integer(), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(document.root().at(1).integer(), std::numeric_limits<std::int64_t>::min());
    EXPECT_FALSE(document.root().at(2).integer());
    EXPECT_EQ(document.root().at(2).unsignedInteger(), 9223372036854775808ULL);
    EXPECT_FALSE(document.root().at(1).unsignedInteger());
    EXPECT_EQ(document.root().at(3).integer(), 12);
    EXPECT_EQ(document.root().at(4).integer(), 1000);
    EXPECT_EQ(document.root().at(5).integer(), 1);
    for (std::size_t i = 6; i < 9; ++i) EXPECT_FALSE(document.root().at(i).integer()) << i;
}

TEST(JsonDocument, AMissingMemberChainsAndTellsItsPath)
{
    const auto document = parsed(R"({"legs":[{"symbol":"SPY"},{"side":"buy"}]})");
    const auto legs = document["legs"];
    EXPECT_EQ(legs.at(0)["symbol"].string(), "SPY");
    const auto symbol = legs.at(1)["symbol"].string();
    ASSERT_FALSE(symbol);
    EXPECT_EQ(symbol.error().code, "json.missing");
    EXPECT_EQ(symbol.error().field, "legs[1].symbol");
    EXPECT_EQ(legs.at(7)["a"]["b"].integer().error().field, "legs[7]");
    EXPECT_EQ(document["nothing"].at(3).string().error().field, "nothing");
    EXPECT_EQ(legs.at(0)["symbol"].integer().error().field, "legs[0].symbol");
    EXPECT_EQ(document["legs"].string().error().code, "json.type");
    EXPECT_TRUE(document["absent"].isAbsent());
    EXPECT_EQ(document["absent"].stringOr("fallback"), "fallback");
}

TEST(JsonDocument, AMissingValueOutlivesTheNameItWasLookedUpBy)
{
    const auto document = parsed("{}");
    Value value;
    {
        const std::string name = "a name that is long enough to be on the heap";
        value = document[name];
    }
    EXPECT_TRUE(value.string().error().field.starts_with("a name that is long enough"));
}

TEST(JsonDocument, ValuesSurviveTheMoveOfTheirDocument)
{
    auto document = parsed(R"({"a":"text that is longer than a small string can be"})");
    const auto value = document["a"];
    const auto moved = std::move(document);
    EXPECT_EQ(value.string(), "text that is longer than a small string can be");
    EXPECT_EQ(moved["a"].string(), value.string());
}

TEST(JsonDocument, UnescapesEveryEscape)
{
    const auto document = parsed(R"({"\u0061\n":"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\ude00x"})");
    EXPECT_EQ(document["a\n"].string(), "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x");
}

TEST(JsonDocument, RefusesBrokenUnicode)
{
    for (const auto* text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")",
                             R"("\ud83d\ud83d")", R"("\u12g4")", "\"\xff\"", "\"\xc0\x80\"",
                             "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\""})
        EXPECT_EQ(codeOf(text), "json.syntax") << text;
}

TEST(JsonDocument, RefusesWhatIsAlmostJson)
{
    for (const auto* text : {"", " ", "[1,]", "{\"a\":1,}", "[1 2]", "{\"a\" 1}", "{a:1}", "01", "+1", "1.",
                             ".5", "1e", "-", "nul", "truex", "NaN", "Infinity", "'a'", "[", "{\"a\":",
                             "\"a", "\"\t\"", "1 2", "[1]]", "\xef\xbb\xbf[]", "/**/1"})
        EXPECT_EQ(codeOf(text), "json.syntax") << text;
    EXPECT_EQ(codeOf(std::string_view("[1]\0", 4)), "json.syntax");
    EXPECT_EQ(codeOf(std::string_view("\"a\0b\"", 5)), "json.syntax");
}

TEST(JsonDocument, LimitsAreKept)
{
    EXPECT_EQ(codeOf("[[[[]]]]", {.depthMax = 4}), "taken");
    EXPECT_EQ(codeOf("[[[[[]]]]]", {.depthMax = 4}), "json.too_deep");
    EXPECT_EQ(codeOf("[1,2,3]", {.valuesMax = 4}), "taken");
    EXPECT_EQ(codeOf("[1,2,3,4]", {.valuesMax = 4}), "json.too_large");
    EXPECT_EQ(codeOf("\"12345678\"", {.sizeBytesMax = 10}), "taken");
    EXPECT_EQ(codeOf("\"123456789\"", {.sizeBytesMax = 10}), "json.too_large");
    // A million brackets must end early, not on the stack.
    EXPECT_EQ(codeOf(std::string(1'000'000, '['), {.depthMax = Document::kDepthMax}), "json.too_deep");
}

TEST(JsonDocument, SaysWhereTheSyntaxIsWrong)
{
    const auto document = Document::parse(R"({"a":1,"b":tru})");
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().detail, "expected a value at byte 11");
}

TEST(JsonDocument, FindsNamesThatStandTwice)
{
    EXPECT_TRUE(parsed(R"({"a":[{"b":1,"b":2}]})").root().hasDuplicateKeys());
    EXPECT_FALSE(parsed(R"({"a":{"a":1},"b":[{"c":1},{"c":2}]})").root().hasDuplicateKeys());
    EXPECT_EQ(parsed(R"({"a":1,"a":2})")["a"].integer(), 1) << "the first one wins";
}

TEST(JsonDocument, ListsElementsAndMembersInOrder)
{
    const auto document = parsed(R"({"x":[1,[2,3],4],"y":{},"z":null})");
    std::string keys;
    for (const auto& [key, value] : document.root().members()) keys += key;
    EXPECT_EQ(keys, "xyz");
    const auto items = document["x"].items();
    ASSERT_EQ(items.size(), 3u);
    EXPECT_EQ(items[2].integer(), 4);
    EXPECT_EQ(document["x"].size(), 3u);
    EXPECT_TRUE(document["z"].isNull());
    EXPECT_TRUE(document.root().contains("z"));
    EXPECT_FALSE(document.root().contains("w"));
    EXPECT_EQ(parsed(R"(["a","b"])").root().strings(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(parsed(R"(["a",1])").root().strings().error().field, "[1]");
}

TEST(JsonDocument, ReadsTimesMoneyAndDoubles)
{
    const auto document = parsed(
        R"({"t":"2021-03-16T18:38:01.942282Z","m":"123456789012345678.12","d":0.30000000000000004,"n":"nan"})");
    EXPECT_EQ(document["t"].timestamp(), Timestamp::of("2021-03-16T18:38:01.942282Z"));
    EXPECT_EQ(document["m"].money(), Money::of("123456789012345678.12"));
    EXPECT_EQ(document["d"].number(), 0.1 + 0.2);
    EXPECT_FALSE(document["n"].number());
}

} // namespace
} // namespace qd::json

#include <gtest/gtest.h>

#include "services/json/message_pack.h"

namespace qd::json {
namespace {

std::string packed(const std::string& json, TimestampForm form = TimestampForm::Text)
{
    const auto document = Document::parse(json);
    EXPECT_TRUE(document.has_value()) << json;
    return document ? toMessagePack(document->root(), form) : std::string();
}

TEST(MessagePack, WritesTheBytesOfTheSpecification)
{
    EXPECT_EQ(packed("{\"compact\":true,\"schema\":0}"),
              std::string("\x82\xa7"
                          "compact\xc3\xa6schema\x00",
                          18));
    EXPECT_EQ(packed("[1,-1,127,-32,null]"), std::string("\x95\x01\xff\x7f\xe0\xc0", 6));
    EXPECT_EQ(packed("1.5"), std::string("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 9));
}

TEST(MessagePack, WhatIsWrittenIsReadBack)
{
    for (const std::string json :
         {R"([])", R"({"a":[1,2,{"b":"c"}],"d":null,"e":false})", R"([128,65536,-33,-70000,4294967296])",
          R"(["0123456789012345678901234567890123456789",""])", R"([0.1,388.985,-2.5])"}) {
        const auto text = fromMessagePack(packed(json));
        ASSERT_TRUE(text.has_value()) << json;
        EXPECT_EQ(*text, json);
    }
}

TEST(MessagePack, ATimestampIsAnExtensionUnderItsKeyOnly)
{
    const std::string json = R"({"t":"2021-02-22T15:51:44.208000001Z","u":"2021-02-22T15:51:44Z"})";
    const std::string bytes = packed(json, TimestampForm::Extension);
    EXPECT_NE(bytes.find("\xd7\xff"), std::string::npos);
    EXPECT_EQ(fromMessagePack(bytes).value_or(""), json);
}

TEST(MessagePack, BrokenBytesAreRefusedWithoutReadingOn)
{
    using namespace std::string_literals;
    for (const std::string& bytes :
         {""s, "\x91"s, "\xdd\xff\xff\xff\xff"s, "\xa5hi"s, "\x81\x01\x02"s, "\xc1"s, "\x01\x02"s,
          "\xc7\x05\x01"s, "\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff"s})
        EXPECT_FALSE(fromMessagePack(bytes).has_value());
    const std::string deep(1000, '\x91');
    EXPECT_EQ(fromMessagePack(deep).error().code, "messagepack.too_deep");
}

} // namespace
} // namespace qd::json

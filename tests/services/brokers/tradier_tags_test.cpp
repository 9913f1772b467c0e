// Which order a tag of Tradier's stands for.
#include "services/brokers/tradier/tag_book.h"

#include <gtest/gtest.h>

namespace qd::brokers::tradier {
namespace {

TEST(TradierTags, AnOrderIsSentOnceUnderATagUnlessItCertainlyWasNot)
{
    TagBook tags;
    EXPECT_TRUE(tags.send("a"));
    EXPECT_FALSE(tags.send("a"));
    tags.takeBack("a");
    EXPECT_TRUE(tags.send("a"));
    EXPECT_TRUE(tags.claim("a", 7));
    tags.takeBack("a");
    EXPECT_FALSE(tags.send("a")) << "the venue has told of it";
    EXPECT_TRUE(tags.claim("b", 8));
    EXPECT_FALSE(tags.send("b")) << "told before this program sent anything";
}

TEST(TradierTags, TheFirstOrderThatIsToldUnderATagHasIt)
{
    TagBook tags;
    EXPECT_TRUE(tags.claim("swing", 7));
    EXPECT_FALSE(tags.claim("swing", 8));
    EXPECT_TRUE(tags.claim("swing", 7));
}

TEST(TradierTags, OnlyTheOldestAreForgotten)
{
    TagBook tags;
    const auto name = [](std::size_t number) { return "tag-" + std::to_string(number); };
    for (std::size_t i = 0; i < TagBook::kTagsMax; ++i) ASSERT_TRUE(tags.send(name(i)));
    EXPECT_FALSE(tags.send(name(0)));
    EXPECT_TRUE(tags.send(name(TagBook::kTagsMax)));
    EXPECT_EQ(tags.size(), TagBook::kTagsMax);
    for (std::size_t i = 1; i <= TagBook::kTagsMax; ++i) ASSERT_FALSE(tags.send(name(i))) << i;
    EXPECT_TRUE(tags.send(name(0))) << "one had to go";
}

} // namespace
} // namespace qd::brokers::tradier

#include "services/observability/trace.h"

#include <gtest/gtest.h>

namespace qd::observability {
namespace {

constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, ReadsAndWritesTheExampleOfTheSpecification)
{
    const auto context = TraceContext::parse(kExample);
    ASSERT_TRUE(context);
    EXPECT_EQ(context->traceIdHex(), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(context->spanIdHex(), "00f067aa0ba902b7");
    EXPECT_TRUE(context->isSampled);
    EXPECT_EQ(context->toTraceParent(), kExample);
}

TEST(TraceContext, RefusesWhatTheSpecificationRefuses)
{
    for (const auto* text :
         {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
          "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
          "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more"})
        EXPECT_FALSE(TraceContext::parse(text)) << text;
}

TEST(TraceContext, ALaterVersionIsReadAsFarAsItIsKnown)
{
    const auto context = TraceContext::parse(
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-the-future-brings");
    ASSERT_TRUE(context);
    EXPECT_TRUE(context->isSampled);
    EXPECT_EQ(context->toTraceParent(), kExample) << "we speak version 00";
}

TEST(TraceContext, AChildStaysInItsTraceAndKeepsTheSampling)
{
    runtime::SeededRandom random(5);
    for (const bool isSampled : {true, false}) {
        const auto root = TraceContext::makeRoot(random, isSampled);
        const auto child = root.makeChild(random);
        EXPECT_TRUE(child.isValid());
        EXPECT_EQ(child.traceId, root.traceId);
        EXPECT_NE(child.spanId, root.spanId);
        EXPECT_EQ(child.isSampled, isSampled);
        EXPECT_EQ(TraceContext::parse(child.toTraceParent()), child);
    }
    EXPECT_EQ(TraceContext{}.toTraceParent(), "");
}

} // namespace
} // namespace qd::observability

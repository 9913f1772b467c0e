#include "services/runtime/secret.h"

#include <cstring>
#include <new>
#include <type_traits>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace qd::runtime {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <typename T>
concept Comparable = requires(const T& a, const T& b) { a == b; };

static_assert(!Printable<Secret>);
static_assert(!Comparable<Secret>);
static_assert(!fmt::is_formattable<Secret>::value);
static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);

TEST(Secret, MatchesOnlyItsValue)
{
    const Secret secret("correct horse");
    EXPECT_TRUE(secret.matches("correct horse"));
    EXPECT_FALSE(secret.matches("correct horsf"));
    EXPECT_FALSE(secret.matches("correct hors"));
    EXPECT_FALSE(secret.matches(""));
}

TEST(Secret, MovedFromIsEmptyAndCloneIsEqual)
{
    Secret first("value");
    const Secret copy = first.clone();
    const Secret second = std::move(first);
    EXPECT_TRUE(first.empty()); // NOLINT(bugprone-use-after-move): that is what is promised
    EXPECT_TRUE(second.matches("value"));
    EXPECT_TRUE(copy.matches("value"));
}

bool holds(const unsigned char* memory, std::size_t size, std::string_view text)
{
    return memmem(memory, size, text.data(), text.size()) != nullptr;
}

// A short secret lies inside the object itself, so its place can be looked at after its end.
TEST(Secret, LeavesNothingInItsMemory)
{
    constexpr std::string_view kShort = "s3cr3t-pin";
    alignas(Secret) unsigned char memory[sizeof(Secret)];
    auto* secret = new (memory) Secret{std::string(kShort)};
    ASSERT_TRUE(holds(memory, sizeof(memory), kShort));
    secret->~Secret();
    EXPECT_FALSE(holds(memory, sizeof(memory), kShort));
}

TEST(Secret, LeavesNothingWhereItWasMovedFrom)
{
    constexpr std::string_view kShort = "s3cr3t-pin";
    alignas(Secret) unsigned char memory[sizeof(Secret)];
    auto* secret = new (memory) Secret{std::string(kShort)};
    const Secret elsewhere = std::move(*secret);
    EXPECT_FALSE(holds(memory, sizeof(memory), kShort));
    secret->~Secret();
}

} // namespace
} // namespace qd::runtime

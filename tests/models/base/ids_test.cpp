#include "models/base/ids.h"

#include <gtest/gtest.h>

namespace qd {
namespace {

TEST(UuidV4, CanonicalFormAlone)
{
    EXPECT_TRUE(isUuidV4("7f3c2a10-9b1e-4c5d-8a2f-0123456789ab"));
    EXPECT_TRUE(isUuidV4("7f3c2a10-9b1e-4c5d-ba2f-0123456789ab"));
    for (const char* text : {"", "7f3c2a10-9b1e-4c5d-8a2f-0123456789a", "7F3C2A10-9b1e-4c5d-8a2f-0123456789ab",
                             "7f3c2a10-9b1e-1c5d-8a2f-0123456789ab", "7f3c2a10-9b1e-4c5d-ca2f-0123456789ab",
                             "7f3c2a1009b1e-4c5d-8a2f-0123456789ab", "{f3c2a10-9b1e-4c5d-8a2f-0123456789a}"})
        EXPECT_FALSE(isUuidV4(text)) << text;
}

TEST(UuidV4, MadeFromAnyBytesIsCanonical)
{
    unsigned char zeros[16] = {}, ones[16];
    for (auto& byte : ones) byte = 0xff;
    EXPECT_EQ(formatUuidV4(zeros), "00000000-0000-4000-8000-000000000000");
    EXPECT_EQ(formatUuidV4(ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    EXPECT_TRUE(isUuidV4(formatUuidV4(ones)));
}

TEST(ErrorText, NamesTheFieldOnlyWhenThereIsOne)
{
    const Error error{ErrorKind::Invalid, "a.b", "expected 1, was 2", "quantity"};
    EXPECT_EQ(describe(error), "a.b: expected 1, was 2 (field quantity)");
    EXPECT_EQ(describe(Error{ErrorKind::Invalid, "a.b", "no", ""}), "a.b: no");
}

} // namespace
} // namespace qd

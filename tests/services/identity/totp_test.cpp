#include "services/identity/totp.h"

#include <set>

#include <gtest/gtest.h>

#include "services/identity/encoding.h"

namespace qd::test {
namespace {

using namespace identity;

// RFC 6238, appendix B (with erratum 2866: one seed for each hash).
constexpr std::string_view kSeed = "12345678901234567890";
constexpr std::string_view kSeed256 = "12345678901234567890123456789012";
constexpr std::string_view kSeed512 =
    "1234567890123456789012345678901234567890123456789012345678901234";

TEST(Totp, IsThatOfTheStandard)
{
    struct Row {
        std::int64_t seconds;
        const char *sha1, *sha256, *sha512;
    };
    for (const Row& row : {Row{59, "94287082", "46119246", "90693936"},
                           Row{1111111109, "07081804", "68084774", "25091201"},
                           Row{1111111111, "14050471", "67062674", "99943326"},
                           Row{1234567890, "89005924", "91819424", "93441116"},
                           Row{2000000000, "69279037", "90698825", "38618901"},
                           Row{20000000000, "65353130", "77737706", "47863826"}}) {
        const auto step = row.seconds / kTotpStepSeconds;
        EXPECT_EQ(totpCode(kSeed, step, 8, TotpHash::Sha1), row.sha1) << row.seconds;
        EXPECT_EQ(totpCode(kSeed256, step, 8, TotpHash::Sha256), row.sha256) << row.seconds;
        EXPECT_EQ(totpCode(kSeed512, step, 8, TotpHash::Sha512), row.sha512) << row.seconds;
    }
}

TEST(Totp, TakesTheNeighboursAndNoOthers)
{
    const Timestamp now = Timestamp::fromSeconds(1'800'000'010);
    const auto present = totpStepAt(now);
    for (int off = -3; off <= 3; ++off) {
        const auto matched = matchTotp(kSeed, totpCode(kSeed, present + off), now, 0);
        EXPECT_EQ(matched.has_value(), off >= -1 && off <= 1) << off;
        if (matched) {
            EXPECT_EQ(*matched, present + off);
        }
    }
    EXPECT_FALSE(matchTotp(kSeed, "", now, 0));
    EXPECT_FALSE(matchTotp(kSeed, totpCode(kSeed, present) + " ", now, 0));
}

TEST(Totp, ACodeIsGoodOnceAndNoOlderOneAfterIt)
{
    const Timestamp now = Timestamp::fromSeconds(1'800'000'010);
    const auto present = totpStepAt(now);
    const auto used = matchTotp(kSeed, totpCode(kSeed, present), now, 0).value();
    EXPECT_FALSE(matchTotp(kSeed, totpCode(kSeed, present), now, used));
    EXPECT_FALSE(matchTotp(kSeed, totpCode(kSeed, present - 1), now, used));
    EXPECT_TRUE(matchTotp(kSeed, totpCode(kSeed, present + 1), now, used));
}

TEST(Totp, UriNamesTheAccountEscaped)
{
    EXPECT_EQ(otpauthUri(kSeed, "ann+desk@example.org").revealForUse(),
              "otpauth://totp/Quarterdeck:ann%2bdesk%40example.org?secret="
              "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Quarterdeck&algorithm=SHA1&digits=6&period=30");
}

TEST(RecoveryCodes, AreTenDifferentAndFoundHoweverTheyAreTyped)
{
    runtime::SeededRandom random(7);
    std::set<std::string> kept;
    for (const auto& code : newRecoveryCodes(random)) {
        std::string typed(code.revealForUse());
        EXPECT_EQ(typed.size(), 19U);
        const std::string print = recoveryFingerprint(typed);
        kept.insert(print);
        std::erase(typed, '-');
        for (char& c : typed)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        EXPECT_EQ(recoveryFingerprint(' ' + typed), print);
    }
    EXPECT_EQ(kept.size(), 10U);
    EXPECT_EQ(recoveryFingerprint("123456"), "");
    EXPECT_EQ(recoveryFingerprint(std::string(1'000'000, 'a')), "");
}

TEST(Encoding, IsThatOfTheStandard)
{
    // RFC 4648 §10, without padding.
    EXPECT_EQ(toBase32("foobar"), "MZXW6YTBOI");
    EXPECT_EQ(toBase32("fooba"), "MZXW6YTB");
    EXPECT_EQ(fromBase32("mzxw 6ytb oi======").value(), "foobar");
    EXPECT_EQ(toBase64Url("foobar"), "Zm9vYmFy");
    EXPECT_EQ(toBase64Url("fo"), "Zm8");
    EXPECT_EQ(toBase64Url("\xfb\xff\xfe"), "-__-");
    EXPECT_EQ(toPhcBase64("\xfb\xff\xfe"), "+//+");
    EXPECT_EQ(toHexText("\x01\xef"), "01ef");
}

TEST(Encoding, EachValueHasOneText)
{
    for (std::size_t size = 0; size < 40; ++size) {
        const std::string bytes(size, static_cast<char>(size * 37));
        EXPECT_EQ(fromBase64Url(toBase64Url(bytes)).value(), bytes);
        EXPECT_EQ(fromBase32(toBase32(bytes)).value(), bytes);
    }
    EXPECT_FALSE(fromBase64Url("Zm9")) << "bits that are left over are set";
    EXPECT_FALSE(fromBase64Url("Zm8="));
    EXPECT_FALSE(fromBase64Url("A"));
    EXPECT_FALSE(fromBase64Url("+//+"));
    EXPECT_FALSE(fromBase32("M1"));
}

TEST(Encoding, JoinedFieldsDoNotRunTogether)
{
    EXPECT_NE(joined("d", {"ab", "c"}), joined("d", {"a", "bc"}));
    EXPECT_NE(joined("d", {"ab"}), joined("d", {"ab", ""}));
}

} // namespace
} // namespace qd::test

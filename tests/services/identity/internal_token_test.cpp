#include "services/identity/internal_token.h"

#include <gtest/gtest.h>

#include "services/identity/encoding.h"
#include "tests/support/fake_clock.h"

namespace qd::test {
namespace {

using namespace identity;
using namespace std::chrono_literals;

/// One program that asks and one that is asked.
class InternalTokenTest : public ::testing::Test {
protected:
    InternalTokenTest()
    {
        QD_ASSERT(verifier.keys().add(issuer.publicKey()).has_value());
    }
    std::string issued(const std::vector<std::string>& scopes = {"payments.read", "payments.write"},
                       Duration life = 60s)
    {
        return std::string(
            issuer.issue("ledger", "user:ann", scopes, life).value().revealForUse());
    }
    bool takes(const std::string& token) { return verifier.verify(token, "payments.read").has_value(); }
    /// A token with this header and these claims, rightly signed.
    std::string signedWith(const SigningKey& key, const std::string& header, const std::string& claims)
    {
        const std::string text = toBase64Url(header) + '.' + toBase64Url(claims);
        return text + '.' + toBase64Url(key.sign(text));
    }
    std::string header(const SigningKey& key, const std::string& algorithm = "EdDSA")
    {
        return R"({"alg":")" + algorithm + R"(","kid":")" + key.publicKey().id + R"(","typ":"JWT"})";
    }
    std::string claims(const std::string& issuedBy = "quarterdeckd",
                       const std::string& audience = "ledger", std::int64_t life = 60)
    {
        const auto now = clock.now().seconds();
        return R"({"iss":")" + issuedBy + R"(","aud":")" + audience +
               R"(","sub":"user:ann","scope":"payments.read","iat":)" + std::to_string(now) +
               R"(,"exp":)" + std::to_string(now + life) + "}";
    }

    FakeClock clock;
    runtime::SeededRandom random{3};
    SigningKey first = SigningKey::make(random), second = SigningKey::make(random);
    InternalIssuer issuer{"quarterdeckd", first, clock};
    InternalVerifier verifier{"ledger", "quarterdeckd", clock};
};

TEST_F(InternalTokenTest, SaysWhoForWhomAndWhatFor)
{
    const auto claims = verifier.verify(issued(), "payments.write");
    ASSERT_TRUE(claims);
    EXPECT_EQ(claims->issuer, "quarterdeckd");
    EXPECT_EQ(claims->audience, "ledger");
    EXPECT_EQ(claims->subject, "user:ann");
    EXPECT_EQ(claims->scopes, (std::vector<std::string>{"payments.read", "payments.write"}));
    EXPECT_EQ(claims->expiresAt - claims->issuedAt, 60s);
    EXPECT_EQ(verifier.verify(issued(), "payments.refund").error().code, "identity.internal_token");
    EXPECT_FALSE(verifier.verify(issued(), "payments")) << "a scope is not a prefix";
    EXPECT_FALSE(verifier.verify(issued(), ""));
}

TEST_F(InternalTokenTest, SignsAsRfc8032Does)
{
    // Test 2 of section 7.1.
    const auto seed = std::string("\x4c\xcd\x08\x9b\x28\xff\x96\xda\x9d\xb6\xc3\x46\xec\x11\x4e\x0f"
                                  "\x5b\x8a\x31\x9f\x35\xab\xa6\x24\xda\x8c\xf6\xed\x4f\xb8\xa6\xfb",
                                  32);
    const auto key = SigningKey::fromSeed(runtime::Secret(seed)).value();
    EXPECT_EQ(toHexText(key.publicKey().bytes),
              "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    EXPECT_EQ(toHexText(key.sign("\x72")),
              "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    EXPECT_TRUE(key.seed().matches(seed));
}

TEST_F(InternalTokenTest, LivesAMinuteAndTheSkewThatIsStated)
{
    const std::string token = issued();
    clock.advance(65s - 1ms);
    EXPECT_TRUE(takes(token));
    clock.advance(1ms);
    EXPECT_FALSE(takes(token));
    const std::string early = issued();
    clock.setWall(clock.now() - 5s);
    EXPECT_TRUE(takes(early)) << "the asker's clock is 5 s ahead";
    clock.setWall(clock.now() - 1s);
    EXPECT_FALSE(takes(early));
}

TEST_F(InternalTokenTest, NobodyMakesALongOneAndNobodyTakesIt)
{
    EXPECT_EQ(issuer.issue("ledger", "user:ann", {"payments.read"}, 61s).error().code,
              "identity.claims");
    EXPECT_FALSE(issuer.issue("ledger", "user:ann", {"payments.read"}, 0s));
    EXPECT_FALSE(issuer.issue("ledger", "user:ann", {}));
    EXPECT_FALSE(issuer.issue("ledger", "user:ann", {"two words"}));
    EXPECT_FALSE(issuer.issue("ledger", "user:ann", std::vector<std::string>(17, "a")));
    EXPECT_FALSE(issuer.issue("ledger", std::string(65, 'a'), {"a"}));
    EXPECT_TRUE(takes(signedWith(first, header(first), claims())));
    EXPECT_FALSE(takes(signedWith(first, header(first), claims("quarterdeckd", "ledger", 3'600))));
}

TEST_F(InternalTokenTest, IsRefusedFromAnotherIssuerOrForAnotherAudience)
{
    EXPECT_FALSE(takes(signedWith(first, header(first), claims("someone"))));
    EXPECT_FALSE(takes(signedWith(first, header(first), claims("quarterdeckd", "vault"))));
}

TEST_F(InternalTokenTest, TheHeaderChoosesNoAlgorithm)
{
    for (const std::string algorithm : {"none", "HS256", "eddsa", "RS256"})
        EXPECT_FALSE(takes(signedWith(first, header(first, algorithm), claims()))) << algorithm;
    const std::string unsignedText = toBase64Url(header(first, "none")) + '.' + toBase64Url(claims());
    EXPECT_FALSE(takes(unsignedText + '.'));
    EXPECT_FALSE(takes(unsignedText));
    EXPECT_FALSE(takes(signedWith(second, header(first), claims()))) << "another's key, our name";
    EXPECT_FALSE(takes(signedWith(second, header(second), claims())));
}

TEST_F(InternalTokenTest, EveryChangedCharacterIsNoticed)
{
    const std::string token = issued();
    for (std::size_t at = 0; at < token.size(); ++at) {
        std::string changed = token;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(takes(changed)) << at;
    }
    for (std::size_t size = 0; size < token.size(); ++size)
        EXPECT_FALSE(takes(token.substr(0, size))) << size;
    for (const std::string& text : {token + "=", token + ".", " " + token, std::string(5'000, '.')})
        EXPECT_FALSE(takes(text));
}

TEST_F(InternalTokenTest, ClaimsSaidTwiceOrMoreOfThemAreRefused)
{
    std::string twice = claims();
    twice.insert(1, R"("aud":"ledger",)");
    EXPECT_FALSE(takes(signedWith(first, header(first), twice)));
    std::string more = claims();
    more.insert(1, R"("admin":true,)");
    EXPECT_FALSE(takes(signedWith(first, header(first), more)));
}

TEST_F(InternalTokenTest, KeysRotateWhileTokensFlow)
{
    const std::string old = issued();
    ASSERT_TRUE(verifier.keys().add(second.publicKey()));
    EXPECT_TRUE(takes(issued())) << "the next key is known before it is used";
    issuer.rotate(second);
    EXPECT_TRUE(takes(issued()));
    EXPECT_TRUE(takes(old)) << "two are live";
    EXPECT_EQ(verifier.keys().add(SigningKey::make(random).publicKey()).error().code,
              "identity.keys_full");
    ASSERT_TRUE(verifier.keys().retire(first.publicKey().id));
    EXPECT_FALSE(takes(old));
    EXPECT_TRUE(takes(issued()));
    EXPECT_EQ(verifier.keys().retire(second.publicKey().id).error().code, "identity.last_key");
}

TEST_F(InternalTokenTest, WithoutAKeyNothingIsTaken)
{
    const InternalVerifier closed("ledger", "quarterdeckd", clock);
    EXPECT_FALSE(closed.verify(issued(), "payments.read"));
    EXPECT_FALSE(PublicKey::of("short"));
    EXPECT_FALSE(SigningKey::fromSeed(runtime::Secret("short")));
}

} // namespace
} // namespace qd::test

#include "services/vault/envelope.h"

#include <gtest/gtest.h>

namespace qd::vault::test {
namespace {

class EnvelopeTest : public ::testing::Test {
protected:
    /// The secret, or the code of the error.
    std::string open(const Envelope& envelope, const SecretName& as, std::int64_t version,
                     const MasterKey& with)
    {
        const auto secret =
            openEnvelope(m_cipher, with, as, {version, envelope.wrapped, envelope.sealed});
        return secret ? std::string(secret->revealForUse()) : secret.error().code;
    }
    Envelope seal(const SecretName& name, std::int64_t version, std::string value = "s3cret")
    {
        return sealEnvelope(m_cipher, m_key, name, version, runtime::Secret(std::move(value)),
                            m_random);
    }

    Cipher m_cipher;
    runtime::SeededRandom m_random{1};
    MasterKey m_key = makeMasterKey(m_random);
    SecretName m_name{"id", "owner", "purpose"};
};

TEST_F(EnvelopeTest, GivesBackWhatWasSealed)
{
    for (const std::size_t size : {std::size_t(0), std::size_t(1), std::size_t(16), std::size_t(65'536)}) {
        const std::string value(size, 'v');
        EXPECT_EQ(open(seal(m_name, 7, value), m_name, 7, m_key), value) << size;
    }
}

// NIST's AES-256-GCM vector (test case 16 of the GCM specification): opens what others sealed.
TEST_F(EnvelopeTest, OpensThePublishedVector)
{
    const auto bytes = [](std::string_view hex) {
        std::string out;
        for (std::size_t i = 0; i < hex.size(); i += 2)
            out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
        return out;
    };
    const auto key = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    const auto context = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    const auto sealed = bytes("cafebabefacedbaddecaf888"
                              "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                              "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                              "76fc6ece0f4e1768cddf8853bb2d551b");
    const auto plain = bytes("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                             "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    const auto opened = m_cipher.open(key, context, sealed);
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(opened->matches(plain));
}

TEST_F(EnvelopeTest, DoesNotOpenWithAnyByteFlipped)
{
    const Envelope sound = seal(m_name, 1);
    for (std::size_t i = 0; i < sound.sealed.size(); ++i) {
        Envelope bad = sound;
        bad.sealed[i] = static_cast<char>(bad.sealed[i] ^ 1);
        EXPECT_EQ(open(bad, m_name, 1, m_key), "vault.altered") << "sealed byte " << i;
    }
    for (std::size_t i = 0; i < sound.wrapped.size(); ++i) {
        Envelope bad = sound;
        bad.wrapped[i] = static_cast<char>(bad.wrapped[i] ^ 1);
        EXPECT_EQ(open(bad, m_name, 1, m_key), "vault.altered") << "wrapped byte " << i;
    }
}

TEST_F(EnvelopeTest, DoesNotOpenCutOrLengthened)
{
    const Envelope sound = seal(m_name, 1);
    for (std::size_t size = 0; size < sound.sealed.size(); ++size) {
        Envelope bad = sound;
        bad.sealed.resize(size);
        EXPECT_EQ(open(bad, m_name, 1, m_key), "vault.altered") << size;
    }
    Envelope longer = sound;
    longer.wrapped += '\0';
    EXPECT_EQ(open(longer, m_name, 1, m_key), "vault.altered");
}

TEST_F(EnvelopeTest, OpensOnlyAsWhatItWasSealedFor)
{
    const Envelope envelope = seal(m_name, 3);
    EXPECT_EQ(open(envelope, m_name, 3, m_key), "s3cret");
    EXPECT_EQ(open(envelope, {"id", "other", "purpose"}, 3, m_key), "vault.altered");
    EXPECT_EQ(open(envelope, {"id", "owner", "other"}, 3, m_key), "vault.altered");
    EXPECT_EQ(open(envelope, {"other", "owner", "purpose"}, 3, m_key), "vault.altered");
    EXPECT_EQ(open(envelope, m_name, 2, m_key), "vault.altered");
    // Neighbouring fields must not run into each other.
    EXPECT_EQ(open(envelope, {"id", "ownerp", "urpose"}, 3, m_key), "vault.altered");
    MasterKey sameKeyOtherId = m_key.clone();
    sameKeyOtherId.id[0] = sameKeyOtherId.id[0] == '0' ? '1' : '0';
    EXPECT_EQ(open(envelope, m_name, 3, sameKeyOtherId), "vault.altered");
}

TEST_F(EnvelopeTest, PartsOfTwoEnvelopesDoNotFit)
{
    const Envelope one = seal(m_name, 1), other = seal(m_name, 1);
    EXPECT_NE(one.sealed, other.sealed);
    EXPECT_EQ(open({one.masterKey, other.wrapped, one.sealed}, m_name, 1, m_key), "vault.altered");
}

TEST_F(EnvelopeTest, RewrappingKeepsTheSecretAndShutsOutTheOldKey)
{
    const Envelope before = seal(m_name, 1);
    const MasterKey next = makeMasterKey(m_random);
    const auto wrapped =
        rewrap(m_cipher, m_key, next, m_name, {1, before.wrapped, before.sealed}, m_random);
    ASSERT_TRUE(wrapped.has_value());
    const Envelope after{next.id, *wrapped, before.sealed};
    EXPECT_EQ(open(after, m_name, 1, next), "s3cret");
    EXPECT_EQ(open(after, m_name, 1, m_key), "vault.altered");
}

TEST_F(EnvelopeTest, ACanaryKnowsItsKey)
{
    const std::string canary = sealCanary(m_cipher, m_key, m_random);
    EXPECT_TRUE(opensCanary(m_cipher, m_key, canary));
    MasterKey impostor = makeMasterKey(m_random);
    impostor.id = m_key.id;
    EXPECT_FALSE(opensCanary(m_cipher, impostor, canary));
}

} // namespace
} // namespace qd::vault::test

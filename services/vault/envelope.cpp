#include "services/vault/envelope.h"

#include <array>

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace qd::vault {
namespace {

constexpr std::string_view kSecretDomain = "qd.vault.v1";
constexpr std::string_view kCanaryDomain = "qd.vault.canary.v1";
constexpr std::string_view kCanary = "the canary of a master key";

/// A data key; wiped when it ends.
class DataKey {
public:
    DataKey() = default;
    ~DataKey() { OPENSSL_cleanse(m_bytes.data(), m_bytes.size()); }
    DataKey(const DataKey&) = delete;
    DataKey& operator=(const DataKey&) = delete;

    std::span<unsigned char> bytes() { return m_bytes; }
    std::string_view view() const
    {
        return {reinterpret_cast<const char*>(m_bytes.data()), m_bytes.size()};
    }

private:
    std::array<unsigned char, kKeyBytes> m_bytes{};
};

BoundContext secretContext(const SecretName& name, std::int64_t version)
{
    BoundContext context(kSecretDomain);
    context.add(name.owner).add(name.purpose).add(name.id).add(version);
    return context;
}

std::string canaryContext(const MasterKey& key)
{
    return BoundContext(kCanaryDomain).add(key.id).bytes();
}

tl::unexpected<Error> altered(const SecretName& name, std::int64_t version)
{
    return fail(ErrorKind::Corrupt, "vault.altered",
                fmt::format("the secret \"{}\" (version {}) does not open: what is stored of it was "
                            "altered or moved; put it again, or restore the database from a backup",
                            name.id, version));
}

bool unwrap(Cipher& cipher, const MasterKey& key, BoundContext context, std::string_view wrapped,
            DataKey& dataKey)
{
    return cipher.open(key.key.revealForUse(), context.add(key.id).bytes(), wrapped, dataKey.bytes());
}

std::string wrap(Cipher& cipher, const MasterKey& key, BoundContext context, const DataKey& dataKey,
                 runtime::Random& random)
{
    return cipher.seal(key.key.revealForUse(), context.add(key.id).bytes(), dataKey.view(), random);
}

} // namespace

Envelope sealEnvelope(Cipher& cipher, const MasterKey& key, const SecretName& name,
                      std::int64_t version, const runtime::Secret& secret, runtime::Random& random)
{
    const BoundContext context = secretContext(name, version);
    DataKey dataKey;
    random.fill(dataKey.bytes());
    Envelope envelope;
    envelope.masterKey = key.id;
    envelope.sealed = cipher.seal(dataKey.view(), context.bytes(), secret.revealForUse(), random);
    envelope.wrapped = wrap(cipher, key, context, dataKey, random);
    return envelope;
}

Result<runtime::Secret> openEnvelope(Cipher& cipher, const MasterKey& key, const SecretName& name,
                                     const SealedView& view)
{
    const BoundContext context = secretContext(name, view.version);
    DataKey dataKey;
    if (!unwrap(cipher, key, context, view.wrapped, dataKey)) return altered(name, view.version);
    auto secret = cipher.open(dataKey.view(), context.bytes(), view.sealed);
    if (!secret) return altered(name, view.version);
    return std::move(*secret);
}

Result<std::string> rewrap(Cipher& cipher, const MasterKey& from, const MasterKey& to,
                           const SecretName& name, const SealedView& view, runtime::Random& random)
{
    const BoundContext context = secretContext(name, view.version);
    DataKey dataKey;
    if (!unwrap(cipher, from, context, view.wrapped, dataKey)) return altered(name, view.version);
    return wrap(cipher, to, context, dataKey, random);
}

std::string sealCanary(Cipher& cipher, const MasterKey& key, runtime::Random& random)
{
    return cipher.seal(key.key.revealForUse(), canaryContext(key), kCanary, random);
}

bool opensCanary(Cipher& cipher, const MasterKey& key, std::string_view canary)
{
    const auto opened = cipher.open(key.key.revealForUse(), canaryContext(key), canary);
    return opened && opened->matches(kCanary);
}

} // namespace qd::vault

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/runtime/clock.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

struct evp_pkey_st;

namespace qd::identity {

/// What one program may ask of another, for a moment: a JWT (RFC 7519) signed with Ed25519 (EdDSA,
/// RFC 8037), so that no call between programs carries a key that opens everything.
struct InternalClaims {
    static constexpr std::size_t kNameMax = 64;  ///< bytes of each name and scope
    static constexpr std::size_t kScopesMax = 16;

    std::string issuer;              ///< who asks: "quarterdeckd"
    std::string audience;            ///< who is asked: "ledger"
    std::string subject;             ///< on whose behalf: "user:<id>", "system:reconcile"
    std::vector<std::string> scopes; ///< what for: "payments.read"; at least one
    Timestamp issuedAt, expiresAt;   ///< whole seconds
    friend bool operator==(const InternalClaims&, const InternalClaims&) = default;
};

inline constexpr Duration kInternalTokenLifeMax = std::chrono::seconds(60);
/// The clocks of the two programs may differ by so much. A token is taken from 5 s before it was
/// issued by the verifier's clock until 5 s after its end: 70 s at most, with clocks that far apart.
inline constexpr Duration kClockSkewMax = std::chrono::seconds(5);

struct PublicKey {
    std::string id;    ///< 16 hex digits: the beginning of the SHA-256 of `bytes`
    std::string bytes; ///< 32
    /// Fails with: Invalid "identity.key" (not 32 bytes, or no point of the curve).
    static Result<PublicKey> of(std::string bytes);
};

/// A private key. Not changed once made: any thread.
class SigningKey {
public:
    static constexpr std::size_t kSeedBytes = 32;

    static SigningKey make(runtime::Random& random);
    /// Fails with: Invalid "identity.key".
    static Result<SigningKey> fromSeed(const runtime::Secret& seed);
    const PublicKey& publicKey() const { return m_public; }
    /// 64 bytes.
    std::string sign(std::string_view message) const;
    runtime::Secret seed() const; ///< to be kept in the vault

private:
    SigningKey(std::shared_ptr<evp_pkey_st> key, PublicKey open);
    std::shared_ptr<evp_pkey_st> m_key;
    PublicKey m_public;
};

/// Makes tokens for one program. One thread.
///
/// To rotate without a restart: `VerifierKeys::add` the next public key wherever tokens are
/// verified, then `rotate` here, and `VerifierKeys::retire` the old one once its last token has
/// ended (kInternalTokenLifeMax + kClockSkewMax later).
class InternalIssuer {
public:
    InternalIssuer(std::string issuer, SigningKey key, const runtime::Clock& clock);
    void rotate(SigningKey key) { m_key = std::move(key); }
    const PublicKey& publicKey() const { return m_key.publicKey(); }

    /// Good for `life`, at most and by default `kInternalTokenLifeMax`. Fails with: Invalid
    /// "identity.claims" (no scope, too many or too long, a longer life).
    Result<runtime::Secret> issue(const std::string& audience, const std::string& subject,
                                  const std::vector<std::string>& scopes,
                                  Duration life = kInternalTokenLifeMax) const;

private:
    std::string m_issuer;
    SigningKey m_key;
    const runtime::Clock& m_clock;
};

/// The public keys of one issuer that are good now: two at most, the present and the next or last.
/// One thread.
class VerifierKeys {
public:
    static constexpr std::size_t kKeysMax = 2;

    /// Nothing changes if it is there. Fails with: Conflict "identity.keys_full".
    Result<void> add(PublicKey key);
    /// Tokens signed with it are refused from now on. Fails with: Conflict "identity.last_key".
    Result<void> retire(const std::string& id);
    /// Null: unknown.
    const PublicKey* find(std::string_view id) const;
    const std::vector<PublicKey>& list() const { return m_keys; }

private:
    std::vector<PublicKey> m_keys;
};

/// Takes tokens for one program from one issuer. One thread.
class InternalVerifier {
public:
    static constexpr std::size_t kTokenBytesMax = 4'096;

    /// `clock` outlives it.
    InternalVerifier(std::string audience, std::string issuer, const runtime::Clock& clock);
    VerifierKeys& keys() { return m_keys; }

    /// Signed by a live key, from this issuer, for this audience, now, and for `scope`. Exactly the
    /// form that InternalIssuer writes: another algorithm, header, order or spelling is refused.
    /// Fails with: Denied "identity.internal_token" (the detail, for the log, says what is wrong).
    Result<InternalClaims> verify(std::string_view token, std::string_view scope) const;

private:
    const std::string m_audience, m_issuer;
    const runtime::Clock& m_clock;
    VerifierKeys m_keys;
};

} // namespace qd::identity

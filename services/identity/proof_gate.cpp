#include "services/identity/proof_gate.h"

#include "services/identity/encoding.h"

namespace qd::identity {
namespace {

constexpr std::size_t kSaltBytes = 16, kKeyBytes = 32;

tl::unexpected<Error> refused(std::string_view why)
{
    return fail(ErrorKind::Denied, "identity.proof_refused", std::string(why), "proof");
}

} // namespace

ProofGate::ProofGate(runtime::Random& random)
    : m_random(random), m_key(randomBytes(random, kKeyBytes))
{
}

std::string ProofGate::sign(const ProofChallenge& challenge, const ProofBinding& binding) const
{
    const auto code = hmacSha256(
        m_key.revealForUse(),
        joined("qd.proof.v1",
               {challenge.salt, std::to_string(challenge.iterations), std::to_string(challenge.tries),
                std::to_string(challenge.expiresAt.seconds()), binding.route, binding.network,
                binding.account}));
    return toHexText(viewOf(code));
}

ProofChallenge ProofGate::make(const ProofBinding& binding, std::uint32_t tries, Timestamp now)
{
    ProofChallenge challenge;
    challenge.salt = toHexText(randomBytes(m_random, kSaltBytes));
    challenge.iterations = kIterations;
    challenge.tries = tries;
    challenge.expiresAt = Timestamp::fromSeconds((now + kLife).seconds());
    challenge.signature = sign(challenge, binding);
    return challenge;
}

Result<void> ProofGate::spend(const Proof& proof, const ProofBinding& binding, Timestamp now)
{
    const ProofChallenge& challenge = proof.challenge;
    if (!areEqual(sign(challenge, binding), challenge.signature))
        return refused("made for something else, or not by this process");
    if (now >= challenge.expiresAt) return refused("expired");
    forgetExpired(now);
    if (m_spent.size() >= kSpentMax)
        return fail(ErrorKind::Unavailable, "identity.busy", "too many proofs within their life");
    if (!m_spent.insert(challenge.salt).second) return refused("used before");
    m_byExpiry.emplace(challenge.expiresAt, challenge.salt);
    return {};
}

void ProofGate::forgetExpired(Timestamp now)
{
    while (!m_byExpiry.empty() && m_byExpiry.begin()->first <= now) {
        m_spent.erase(m_byExpiry.begin()->second);
        m_byExpiry.erase(m_byExpiry.begin());
    }
}

} // namespace qd::identity

#pragma once

#include <map>
#include <set>
#include <string>

#include "models/accounts/proof_of_work.h"
#include "services/runtime/random.h"
#include "services/runtime/secret.h"

namespace qd::identity {

/// What a challenge is good for, and nothing else.
struct ProofBinding {
    std::string route;   ///< "sign-in"
    std::string network; ///< networkOf the caller
    std::string account; ///< hash of the address that was typed
};

/// Gives out puzzles and takes each solution once. The signing key is made at each start: what was
/// given out before is refused, so the table of spent ones need not outlive the process.
/// Core executor; the slow part, `isSolved`, belongs on a job thread.
class ProofGate {
public:
    static constexpr Duration kLife = std::chrono::minutes(5);
    static constexpr std::size_t kSpentMax = 100'000;
    /// A derivation takes a quarter of a millisecond: about a second for the first proof that is asked for.
    static constexpr std::uint32_t kIterations = 1'000;

    explicit ProofGate(runtime::Random& random);

    ProofChallenge make(const ProofBinding& binding, std::uint32_t tries, Timestamp now);
    /// Ours, for this, still good and not used before; used from now on. Fails with: Denied
    /// "identity.proof_refused"; Unavailable "identity.busy" (too many spent ones to remember).
    Result<void> spend(const Proof& proof, const ProofBinding& binding, Timestamp now);
    std::size_t spentCount() const { return m_spent.size(); }

private:
    std::string sign(const ProofChallenge& challenge, const ProofBinding& binding) const;
    void forgetExpired(Timestamp now);

    runtime::Random& m_random;
    runtime::Secret m_key;
    std::set<std::string> m_spent;                    ///< salts
    std::multimap<Timestamp, std::string> m_byExpiry; ///< the same
};

} // namespace qd::identity

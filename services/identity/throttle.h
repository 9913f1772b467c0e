#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/base/timestamp.h"
#include "services/resilience/rate_limiter.h"
#include "services/runtime/random.h"
#include "services/storage/writer.h"

namespace qd::identity {

/// What is being guessed. Counted apart: a wrong code says nothing about the password.
enum class Factor { Password, Code };

/// Why a sign-in was refused; "unknown_account" … for the record, never for the caller.
enum class Refusal {
    UnknownAccount,
    WrongPassword,
    CodeMissing, ///< the password was right, the second factor is still to come
    WrongCode,
    Disabled,
    EmailUnverified,
    Busy,  ///< no room to hash
    Store, ///< a secret or the disk was not to be had
    Proof, ///< the proof of work was none
};
std::string_view toString(Refusal refusal);
/// Only these are failures of whoever types: a full queue or a disabled account is nobody's guess.
bool isCredentialFailure(Refusal refusal);

struct ThrottleSettings {
    int freeFailures = 5;                              ///< from here on waits and proofs of work
    Duration waitMax = std::chrono::minutes(15);
    Duration forgetAfter = std::chrono::hours(12);     ///< since the last failure
    std::uint32_t proofTries = 4'000;                  ///< doubled with each further 5 failures …
    int proofDoublingsMax = 4;                         ///< … up to so often
    std::size_t countersMax = 50'000;
    resilience::RateLimit perNetwork{.count = 60, .period = std::chrono::minutes(1), .burst = 30};
    /// The reserve is for devices that are known.
    resilience::RateLimit global{
        .count = 1'200, .period = std::chrono::minutes(1), .burst = 200, .reserve = 50};
};

/// One try of one factor.
struct Attempt {
    Factor factor = Factor::Password;
    std::string account; ///< hash of the address that was typed, whether there is such an account or not
    std::string network; ///< networkOf the caller
    std::string device;  ///< of a device that signed in to this account before; else empty
    std::uint32_t proofTries = 0; ///< of the proof that came along and is ours
};

/// Counts failures and says who has to wait. A try is counted before it is judged (`ask` reserves) and
/// settled after, so that guesses side by side cannot pass the limit. Per (account, network), or
/// (account, device) for a known device: from the 5th failure on a wait of min(15 min, 2^(f−5) s),
/// × 0.8 … 1.2, since the last one. Per account: never a lock, which would be a way to lock people
/// out: strangers pay a proof of work that grows with the failures, known devices pass. Each network
/// and all together: a rate. Core executor; survives restarts through `store` and `load`.
class Throttle {
public:
    struct Reservation {
        std::string pair, account; ///< keys of counters; empty: none
        friend bool operator==(const Reservation&, const Reservation&) = default;
    };
    struct Answer {
        std::optional<Reservation> reservation; ///< go on, and settle
        Duration retryAfter{};                  ///< > 0: wait, then ask again
        std::uint32_t proofTries = 0;           ///< > 0: come back with such a proof of work
    };
    /// A counter as it is stored. `isGone`: its row is to be deleted.
    struct Counter {
        std::string key;
        int failures = 0;
        Timestamp lastFailure, notBefore;
        bool isGone = false;
    };
    enum class Outcome { Failed, Succeeded, SucceededOnKnownDevice, NotJudged };

    /// `clock` and `random` outlive it.
    Throttle(ThrottleSettings settings, const runtime::Clock& clock, runtime::Random& random);
    ~Throttle();

    Answer ask(const Attempt& attempt);
    /// What is to be stored of it, in the transaction that records the outcome. Only known devices'
    /// successes clear the counters.
    std::vector<Counter> settle(const Reservation& reservation, Outcome outcome);
    /// Rate of sign-ups and requests for mail: by network and all together.
    Duration askRate(const std::string& network);

    static Result<void> store(storage::Transaction& transaction, const std::vector<Counter>& counters);
    /// At the start; rows that are too old are left out.
    Result<void> load(storage::Database& database);
    /// Forget what is older than `forgetAfter`.
    void sweep();
    /// The same in the store: whose last failure was then or before.
    static Result<void> deleteOlder(storage::Transaction& transaction, Timestamp lastFailure);
    Timestamp oldestKept() const; ///< now − `forgetAfter`

    std::size_t counterCount() const { return m_counters.size(); }
    int failures(const Attempt& attempt) const; ///< of its (account, network or device), settled ones
    std::uint64_t refusals() const { return m_refusals; } ///< answers that were not "go on"

private:
    struct Entry {
        int failures = 0, reserved = 0;
        Timestamp lastFailure, notBefore;
        int effective() const { return failures + reserved; }
    };
    Entry& entry(std::string& key);
    const Entry* find(const std::string& key) const;
    Duration waitAfter(int failures);
    std::uint32_t triesAsked(int failures) const;
    Duration checkRates(const Attempt& attempt);

    const ThrottleSettings m_settings;
    const runtime::Clock& m_clock;
    runtime::Random& m_random;
    resilience::RateLimiter m_perNetwork, m_global;
    std::map<std::string, Entry> m_counters;
    std::uint64_t m_refusals = 0;
};

} // namespace qd::identity

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/observability/log.h"
#include "services/runtime/executor.h"
#include "services/vault/vault.h"

namespace qd::brokers {

/// One key of a broker: kept in the vault, brought in from outside, handed to whoever calls the
/// broker. Outside is a credentials file or the settings, which may be gone once the vault has what
/// they said. Whenever outside there is another key than in the vault, it is tried out at the
/// broker and takes the old one's place if it works; one that was refused is not tried again until
/// it changes. What is handed out always comes from the vault and is taken away again once the
/// vault no longer gives it. Core executor.
class KeptKey {
public:
    struct Terms {
        vault::SecretName name;
        std::string place; ///< where outside is, for people: "the file /…/alpaca.json"
        /// What is there, in the words in which the vault keeps it. NotFound: nothing (any more).
        /// Called on `jobs`.
        std::function<Result<runtime::Secret>()> outside;
        /// Tries one out at the broker: Denied means refused, other errors that nobody knows yet.
        /// Unset: a new one is taken without.
        vault::Vault::Tester tester = {};
        /// The key from now on, or why there is none. Not called again with what it was given last.
        std::function<void(const Result<runtime::Secret>&)> use;
        Duration lookEvery = std::chrono::minutes(1);
        Duration tryAgainEvery = std::chrono::seconds(5); ///< after a trial without a verdict
        /// Put what is outside over a kept key that does not open, instead of refusing.
        bool overwritesDamaged = false;
    };
    struct Found {
        Result<void> inUse; ///< or why there is no key in use
        Result<void>
            outside;        ///< or why what is outside is not the one in use; NotFound is no error
        bool isNew = false; ///< it was brought in just now
    };
    using Then = std::function<void(const Found&)>;

    /// Everything given outlives the object.
    KeptKey(vault::Vault& vault, runtime::Executor& core, runtime::Executor& jobs,
            observability::Logger log, Terms terms);
    ~KeptKey();
    KeptKey(const KeptKey&) = delete;
    KeptKey& operator=(const KeptKey&) = delete;

    /// Look outside and into the vault now, and from then on regularly. `then` is called once,
    /// unless the object ends before. During a look the next one waits for its end.
    void look(Then then);

    const vault::SecretName& name() const { return m_terms.name; }
    /// Of the last look.
    const Found& found() const { return m_found; }

    /// Looks that may wait for one under way; one more is told Unavailable "broker.key_looks".
    static constexpr std::size_t kWaitingMax = 16;

private:
    void begin();
    void compare(Result<runtime::Secret> outside);
    void bringIn(runtime::Secret candidate, bool isReplacement);
    void broughtIn(const runtime::Secret& candidate, const Result<void>& result);
    void end(Result<void> outside, bool isNew);
    void handOut(const Result<runtime::Secret>& key);

    vault::Vault& m_vault;
    runtime::Executor& m_core;
    runtime::Executor& m_jobs;
    observability::Logger m_log;
    const Terms m_terms;
    std::vector<Then> m_asked;   ///< of the look under way
    std::vector<Then> m_waiting; ///< for the next one
    Found m_found;
    std::optional<runtime::Secret> m_refused; ///< by the broker
    std::optional<runtime::Secret> m_given;   ///< to the user
    std::string m_lastTold;                   ///< code of the last complaint: said once
    runtime::Timer m_next;
    bool m_isLooking = false, m_wasHandedOut = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers

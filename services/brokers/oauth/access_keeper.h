#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "services/brokers/oauth/connections.h"

namespace qd::brokers::oauth {

/// Keeps those who call a broker in access by one user's connection: hands the token over when there
/// is one and whenever it was renewed, and takes it away in the moment in which the connection is
/// ended or lost. Nothing else is ever taken in its place. Core executor.
class AccessKeeper {
public:
    struct Terms {
        std::string owner; ///< whose connection: "user:owner"
        BrokerId broker;
        /// The token from now on; null: there is none. Not called again with what it was given last.
        std::function<void(const runtime::Secret*)> use;
        /// A token that was fetched because the one before was refused, and is refused too, is not
        /// the token's fault: no further one is fetched so long.
        Duration refusedAgainAfter = std::chrono::seconds(10);
    };
    struct Figures {
        std::uint64_t handedOver = 0, takenAway = 0, refusals = 0;
    };

    /// Everything given outlives the object.
    AccessKeeper(Connections& connections, runtime::Executor& core, observability::Logger log,
                 Terms terms);
    ~AccessKeeper();
    AccessKeeper(const AccessKeeper&) = delete;
    AccessKeeper& operator=(const AccessKeeper&) = delete;

    /// Looks for the connection; `then` once it is handed over, or there is none.
    void start(std::function<void()> then);
    /// The broker has refused the token in use. `then(true)`: another one is in use now.
    void renew(std::function<void(bool)> then);

    bool hasAccess() const { return m_inUse.has_value(); }
    /// The link in use; empty: none.
    std::string link() const { return m_inUse ? m_inUse->link : std::string(); }
    const Figures& figures() const { return m_figures; }

private:
    void changed(const BrokerLink& link);
    void fetch(std::function<void()> then);
    void fetched(Result<Connections::Token> token);
    void hand(Connections::Token token);
    void takeAway(std::string_view why);

    Connections& m_connections;
    runtime::Executor& m_core;
    observability::Logger m_log;
    const Terms m_terms;
    std::optional<Connections::Token> m_inUse;
    std::uint64_t m_takings = 0; ///< what was asked for before the last one is not handed over
    std::optional<Duration> m_refusedAt; ///< steady: when the token in use was fetched for a refusal
    Figures m_figures;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers::oauth

#pragma once

#include "services/brokers/oauth/authorizer.h"

namespace qd::brokers::oauth {

/// A consent on its way out.
struct Authorizer::Start {
    const Providers::Entry* entry = nullptr;
    Flow flow;
    std::string state;
    runtime::Secret verifier;
    int tries = 0;
    ThenBegun then;
};

/// A consent on its way back.
struct Authorizer::Finish {
    Callback callback;
    std::string code, codeHash, stateHash;
    const Providers::Entry* entry = nullptr;
    Flow flow;
    int tries = 0;
    Tokens tokens;
    std::vector<std::string> scopes;
    LinkRow row; ///< as it was before
    std::string holder;
    bool isReplaced = false; ///< the new tokens stand where the old ones were
    std::vector<ThenLinked> then;
};

/// SHA-256 in hex.
std::string hashText(std::string_view text);

/// What reading a state makes of its flow. A refusal is no error: what it changed is kept.
struct Consumed {
    Flow flow;
    std::optional<Error> refusal;
    bool isHostile = false; ///< to be audited and counted
};
struct Arrival {
    std::string stateHash, codeHash, owner;
    BrokerId broker;
    Redirect redirect;
    Timestamp now, usedUntil;
};
Result<Consumed> consumeFlow(storage::Transaction& transaction, const Arrival& arrival,
                             const Providers& providers);

} // namespace qd::brokers::oauth

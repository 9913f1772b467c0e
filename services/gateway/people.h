#pragma once

#include <functional>
#include <string>

#include "services/gateway/api.h"
#include "services/identity/accounts.h"

namespace qd::gateway {

/// What the endpoints of people stand on, and what they have in common. All outlive the API.
struct People {
    identity::Accounts& accounts;
    identity::Sessions& sessions;
    const runtime::Clock& clock;
};

void writeUser(json::Writer& out, const User& user);
std::string userJson(const User& user);
/// `current`: the session that asks.
void writeSession(json::Writer& out, const SessionFacts& session, const SessionId& current);
/// The members of Tokens, without braces around them.
void writeTokens(json::Writer& out, const identity::Tokens& tokens);

/// Where the call comes from, with the device's name and key if its body has them.
identity::Visitor visitorOf(const Call& call);
identity::By byOf(const Call& call);
/// A member of the body that nobody else may read.
runtime::Secret secretOf(const Call& call, std::string_view member);

/// With what would help: when to come back, a puzzle, what is weak about a password.
Problem refusalOf(const identity::Refused& refused, std::string title);
/// Answers with `body` when it went well.
std::function<void(tl::expected<void, identity::Refused>)> answerWith(const CallPtr& call,
                                                                       std::string title, int status,
                                                                       std::string body);
/// The session that calls, or none and the call is answered: the owner token has no account.
const identity::Access* accessOf(const CallPtr& call);

/// Fields that several endpoints have.
Field passwordField(std::string name, bool required);
std::vector<Field> proofFields(); ///< code, proof, deviceKey

} // namespace qd::gateway

#include "services/gateway/people.h"

namespace qd::gateway {
namespace {

constexpr std::chrono::milliseconds kBusyFor{1'000};
constexpr std::size_t kProofTextMax = 512, kSecretTextMax = 128;

std::string challengeMember(const ProofChallenge& challenge)
{
    return "\"challenge\":" + json::quote(challenge.text());
}

std::string verdictMembers(const PasswordVerdict& verdict)
{
    json::Writer out;
    out.beginObject().member("score", verdict.score).key("reasons").beginArray();
    for (const PasswordReason reason : verdict.reasons) out.value(toString(reason));
    out.endArray().key("suggestions").beginArray();
    for (const PasswordSuggestion each : verdict.suggestions) out.value(toString(each));
    const std::string object = out.endArray().endObject().take();
    return object.substr(1, object.size() - 2);
}

} // namespace

void writeUser(json::Writer& out, const User& user)
{
    out.beginObject()
        .member("id", user.id.text())
        .member("email", user.email.text())
        .member("displayName", user.displayName.text())
        .key("roles")
        .beginArray();
    for (const Role role : user.roles.list()) out.value(toString(role));
    out.endArray()
        .member("emailVerified", user.emailVerified)
        .member("disabled", user.disabled)
        .member("secondFactor", toString(user.secondFactor))
        .member("createdAt", user.createdAt)
        .endObject();
}

std::string userJson(const User& user)
{
    json::Writer out;
    writeUser(out, user);
    return out.take();
}

void writeSession(json::Writer& out, const SessionFacts& session, const SessionId& current)
{
    out.beginObject()
        .member("id", session.id.text())
        .member("device", session.device.text())
        .member("network", session.address)
        .member("createdAt", session.createdAt)
        .member("lastUsedAt", session.lastUsedAt)
        .member("expiresAt", session.expiresAt)
        .member("current", session.id == current)
        .endObject();
}

void writeTokens(json::Writer& out, const identity::Tokens& tokens)
{
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(tokens.accessFor);
    out.member("session", tokens.session.text())
        .member("accessToken", tokens.access.revealForUse())
        .member("accessExpiresInMs", millis.count())
        .member("refreshToken", tokens.refresh.revealForUse())
        .member("refreshExpiresAt", tokens.refreshUntil);
}

identity::Visitor visitorOf(const Call& call)
{
    static const DeviceName kUnnamed = DeviceName::parse("a device").value();
    auto device = DeviceName::parse(call.body()["device"].stringOr({}), "device");
    return {call.request().peerAddress, secretOf(call, "deviceKey"), device.value_or(kUnnamed),
            call.traceId()};
}

identity::By byOf(const Call& call)
{
    return {call.caller().name, call.traceId()};
}

runtime::Secret secretOf(const Call& call, std::string_view member)
{
    return runtime::Secret(std::string(call.body()[member].stringOr({})));
}

Problem refusalOf(const identity::Refused& refused, std::string title)
{
    Problem problem = problemOf(refused.error, std::move(title));
    if (problem.code == "identity.wait") problem.status = 429;
    // What the disk refused, of whatever kind, is nobody's mistake and can be tried again.
    const bool isStore = problem.code.starts_with("storage.");
    if (isStore) problem.status = 503;
    if (refused.retryAfter > Duration{})
        problem.retryAfter = std::chrono::ceil<std::chrono::milliseconds>(refused.retryAfter);
    else if (isStore || refused.error.kind == ErrorKind::Unavailable)
        problem.retryAfter = kBusyFor;
    if (refused.challenge) problem.extraMembers = challengeMember(*refused.challenge);
    if (refused.verdict) problem.extraMembers = verdictMembers(*refused.verdict);
    return problem;
}

std::function<void(tl::expected<void, identity::Refused>)> answerWith(const CallPtr& call,
                                                                       std::string title, int status,
                                                                       std::string body)
{
    return [call, title = std::move(title), status,
            body = std::move(body)](const tl::expected<void, identity::Refused>& done) {
        if (!done) return call->answer(refusalOf(done.error(), title));
        call->answer(status, body);
    };
}

const identity::Access* accessOf(const CallPtr& call)
{
    if (call->caller().session) return &*call->caller().session;
    call->answer(problem(409, "No account", "identity.no_account_here",
                         "the owner token belongs to no account: sign in for this"));
    return nullptr;
}

Field passwordField(std::string name, bool required)
{
    return {.name = std::move(name), .required = required, .lengthMax = kPasswordBytesMax};
}

std::vector<Field> proofFields()
{
    return {{.name = "code", .help = "of the authenticator, or a recovery code",
             .lengthMax = kSecretTextMax},
            {.name = "proof", .help = "the solution of a challenge", .lengthMax = kProofTextMax},
            {.name = "deviceKey", .help = "what signing in gave this device before",
             .lengthMax = kSecretTextMax}};
}

} // namespace qd::gateway

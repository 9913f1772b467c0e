#include "services/gateway/session_api.h"

#include <algorithm>

namespace qd::gateway {
namespace {

EndpointSpec ofWhoeverIsSignedIn(std::string method, std::string path, std::string summary)
{
    return {.method = std::move(method),
            .path = std::move(path),
            .role = Role::Anyone,
            .anySession = true,
            .summary = std::move(summary),
            .query = {},
            .body = {},
            .errors = {409, 503}};
}

std::function<void(const Result<void>&)> answerDone(const CallPtr& call, std::string title,
                                                    std::string body)
{
    return [call, title = std::move(title), body = std::move(body)](const Result<void>& done) {
        if (!done) return call->answer(problemOf(done.error(), title));
        call->answer(200, body);
    };
}

std::int64_t millisUntil(const People& people, Duration steady)
{
    const Duration left = std::max(Duration{}, steady - people.clock.steady());
    return std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
}

std::string whoJson(const People& people, const Caller& caller, const User* user,
                    const SessionFacts* session)
{
    json::Writer out;
    out.beginObject()
        .member("actor", caller.name)
        .member("owner", caller.isOwner)
        .key("roles")
        .beginArray();
    for (const Role role : caller.roles.list()) out.value(toString(role));
    out.endArray().key("user");
    if (user == nullptr)
        out.null();
    else
        writeUser(out, *user);
    out.key("session");
    if (session == nullptr)
        out.null();
    else
        writeSession(out, *session, session->id);
    const Duration until = caller.session ? caller.session->steppedUpUntil : Duration{};
    out.member("steppedUpForMs", millisUntil(people, until)).endObject();
    return out.take();
}

void whoAmI(const People& people, const CallPtr& call)
{
    if (!call->caller().session)
        return call->answer(200, whoJson(people, call->caller(), nullptr, nullptr));
    people.accounts.find(call->caller().session->user, [people, call](const Result<User>& user) {
        if (!user) return call->answer(problemOf(user.error(), "Not read"));
        people.sessions.list(user->id, [people, call, user = *user](
                                           const Result<std::vector<SessionFacts>>& sessions) {
            if (!sessions) return call->answer(problemOf(sessions.error(), "Not read"));
            const auto found = std::ranges::find(*sessions, call->caller().session->session,
                                                 &SessionFacts::id);
            call->answer(200, whoJson(people, call->caller(), &user,
                                      found == sessions->end() ? nullptr : &*found));
        });
    });
}

void listSessions(const People& people, const CallPtr& call)
{
    const auto* access = accessOf(call);
    if (access == nullptr) return;
    people.sessions.list(access->user, [call, current = access->session](
                                           const Result<std::vector<SessionFacts>>& sessions) {
        if (!sessions) return call->answer(problemOf(sessions.error(), "Not read"));
        json::Writer out;
        out.beginObject().key("sessions").beginArray();
        for (const SessionFacts& each : *sessions) writeSession(out, each, current);
        call->answer(200, out.endArray().endObject().take());
    });
}

void endOne(const People& people, const CallPtr& call, const SessionId* named)
{
    const auto* access = accessOf(call);
    if (access == nullptr) return;
    people.sessions.end(access->user, named == nullptr ? access->session : *named, byOf(*call),
                        answerDone(call, "Not ended", R"({"ended":true})"));
}

identity::SignIn typedOnceMore(const CallPtr& call, std::string_view passwordMember)
{
    return {{},
            secretOf(*call, passwordMember),
            secretOf(*call, "code"),
            std::string(call->body()["proof"].stringOr({}))};
}

void stepUp(const People& people, const CallPtr& call)
{
    const auto* access = accessOf(call);
    if (access == nullptr) return;
    people.accounts.stepUp(
        *access, typedOnceMore(call, "password"), visitorOf(*call),
        [people, call,
         session = access->session](const tl::expected<void, identity::Refused>& done) {
            if (!done) return call->answer(refusalOf(done.error(), "Not proved"));
            const auto* now = people.sessions.find(session);
            json::Writer out;
            const Duration until = now == nullptr ? Duration{} : now->steppedUpUntil;
            out.beginObject().member("steppedUpForMs", millisUntil(people, until)).endObject();
            call->answer(200, out.take());
        });
}

void changePassword(const People& people, const CallPtr& call)
{
    const auto* access = accessOf(call);
    if (access == nullptr) return;
    people.accounts.changePassword(*access, typedOnceMore(call, "current"),
                                   secretOf(*call, "password"), visitorOf(*call),
                                   answerWith(call, "Not changed", 200, R"({"changed":true})"));
}

/// The parameter `secret` of an otpauth URI: for who types it.
std::string_view seedOf(std::string_view uri)
{
    constexpr std::string_view kName = "secret=";
    const auto at = uri.find(kName);
    if (at == std::string_view::npos) return {};
    const auto from = at + kName.size();
    return uri.substr(from, uri.find('&', from) - from);
}

void enrolTotp(const People& people, const CallPtr& call)
{
    const auto* access = accessOf(call);
    if (access == nullptr) return;
    people.accounts.enrolTotp(*access, [call](const Result<runtime::Secret>& uri) {
        if (!uri) return call->answer(problemOf(uri.error(), "Not enrolled"));
        json::Writer out;
        out.beginObject()
            .member("uri", uri->revealForUse())
            .member("secret", seedOf(uri->revealForUse()))
            .endObject();
        call->answer(201, out.take());
    });
}

void confirmTotp(const People& people, const CallPtr& call)
{
    const auto* access = accessOf(call);
    if (access == nullptr) return;
    people.accounts.confirmTotp(
        *access, secretOf(*call, "code"),
        [call](const Result<std::vector<runtime::Secret>>& codes) {
            if (!codes) return call->answer(problemOf(codes.error(), "Not confirmed"));
            json::Writer out;
            out.beginObject().key("recoveryCodes").beginArray();
            for (const auto& code : *codes) out.value(code.revealForUse());
            call->answer(200, out.endArray().endObject().take());
        });
}

void addSessions(const People& people, Api& api)
{
    api.add(ofWhoeverIsSignedIn("GET", "/v1/session", "Who am I, and what may I do"),
            [people](const CallPtr& call) { whoAmI(people, call); });
    api.add(ofWhoeverIsSignedIn("DELETE", "/v1/session", "Sign out"),
            [people](const CallPtr& call) { endOne(people, call, nullptr); });
    api.add(ofWhoeverIsSignedIn("GET", "/v1/sessions", "Where you are signed in"),
            [people](const CallPtr& call) { listSessions(people, call); });
    auto one = ofWhoeverIsSignedIn("DELETE", "/v1/sessions/{session}", "Sign one device out");
    one.errors.push_back(404);
    api.add(std::move(one), [people](const CallPtr& call) {
        const SessionId named(call->parameter("session"));
        endOne(people, call, &named);
    });
    api.add(ofWhoeverIsSignedIn("DELETE", "/v1/sessions", "Sign all other devices out"),
            [people](const CallPtr& call) {
                const auto* access = accessOf(call);
                if (access == nullptr) return;
                people.sessions.endAll(access->user, access->session, byOf(*call),
                                       answerDone(call, "Not ended", R"({"ended":true})"));
            });
}

void addCredentials(const People& people, Api& api)
{
    auto again = ofWhoeverIsSignedIn("POST", "/v1/session/step-up", "Prove once more who you are");
    again.body = proofFields();
    again.body.push_back(passwordField("password", true));
    again.errors = {409, 422, 503};
    api.add(std::move(again), [people](const CallPtr& call) { stepUp(people, call); });
    auto change = ofWhoeverIsSignedIn("PUT", "/v1/password", "Another password");
    change.body = proofFields();
    change.body.push_back(passwordField("current", true));
    change.body.push_back(passwordField("password", true));
    change.errors = {409, 422, 503};
    api.add(std::move(change), [people](const CallPtr& call) { changePassword(people, call); });
}

void addSecondFactor(const People& people, Api& api)
{
    auto enrol = ofWhoeverIsSignedIn("POST", "/v1/totp", "Enrol an authenticator");
    enrol.stepUp = true;
    api.add(std::move(enrol), [people](const CallPtr& call) { enrolTotp(people, call); });
    auto confirm = ofWhoeverIsSignedIn("POST", "/v1/totp/confirm",
                                       "Use it from now on, with its first code");
    confirm.stepUp = true;
    confirm.body = {{.name = "code", .required = true, .lengthMax = 16, .example = "123456"}};
    confirm.errors = {409, 422, 503};
    api.add(std::move(confirm), [people](const CallPtr& call) { confirmTotp(people, call); });
    auto remove = ofWhoeverIsSignedIn("DELETE", "/v1/totp", "Use no authenticator any more");
    remove.stepUp = true;
    api.add(std::move(remove), [people](const CallPtr& call) {
        const auto* access = accessOf(call);
        if (access != nullptr)
            people.accounts.removeTotp(
                *access, answerDone(call, "Not removed", R"({"secondFactor":"none"})"));
    });
}

} // namespace

void SessionApi::addTo(Api& api) const
{
    addSessions(people, api);
    addCredentials(people, api);
    addSecondFactor(people, api);
}

} // namespace qd::gateway

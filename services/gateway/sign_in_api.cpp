#include "services/gateway/sign_in_api.h"

namespace qd::gateway {
namespace {

constexpr const char* kNotSignedIn = "Not signed in";
constexpr std::size_t kTokenTextMax = 128;

/// Nothing, and the call is answered, if it is no address.
std::optional<EmailAddress> emailOf(const CallPtr& call)
{
    auto email = EmailAddress::parse(call->body()["email"].stringOr({}));
    if (email) return std::move(*email);
    call->answer(problemOf(email.error(), "Request refused"));
    return {};
}

Field emailField()
{
    return {.name = "email", .required = true, .lengthMax = EmailAddress::kLengthMax,
            .example = "ann@example.org"};
}

Field tokenField(std::string name)
{
    return {.name = std::move(name), .required = true, .lengthMax = kTokenTextMax};
}

EndpointSpec openTo(std::string path, std::string summary, std::vector<Field> body,
                    std::vector<int> errors)
{
    return {.method = "POST",
            .path = std::move(path),
            .role = Role::Anyone,
            .rate = RateClass::Strangers,
            .summary = std::move(summary),
            .query = {},
            .body = std::move(body),
            .errors = std::move(errors)};
}

std::string signedInJson(const identity::SignedIn& in)
{
    json::Writer out;
    out.beginObject();
    writeTokens(out, in.tokens);
    out.key("user");
    writeUser(out, in.user);
    out.member("deviceKey", in.deviceKey.revealForUse()).endObject();
    return out.take();
}

void signUp(const People& people, const CallPtr& call)
{
    auto email = emailOf(call);
    if (!email) return;
    auto name = DisplayName::parse(call->body()["displayName"].stringOr({}));
    if (!name) return call->answer(problemOf(name.error(), "Request refused"));
    people.accounts.signUp({std::move(*email), std::move(*name), secretOf(*call, "password")},
                           visitorOf(*call),
                           answerWith(call, "Not signed up", 202, R"({"next":"verify_email"})"));
}

void signIn(const People& people, const CallPtr& call)
{
    auto email = emailOf(call);
    if (!email) return;
    identity::SignIn attempt{std::move(*email), secretOf(*call, "password"),
                             secretOf(*call, "code"),
                             std::string(call->body()["proof"].stringOr({}))};
    people.accounts.signIn(std::move(attempt), visitorOf(*call),
                           [call](const tl::expected<identity::SignedIn, identity::Refused>& in) {
                               if (!in)
                                   return call->answer(refusalOf(in.error(), kNotSignedIn));
                               call->answer(200, signedInJson(*in));
                           });
}

void refresh(const People& people, const CallPtr& call)
{
    identity::RefreshRequest request{secretOf(*call, "refreshToken"), secretOf(*call, "deviceKey"),
                                     call->request().peerAddress, call->traceId()};
    people.sessions.refresh(std::move(request), [call](const Result<identity::Tokens>& tokens) {
        if (!tokens) {
            Problem refused = problemOf(tokens.error(), kNotSignedIn);
            // Whoever holds it has to sign in again.
            if (tokens.error().kind == ErrorKind::Denied) refused.status = 401;
            return call->answer(refused);
        }
        json::Writer out;
        out.beginObject();
        writeTokens(out, *tokens);
        call->answer(200, out.endObject().take());
    });
}

void addMailCalls(const People& people, Api& api)
{
    api.add(openTo("/v1/email/verify", "Show that the address is yours, with the mail's token",
                   {tokenField("token")}, {503}),
            [people](const CallPtr& call) {
                people.accounts.verifyEmail(
                    secretOf(*call, "token"), visitorOf(*call),
                    answerWith(call, "Not verified", 200, R"({"verified":true})"));
            });
    api.add(openTo("/v1/password/forgot", "Have a mail sent that lets you set a new password",
                   {emailField()}, {422, 503}),
            [people](const CallPtr& call) {
                const auto email = emailOf(call);
                if (!email) return;
                people.accounts.requestReset(
                    *email, visitorOf(*call),
                    answerWith(call, "Not sent", 202, R"({"next":"reset_password"})"));
            });
    api.add(openTo("/v1/password/reset", "Set a new password, with the mail's token",
                   {tokenField("token"), passwordField("password", true)}, {422, 503}),
            [people](const CallPtr& call) {
                people.accounts.resetPassword(
                    secretOf(*call, "token"), secretOf(*call, "password"), visitorOf(*call),
                    answerWith(call, "Not changed", 200, R"({"changed":true})"));
            });
}

} // namespace

void SignInApi::addTo(Api& api) const
{
    api.add(openTo("/v1/sign-up", "Ask for an account; what follows is in the mail",
                   {emailField(), {.name = "displayName", .required = true, .example = "Ann"},
                    passwordField("password", true)},
                   {403, 422, 503}),
            [people = people](const CallPtr& call) { signUp(people, call); });
    addMailCalls(people, api);
    std::vector<Field> typed{emailField(), passwordField("password", true),
                             {.name = "device", .help = "what its owner calls it"}};
    for (Field& field : proofFields()) typed.push_back(std::move(field));
    api.add(openTo("/v1/session", "Sign in", std::move(typed), {403, 422, 503}),
            [people = people](const CallPtr& call) { signIn(people, call); });
    api.add(openTo("/v1/session/refresh", "The next tokens of a session",
                   {tokenField("refreshToken"), {.name = "deviceKey", .lengthMax = kTokenTextMax}},
                   {401, 503}),
            [people = people](const CallPtr& call) { refresh(people, call); });
}

} // namespace qd::gateway

#include "services/gateway/users_api.h"

namespace qd::gateway {
namespace {

EndpointSpec forAdmins(std::string method, std::string path, std::string summary, bool isChange)
{
    return {.method = std::move(method),
            .path = std::move(path),
            .role = Role::Admin,
            .stepUp = isChange,
            .summary = std::move(summary),
            .query = {},
            .body = {},
            .errors = {404, 409, 422, 503}};
}

UserId userOf(const CallPtr& call)
{
    return UserId(call->parameter("user"));
}

/// Answers with the user as they are now.
void answerUser(const People& people, const CallPtr& call)
{
    people.accounts.find(userOf(call), [call](const Result<User>& user) {
        if (!user) return call->answer(problemOf(user.error(), "Not read"));
        call->answer(200, userJson(*user));
    });
}

std::string usersJson(const std::vector<User>& users, std::size_t limit)
{
    json::Writer out;
    out.beginObject().key("users").beginArray();
    for (const User& user : users) writeUser(out, user);
    out.endArray().key("nextAfter");
    if (limit > 0 && users.size() == limit)
        out.value(users.back().id.text());
    else
        out.null();
    return out.endObject().take();
}

void findOne(const People& people, const CallPtr& call, std::string_view address)
{
    const auto email = EmailAddress::parse(address);
    if (!email) return call->answer(problemOf(email.error(), "Request refused"));
    people.accounts.findByAddress(*email, [call](const Result<User>& user) {
        if (!user && user.error().kind != ErrorKind::NotFound)
            return call->answer(problemOf(user.error(), "Not read"));
        call->answer(200, usersJson(user ? std::vector<User>{*user} : std::vector<User>(), 0));
    });
}

void listUsers(const People& people, const CallPtr& call)
{
    constexpr std::int64_t kPage = 100;
    if (const auto email = call->target().queryValue("email"); !email.empty())
        return findOne(people, call, email);
    const auto limit = static_cast<std::size_t>(call->queryInteger(
        "limit", kPage, static_cast<std::int64_t>(identity::Accounts::kListMax)));
    people.accounts.list(UserId(std::string(call->target().queryValue("after"))), limit,
                         [call, limit](const Result<std::vector<User>>& users) {
                             if (!users) return call->answer(problemOf(users.error(), "Not read"));
                             call->answer(200, usersJson(*users, limit));
                         });
}

Result<Roles> rolesOf(const json::Value& names)
{
    Roles roles;
    for (const auto& name : names.items()) {
        const auto role = parseRole(name.stringOr({}));
        if (!role || *role == Role::Anyone)
            return fail(ErrorKind::Invalid, "accounts.role",
                        "expected viewer, trader, support, operator or admin", "roles");
        roles = roles.with(*role);
    }
    return roles;
}

void createUser(const People& people, const CallPtr& call)
{
    auto email = EmailAddress::parse(call->body()["email"].stringOr({}));
    if (!email) return call->answer(problemOf(email.error(), "Request refused"));
    auto name = DisplayName::parse(call->body()["displayName"].stringOr({}));
    if (!name) return call->answer(problemOf(name.error(), "Request refused"));
    const auto roles = rolesOf(call->body()["roles"]);
    if (!roles) return call->answer(problemOf(roles.error(), "Request refused"));
    people.accounts.create({std::move(*email), std::move(*name), secretOf(*call, "password")},
                           *roles, byOf(*call),
                           [call](const tl::expected<User, identity::Refused>& user) {
                               if (!user)
                                   return call->answer(refusalOf(user.error(), "Not created"));
                               call->answer(201, userJson(*user));
                           });
}

void changeRole(const People& people, const CallPtr& call, bool isGrant)
{
    const auto role = parseRole(call->parameter("role"));
    if (!role || *role == Role::Anyone)
        return call->answer(problemOf({ErrorKind::Invalid, "accounts.role",
                                       "expected viewer, trader, support, operator or admin",
                                       "role"},
                                      "Request refused"));
    const auto then = [people, call](const Result<Roles>& roles) {
        if (!roles) return call->answer(problemOf(roles.error(), "Not changed"));
        answerUser(people, call);
    };
    if (isGrant)
        people.accounts.grant(userOf(call), *role, byOf(*call), then);
    else
        people.accounts.revoke(userOf(call), *role, byOf(*call), then);
}

void setDisabled(const People& people, const CallPtr& call, bool disabled)
{
    people.accounts.setDisabled(userOf(call), disabled, byOf(*call),
                                [people, call](const Result<void>& done) {
                                    if (!done)
                                        return call->answer(
                                            problemOf(done.error(), "Not changed"));
                                    answerUser(people, call);
                                });
}

void listSessionsOf(const People& people, const CallPtr& call)
{
    people.accounts.find(userOf(call), [people, call](const Result<User>& user) {
        if (!user) return call->answer(problemOf(user.error(), "Not read"));
        people.sessions.list(user->id, [call](const Result<std::vector<SessionFacts>>& sessions) {
            if (!sessions) return call->answer(problemOf(sessions.error(), "Not read"));
            const auto& asking = call->caller().session;
            json::Writer out;
            out.beginObject().key("sessions").beginArray();
            for (const SessionFacts& each : *sessions)
                writeSession(out, each, asking ? asking->session : SessionId());
            call->answer(200, out.endArray().endObject().take());
        });
    });
}

void endSessionsOf(const People& people, const CallPtr& call)
{
    people.accounts.find(userOf(call), [people, call](const Result<User>& user) {
        if (!user) return call->answer(problemOf(user.error(), "Not ended"));
        people.sessions.endAll(user->id, {}, byOf(*call), [call](const Result<void>& done) {
            if (!done) return call->answer(problemOf(done.error(), "Not ended"));
            call->answer(200, R"({"ended":true})");
        });
    });
}

void showMailbox(mail::Mailbox& mailbox, const CallPtr& call)
{
    // Mails carry what sets passwords: an administrator must not become somebody else with them.
    if (!call->caller().isOwner)
        return call->answer(problem(403, "Not allowed", "auth.owner_only",
                                    "only the owner of the installation reads mails"));
    constexpr std::int64_t kShown = 50, kShownMax = 500;
    const auto limit = static_cast<std::size_t>(call->queryInteger("limit", kShown, kShownMax));
    mailbox.list(limit, [call, &mailbox](const Result<std::vector<mail::Message>>& messages) {
        if (!messages) return call->answer(problemOf(messages.error(), "Not read"));
        json::Writer out;
        out.beginObject()
            .member("delivery", mailbox.isLocal() ? "local" : "smtp")
            .key("messages")
            .beginArray();
        for (const mail::Message& each : *messages)
            out.beginObject()
                .member("id", each.id)
                .member("to", each.to.text())
                .member("kind", identity::toString(each.kind))
                .member("subject", each.subject)
                .member("text", each.text.revealForUse())
                .member("createdAt", each.createdAt)
                .endObject();
        call->answer(200, out.endArray().endObject().take());
    });
}

void addLists(const People& people, Api& api)
{
    auto list = forAdmins("GET", "/v1/users", "All accounts, in the order they were made", false);
    list.query = {{.name = "after", .help = "nextAfter of the page before"},
                  {.name = "limit", .type = FieldType::Integer, .example = "100"},
                  {.name = "email", .help = "that one or none",
                   .lengthMax = EmailAddress::kLengthMax}};
    api.add(std::move(list), [people](const CallPtr& call) { listUsers(people, call); });
    api.add(forAdmins("GET", "/v1/users/{user}", "One account", false),
            [people](const CallPtr& call) { answerUser(people, call); });
    api.add(forAdmins("GET", "/v1/users/{user}/sessions", "Where somebody is signed in", false),
            [people](const CallPtr& call) { listSessionsOf(people, call); });
}

void addChanges(const People& people, Api& api)
{
    auto create = forAdmins("POST", "/v1/users", "Make an account for somebody", true);
    create.body = {{.name = "email", .required = true, .lengthMax = EmailAddress::kLengthMax,
                    .example = "ann@example.org"},
                   {.name = "displayName", .required = true, .example = "Ann"},
                   passwordField("password", false),
                   {.name = "roles", .type = FieldType::Array, .required = true, .lengthMax = 8,
                    .example = "[\"trader\"]"}};
    api.add(std::move(create), [people](const CallPtr& call) { createUser(people, call); });
    api.add(forAdmins("PUT", "/v1/users/{user}/roles/{role}", "Grant a role", true),
            [people](const CallPtr& call) { changeRole(people, call, /*isGrant=*/true); });
    api.add(forAdmins("DELETE", "/v1/users/{user}/roles/{role}", "Take a role away", true),
            [people](const CallPtr& call) { changeRole(people, call, /*isGrant=*/false); });
    api.add(forAdmins("POST", "/v1/users/{user}/disable", "Let somebody in no more", true),
            [people](const CallPtr& call) { setDisabled(people, call, true); });
    api.add(forAdmins("POST", "/v1/users/{user}/enable", "Let somebody in again", true),
            [people](const CallPtr& call) { setDisabled(people, call, false); });
    api.add(forAdmins("DELETE", "/v1/users/{user}/sessions", "Sign somebody out everywhere", true),
            [people](const CallPtr& call) { endSessionsOf(people, call); });
}

} // namespace

void UsersApi::addTo(Api& api) const
{
    addLists(people, api);
    addChanges(people, api);
    auto mails = forAdmins("GET", "/v1/mailbox", "Mails that were not sent anywhere", false);
    mails.query = {{.name = "limit", .type = FieldType::Integer, .example = "50"}};
    api.add(std::move(mails),
            [&box = mailbox](const CallPtr& call) { showMailbox(box, call); });
}

} // namespace qd::gateway

#include "services/client/people_api.h"

#include <QUrl>

#include "services/client/read_answer.h"

namespace qd::client {

namespace {

std::string below(const std::string& folder, const std::string& id, const char* rest = "")
{
    return folder + QUrl::toPercentEncoding(QString::fromStdString(id)).toStdString() + rest;
}

std::string userTarget(const UserId& user, const std::string& rest = {})
{
    return below("/v1/users/", user.text()) + rest;
}

Roles readRoles(const json::Value& words)
{
    Roles roles;
    for (const auto& word : words.items()) {
        if (const auto role = parseRole(word.stringOr({}))) roles = roles.with(*role);
    }
    return roles;
}

void readMillis(FieldReader& read, const json::Value& value, Duration& place)
{
    std::chrono::milliseconds millis{};
    read.read(value, millis);
    place = millis;
}

void readSecret(FieldReader& read, const json::Value& value, runtime::Secret& place)
{
    std::string text;
    read.read(value, text);
    place = runtime::Secret(std::move(text));
}

DisplayName readName(const json::Value& value)
{
    return DisplayName::parse(value.stringOr({})).value_or(DisplayName());
}

DeviceFacts readDevice(FieldReader& read, const json::Value& value)
{
    DeviceFacts device;
    SessionFacts& session = device.session;
    session.device = readName(value["device"]);
    read.members(value, "id", session.id, "network", session.address, "createdAt",
                 session.createdAt, "lastUsedAt", session.lastUsedAt, "expiresAt",
                 session.expiresAt, "current", device.isCurrent);
    return device;
}

std::vector<DeviceFacts> readDevices(FieldReader& read, const json::Value& root)
{
    std::vector<DeviceFacts> devices;
    for (const auto& item : root["sessions"].items()) devices.push_back(readDevice(read, item));
    return devices;
}

std::shared_ptr<TotpFacts> readTotp(FieldReader& read, const json::Value& root)
{
    auto totp = std::make_shared<TotpFacts>();
    readSecret(read, root["uri"], totp->uri);
    readSecret(read, root["secret"], totp->secret);
    return totp;
}

std::vector<std::string> readRecoveryCodes(FieldReader& read, const json::Value& root)
{
    auto codes = root["recoveryCodes"].strings();
    if (codes) return std::move(*codes);
    read.note(codes.error());
    return {};
}

UserPage readUserPage(FieldReader& read, const json::Value& root)
{
    UserPage page;
    for (const auto& item : root["users"].items()) page.users.push_back(readUser(read, item));
    read.members(root, "nextAfter", page.nextAfter);
    return page;
}

Mailbox readMailbox(FieldReader& read, const json::Value& root)
{
    Mailbox box;
    box.isLocal = root["delivery"].stringOr({}) == "local";
    for (const auto& item : root["messages"].items()) {
        Mail& mail = box.mails.emplace_back();
        read.members(item, "id", mail.id, "to", mail.to, "kind", mail.kind, "subject",
                     mail.subject, "text", mail.text, "createdAt", mail.createdAt);
    }
    return box;
}

bool readDone(FieldReader&, const json::Value&) { return true; }

} // namespace

User readUser(FieldReader& read, const json::Value& value)
{
    User user;
    std::string email;
    read.members(value, "id", user.id, "email", email, "emailVerified", user.emailVerified,
                 "disabled", user.disabled, "createdAt", user.createdAt);
    if (auto address = EmailAddress::parse(email)) user.email = std::move(*address);
    else read.note(address.error());
    user.displayName = readName(value["displayName"]);
    user.roles = readRoles(value["roles"]);
    if (value["secondFactor"].stringOr("none") != "none") user.secondFactor = SecondFactor::Totp;
    return user;
}

WhoFacts readWho(FieldReader& read, const json::Value& value)
{
    WhoFacts who;
    read.members(value, "actor", who.actor, "owner", who.isOwner);
    who.roles = readRoles(value["roles"]);
    if (value["user"].isObject()) who.user = readUser(read, value["user"]);
    if (value["session"].isObject()) who.device = readDevice(read, value["session"]);
    readMillis(read, value["steppedUpForMs"], who.steppedUpFor);
    return who;
}

TokenFacts readTokens(FieldReader& read, const json::Value& value)
{
    TokenFacts tokens;
    read.members(value, "session", tokens.session);
    readSecret(read, value["accessToken"], tokens.access);
    readSecret(read, value["refreshToken"], tokens.refresh);
    readMillis(read, value["accessExpiresInMs"], tokens.accessFor);
    if (tokens.access.empty() || tokens.refresh.empty())
        read.note({ErrorKind::Invalid, "client.tokens", "a session without its tokens", {}});
    return tokens;
}

template <typename T>
void PeopleApi::ask(const ApiCall& call, T (*read)(FieldReader&, const json::Value&),
                    QObject* owner, Reply<T> reply)
{
    m_caller.call(call, owner, [read, reply = std::move(reply)](const Answer<std::string>& text) {
        reply(readAnswer(text, read));
    });
}

void PeopleApi::tell(const ApiCall& call, QObject* owner, Reply<bool> reply)
{
    ask<bool>(call, readDone, owner, std::move(reply));
}

void PeopleApi::signUp(const NewUser& user, QObject* owner, Reply<bool> reply)
{
    json::Writer body;
    body.beginObject()
        .member("email", user.email)
        .member("displayName", user.name)
        .member("password", user.password.revealForUse())
        .endObject();
    tell({"POST", "/v1/sign-up", body.take(), true}, owner, std::move(reply));
}

void PeopleApi::verifyEmail(const std::string& token, QObject* owner, Reply<bool> reply)
{
    json::Writer body;
    body.beginObject().member("token", token).endObject();
    tell({"POST", "/v1/email/verify", body.take(), true}, owner, std::move(reply));
}

void PeopleApi::forgotPassword(const std::string& email, QObject* owner, Reply<bool> reply)
{
    json::Writer body;
    body.beginObject().member("email", email).endObject();
    tell({"POST", "/v1/password/forgot", body.take(), true}, owner, std::move(reply));
}

void PeopleApi::resetPassword(const std::string& token, const runtime::Secret& password,
                              QObject* owner, Reply<bool> reply)
{
    json::Writer body;
    body.beginObject()
        .member("token", token)
        .member("password", password.revealForUse())
        .endObject();
    tell({"POST", "/v1/password/reset", body.take(), true}, owner, std::move(reply));
}

void PeopleApi::who(QObject* owner, Reply<WhoFacts> reply)
{
    ask<WhoFacts>({.target = "/v1/session"}, readWho, owner, std::move(reply));
}

void PeopleApi::devices(QObject* owner, Reply<std::vector<DeviceFacts>> reply)
{
    ask<std::vector<DeviceFacts>>({.target = "/v1/sessions"}, readDevices, owner,
                                  std::move(reply));
}

void PeopleApi::endDevice(const SessionId& device, QObject* owner, Reply<bool> reply)
{
    tell({"DELETE", below("/v1/sessions/", device.text())}, owner, std::move(reply));
}

void PeopleApi::endOtherDevices(QObject* owner, Reply<bool> reply)
{
    tell({"DELETE", "/v1/sessions"}, owner, std::move(reply));
}

void PeopleApi::enrolTotp(QObject* owner, Reply<std::shared_ptr<TotpFacts>> reply)
{
    ask<std::shared_ptr<TotpFacts>>({"POST", "/v1/totp"}, readTotp, owner, std::move(reply));
}

void PeopleApi::confirmTotp(const runtime::Secret& code, QObject* owner,
                            Reply<std::vector<std::string>> reply)
{
    json::Writer body;
    body.beginObject().member("code", code.revealForUse()).endObject();
    ask<std::vector<std::string>>({"POST", "/v1/totp/confirm", body.take()}, readRecoveryCodes,
                                  owner, std::move(reply));
}

void PeopleApi::removeTotp(QObject* owner, Reply<bool> reply)
{
    tell({"DELETE", "/v1/totp"}, owner, std::move(reply));
}

void PeopleApi::users(const std::string& after, int limit, QObject* owner, Reply<UserPage> reply)
{
    std::string target = "/v1/users?limit=" + std::to_string(limit);
    if (!after.empty()) target += below("&after=", after);
    ask<UserPage>({.target = target}, readUserPage, owner, std::move(reply));
}

void PeopleApi::createUser(const NewUser& user, QObject* owner, Reply<User> reply)
{
    json::Writer body;
    body.beginObject().member("email", user.email).member("displayName", user.name).key("password");
    user.password.empty() ? body.null() : body.value(user.password.revealForUse());
    body.key("roles").beginArray();
    for (const Role role : user.roles.list()) body.value(toString(role));
    body.endArray().endObject();
    ask<User>({"POST", "/v1/users", body.take()}, readUser, owner, std::move(reply));
}

void PeopleApi::setRole(const UserId& user, Role role, bool isHeld, QObject* owner,
                        Reply<User> reply)
{
    ask<User>({isHeld ? "PUT" : "DELETE", userTarget(user, "/roles/" + std::string(toString(role)))},
              readUser, owner, std::move(reply));
}

void PeopleApi::setDisabled(const UserId& user, bool isDisabled, QObject* owner,
                            Reply<User> reply)
{
    ask<User>({"POST", userTarget(user, isDisabled ? "/disable" : "/enable")}, readUser, owner,
              std::move(reply));
}

void PeopleApi::endDevicesOf(const UserId& user, QObject* owner, Reply<bool> reply)
{
    tell({"DELETE", userTarget(user, "/sessions")}, owner, std::move(reply));
}

void PeopleApi::mailbox(int limit, QObject* owner, Reply<Mailbox> reply)
{
    ask<Mailbox>({.target = "/v1/mailbox?limit=" + std::to_string(limit)}, readMailbox, owner,
                 std::move(reply));
}

} // namespace qd::client

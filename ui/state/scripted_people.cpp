#include "ui/state/scripted_people.h"

#include <algorithm>

#include "services/client/problem_json.h"
#include "services/json/json.h"

namespace qd::ui {

namespace {

constexpr const char* kAnn = "7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0001";

std::string roleList(Roles roles)
{
    json::Writer out;
    out.beginArray();
    for (const Role role : roles.list()) out.value(toString(role));
    return out.endArray().take();
}

std::string textIn(const std::string& body, const char* name)
{
    const auto document = json::Document::parse(body);
    return document ? std::string((*document)[name].stringOr({})) : std::string();
}

/// What stands between `head` and the next '/' of "VERB /path".
std::string partAfter(const std::string& line, const std::string& head)
{
    if (!line.starts_with(head)) return {};
    const auto rest = line.substr(head.size());
    return rest.substr(0, rest.find('/'));
}

} // namespace

ScriptedPeople::ScriptedPeople(ScriptedClock& clock, QObject* parent)
    : QObject(parent), m_clock(clock),
      m_people{{kAnn, "ann@example.org", "Ann Archer", "2024-01-08T09:00:00Z",
                {Role::Viewer, Role::Trader, Role::Admin}, false, true, true},
               {"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0002", "ben@example.org", "Ben Okafor",
                "2024-01-09T13:20:00Z", {Role::Viewer, Role::Trader}},
               {"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0003", "chloe@example.org", "Chloe Lindqvist",
                "2024-02-02T15:41:00Z", {Role::Viewer, Role::Support}, false, true, true},
               {"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0004", "dmitri@example.org", "Dmitri Sokolov",
                "2024-02-19T10:05:00Z", {Role::Viewer, Role::Operator}},
               {"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0005", "eve@example.org", "Eve Martin",
                "2024-03-11T08:12:00Z", {Role::Viewer}, true},
               {"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0006", "farid@example.org", "Farid Haddad",
                "2024-04-03T14:20:00Z", {Role::Viewer}, false, false}}
{
    using std::chrono::hours;
    m_connections = {{"alpaca", "connected", "", m_clock.now() - hours(24 * 41), {}},
                     {"tradier", "reauth_needed", "oauth.reauth_needed",
                      m_clock.now() - hours(24 * 91), m_clock.now() - hours(2), "data"}};
}

ScriptedPeople::Reply ScriptedPeople::refusal(int status, const std::string& code,
                                              const std::string& members)
{
    json::Writer out;
    out.beginObject()
        .member("type", "about:blank")
        .member("title", "Not done")
        .member("status", status)
        .member("code", code)
        .member("detail", "the scripted backend refuses: " + code)
        .endObject();
    std::string body = out.take();
    if (!members.empty()) body.insert(body.size() - 1, "," + members);
    return {status, body};
}

void ScriptedPeople::refuseNext(const std::string& call, int status, const std::string& code,
                                const std::string& members)
{
    m_refusals.push_back({call, refusal(status, code, members)});
}

void ScriptedPeople::setRoles(Roles roles)
{
    m_people.front().roles = roles;
}

void ScriptedPeople::endSession()
{
    m_isSessionOpen = false;
}

void ScriptedPeople::call(const client::ApiCall& call, QObject* owner, TextReply reply)
{
    if (call.isNobodys) return send(call, owner, std::move(reply));
    send(call, owner, rescued<std::string>(owner, std::move(reply), [this, call, owner](TextReply last) {
             send(call, owner, std::move(last));
         }));
}

void ScriptedPeople::send(const client::ApiCall& call, QObject* owner, TextReply reply)
{
    if (!m_isAnswering) return;
    const Reply answer = answerTo(call);
    client::Answer<std::string> text = answer.body;
    if (answer.status >= 300) {
        text = tl::unexpected(client::readProblem(answer.status, answer.body));
    }
    QMetaObject::invokeMethod(
        this,
        [guard = QPointer<QObject>(owner), reply = std::move(reply), text = std::move(text)] {
            if (guard) reply(text);
        },
        Qt::QueuedConnection);
}

ScriptedPeople::Reply ScriptedPeople::answerTo(const client::ApiCall& call)
{
    const std::string line = call.verb + ' ' + call.target.substr(0, call.target.find('?'));
    m_calls.push_back(line);
    m_lastBody = call.body;
    const auto refused = std::find_if(m_refusals.begin(), m_refusals.end(),
                                      [&](const Refusal& one) { return one.call == line; });
    if (refused != m_refusals.end()) {
        const Reply reply = refused->reply;
        m_refusals.erase(refused);
        return reply;
    }
    if (call.isNobodys) return nobodys(line, call.body);
    const bool isOwner = m_tokensMade == 0;
    if (!isOwner && !m_isSessionOpen) return refusal(401, "auth.invalid_token");
    if (line.find("/v1/users") != std::string::npos) return ofAdministration(line, call.body);
    if (line.find("/v1/connections") != std::string::npos) return ofConnections(line, call.body);
    if (line == "POST /v1/broker/session/take-over") return {};
    if (line == "GET /v1/mailbox") {
        if (!isOwner) return refusal(403, "auth.owner_only");
        return {200, R"({"delivery":"local","messages":[{"id":"2","to":"zoe@example.org",)"
                     R"("kind":"verify_email","subject":"Verify your address","text":)"
                     R"("Somebody, probably you, made an account with this address.\n\nThe code )"
                     R"(is 428117. It is good for 30 minutes.","createdAt":"2024-04-03T14:31:00Z"},)"
                     R"({"id":"1","to":"farid@example.org","kind":"verify_email",)"
                     R"("subject":"Verify your address","text":"The code is 552310.",)"
                     R"("createdAt":"2024-04-03T14:20:00Z"}]})"};
    }
    return ofTheSignedIn(line, call.body);
}

ScriptedPeople::Reply ScriptedPeople::nobodys(const std::string& line, const std::string& body)
{
    if (line == "POST /v1/session") return signIn(body);
    if (line == "POST /v1/session/refresh") {
        if (!m_isSessionOpen) return refusal(401, "identity.token_refused");
        return tokens(false);
    }
    if (line == "POST /v1/sign-up") return {202, R"({"next":"verify_email"})"};
    if (line == "POST /v1/email/verify") {
        if (textIn(body, "token") != kCode) return refusal(403, "identity.mail_token");
        return {200, R"({"verified":true})"};
    }
    if (line == "POST /v1/password/forgot") return {202, R"({"next":"reset_password"})"};
    if (line == "POST /v1/password/reset") {
        if (textIn(body, "token") != kCode) return refusal(403, "identity.mail_token");
        return {200, R"({"changed":true})"};
    }
    return refusal(404, "gateway.no_such_path");
}

ScriptedPeople::Reply ScriptedPeople::signIn(const std::string& body)
{
    const Person& ann = m_people.front();
    if (textIn(body, "email") != ann.email || textIn(body, "password") != kPassword) {
        return refusal(403, "identity.wrong_credentials");
    }
    const std::string code = textIn(body, "code");
    if (ann.hasTotp && code.empty()) return refusal(403, "identity.code_needed");
    if (ann.hasTotp && code != kCode) return refusal(403, "identity.wrong_code");
    m_isSessionOpen = m_isSteppedUp = true;
    return tokens(true);
}

ScriptedPeople::Reply ScriptedPeople::tokens(bool withUser)
{
    const std::string number = std::to_string(++m_tokensMade);
    json::Writer out;
    out.beginObject()
        .member("session", "d0000000-0000-4000-8000-000000000001")
        .member("accessToken", "access-" + number)
        .member("accessExpiresInMs", 600'000)
        .member("refreshToken", "refresh-" + number)
        .member("refreshExpiresAt", m_clock.now() + std::chrono::hours(720));
    if (withUser) {
        out.key("user").raw(userJson(m_people.front()));
        out.member("deviceKey", "device-1");
    }
    return {200, out.endObject().take()};
}

std::string ScriptedPeople::userJson(const Person& person) const
{
    json::Writer out;
    out.beginObject()
        .member("id", person.id)
        .member("email", person.email)
        .member("displayName", person.name)
        .key("roles")
        .raw(roleList(person.roles));
    return out.member("emailVerified", person.isVerified)
        .member("disabled", person.isDisabled)
        .member("secondFactor", person.hasTotp ? "totp" : "none")
        .member("createdAt", person.createdAt)
        .endObject()
        .take();
}

ScriptedPeople::Reply ScriptedPeople::devices() const
{
    struct Device {
        const char *id, *name, *network;
        int hoursOld, minutesIdle;
        bool isCurrent;
    };
    static constexpr Device kDevices[] = {
        {"d0000000-0000-4000-8000-000000000001", "desk, left", "203.0.113.0/24", 5, 0, true},
        {"d0000000-0000-4000-8000-000000000002", "desk, right", "203.0.113.0/24", 5, 2, false},
        {"d0000000-0000-4000-8000-000000000003", "laptop", "198.51.100.0/24", 72, 1'130, false},
        {"d0000000-0000-4000-8000-000000000004", "quarterdeckctl", "127.0.0.0/24", 400, 8'600,
         false}};
    json::Writer out;
    out.beginObject().key("sessions").beginArray();
    for (const Device& device : kDevices) {
        if (std::count(m_endedDevices.begin(), m_endedDevices.end(), device.id) > 0) continue;
        out.beginObject()
            .member("id", device.id)
            .member("device", device.name)
            .member("network", device.network)
            .member("createdAt", m_clock.now() - std::chrono::hours(device.hoursOld))
            .member("lastUsedAt", m_clock.now() - std::chrono::minutes(device.minutesIdle))
            .member("expiresAt", m_clock.now() + std::chrono::hours(720))
            .member("current", device.isCurrent)
            .endObject();
    }
    return {200, out.endArray().endObject().take()};
}

ScriptedPeople::Reply ScriptedPeople::ofTheSignedIn(const std::string& line,
                                                    const std::string& body)
{
    Person& ann = m_people.front();
    if (line == "GET /v1/session") {
        json::Writer out;
        const bool isOwner = m_tokensMade == 0;
        out.beginObject()
            .member("actor", isOwner ? "user:owner" : "user:" + ann.id)
            .member("owner", isOwner)
            .key("roles")
            .raw(isOwner ? R"(["admin"])" : roleList(ann.roles));
        out.key("user");
        isOwner ? out.null() : out.raw(userJson(ann));
        return {200, out.member("steppedUpForMs", m_isSteppedUp ? 300'000 : 0).endObject().take()};
    }
    if (line == "POST /v1/session/step-up") {
        if (textIn(body, "password") != kPassword) {
            return refusal(403, "identity.wrong_credentials");
        }
        if (ann.hasTotp && textIn(body, "code").empty()) {
            return refusal(403, "identity.code_needed");
        }
        if (ann.hasTotp && textIn(body, "code") != kCode) {
            return refusal(403, "identity.wrong_code");
        }
        m_isSteppedUp = true;
        return {200, R"({"steppedUpForMs":300000})"};
    }
    if (line == "GET /v1/sessions") return devices();
    if (line == "DELETE /v1/sessions") {
        m_endedDevices = {"d0000000-0000-4000-8000-000000000002",
                          "d0000000-0000-4000-8000-000000000003",
                          "d0000000-0000-4000-8000-000000000004"};
        return {};
    }
    if (const auto id = partAfter(line, "DELETE /v1/sessions/"); !id.empty()) {
        m_endedDevices.push_back(id);
        return {};
    }
    if (line == "PUT /v1/password") {
        if (textIn(body, "current") != kPassword) return refusal(403, "identity.wrong_credentials");
        return {200, R"({"changed":true})"};
    }
    if (line == "DELETE /v1/session") {
        m_isSessionOpen = false;
        return {};
    }
    const bool isMarked = line.find("/v1/totp") != std::string::npos;
    if (isMarked && !m_isSteppedUp) return refusal(403, "auth.step_up_required");
    if (line == "POST /v1/totp") {
        return {201, R"({"uri":"otpauth://totp/Quarterdeck:ann%40example.org?)"
                     R"(secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Quarterdeck&algorithm=SHA1)"
                     R"(&digits=6&period=30","secret":"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"})"};
    }
    if (line == "POST /v1/totp/confirm") {
        if (textIn(body, "code") != kCode) return refusal(422, "identity.wrong_code");
        ann.hasTotp = true;
        return {200, R"({"recoveryCodes":["k7qa-2m4x-vbn3-ye5d","p2wc-6hzt-q4ja-s7mu",)"
                     R"("x3fe-5rkd-w6ng-b2ty","a4ms-7pqx-c5ju-h3vd","t6zb-4yhe-n2kw-r5fa",)"
                     R"("e5jd-3xgm-u7cq-z4pw","h2vn-6tsa-k3rb-y7xe","m7cu-5dfw-j4zp-g6qt",)"
                     R"("w4ry-2bna-x5sh-d3ke","q6gt-7mvz-p2ec-u4jf"]})"};
    }
    if (line == "DELETE /v1/totp") {
        ann.hasTotp = false;
        return {200, R"({"secondFactor":"none"})"};
    }
    return refusal(404, "gateway.no_such_path");
}

ScriptedPeople::Reply ScriptedPeople::ofAdministration(const std::string& line,
                                                       const std::string& body)
{
    const bool isOwner = m_tokensMade == 0;
    if (!isOwner && !m_people.front().roles.contains(Role::Admin)) {
        return refusal(403, "auth.role");
    }
    if (line == "GET /v1/users") {
        json::Writer out;
        out.beginObject().key("users").beginArray();
        for (const Person& person : m_people) out.raw(userJson(person));
        out.endArray().key("nextAfter").null();
        return {200, out.endObject().take()};
    }
    if (!isOwner && !m_isSteppedUp) return refusal(403, "auth.step_up_required");
    if (line == "POST /v1/users") {
        Person person;
        person.id = "7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c1" + std::to_string(100 + m_people.size());
        person.email = textIn(body, "email");
        person.name = textIn(body, "displayName");
        person.createdAt = m_clock.now().toString();
        person.roles = {Role::Viewer};
        m_people.push_back(person);
        return {201, userJson(person)};
    }
    for (const char* verb : {"PUT", "DELETE", "POST"}) {
        const std::string id = partAfter(line, std::string(verb) + " /v1/users/");
        const auto person = std::find_if(m_people.begin(), m_people.end(),
                                         [&](const Person& one) { return one.id == id; });
        if (id.empty() || person == m_people.end()) continue;
        if (line.ends_with("/sessions")) return {200, R"({"ended":true})"};
        if (line.ends_with("/disable")) person->isDisabled = true;
        if (line.ends_with("/enable")) person->isDisabled = false;
        if (const auto role = parseRole(line.substr(line.rfind('/') + 1))) {
            person->roles = verb[0] == 'P' ? person->roles.with(*role)
                                           : person->roles.without(*role);
        }
        return {200, userJson(*person)};
    }
    return refusal(404, "identity.no_account");
}

std::string ScriptedPeople::connectionJson(const Connection& connection) const
{
    json::Writer out;
    out.beginObject()
        .member("broker", connection.broker)
        .member("method", "oauth")
        .member("status", connection.status)
        .key("scopes")
        .beginArray();
    for (const char* scope : {"account:write", "trading", "data"})
        if (connection.missingScope != scope) out.value(scope);
    out.endArray().key("missingScopes").beginArray();
    if (!connection.missingScope.empty()) out.value(connection.missingScope);
    out.endArray()
        .member("connectedAt", connection.connectedAt)
        .member("expiresAt", connection.expiresAt)
        .key("refreshExpiresAt")
        .null()
        .key("lastError");
    connection.lastError.empty() ? out.null() : out.value(connection.lastError);
    out.member("lastErrorAt", connection.lastError.empty() ? Timestamp() : m_clock.now());
    out.key("reauthorise");
    connection.status == "reauth_needed" ? out.value("/v1/connections/x/begin") : out.null();
    return out.member("trades", connection.broker == "alpaca").endObject().take();
}

ScriptedPeople::Reply ScriptedPeople::ofConnections(const std::string& line,
                                                    const std::string& body)
{
    if (line == "GET /v1/connections") {
        json::Writer out;
        out.beginObject().key("connections").beginArray();
        for (const Connection& connection : m_connections) out.raw(connectionJson(connection));
        return {200, out.endArray().endObject().take()};
    }
    if (line == "GET /v1/connections/available") {
        return {200, R"({"brokers":[{"broker":"alpaca","name":"Alpaca","method":"oauth",)"
                     R"("configured":true,"missingKeys":[],)"
                     R"("redirectUri":"http://127.0.0.1/callback"},)"
                     R"({"broker":"alpaca","name":"Alpaca","method":"key","configured":false,)"
                     R"("missingKeys":[],"redirectUri":null},)"
                     R"({"broker":"tradier","name":"Tradier","method":"oauth","configured":true,)"
                     R"("missingKeys":[],"redirectUri":"https://desk.example.org/callback"},)"
                     R"({"broker":"ibkr","name":"Interactive Brokers","method":"session",)"
                     R"("configured":true,"missingKeys":[],"redirectUri":null},)"
                     R"({"broker":"schwab","name":"Schwab","method":"oauth","configured":false,)"
                     R"("missingKeys":["oauth.schwab.client_id","oauth.schwab.client_secret"],)"
                     R"("redirectUri":null}]})"};
    }
    const auto parts = line.substr(line.find("/v1/connections/") + 16);
    const std::string broker = parts.substr(0, parts.find('/'));
    if (line.ends_with("/begin")) {
        json::Writer out;
        out.beginObject()
            .member("broker", broker)
            .member("method", "oauth")
            .member("authorizeUrl", "https://consent." + broker +
                                        ".example.org/oauth/authorize?state=" + std::string(43, 'a'))
            .member("expiresAt", m_clock.now() + std::chrono::minutes(30));
        return {201, out.endObject().take()};
    }
    std::erase_if(m_connections, [&](const Connection& one) { return one.broker == broker; });
    if (line.ends_with("/finish")) {
        if (textIn(body, "redirect").find("code=") == std::string::npos) {
            return refusal(403, "oauth.refused", R"("restart":"/v1/connections/x/begin")");
        }
        m_connections.push_back({broker, "connected", "", m_clock.now(), {}});
        return {200, connectionJson(m_connections.back())};
    }
    m_connections.push_back({broker, "revocation_pending", "", m_clock.now(), {}});
    return {202, "{\"connection\":" + connectionJson(m_connections.back()) +
                     ",\"manageUrl\":null}"};
}

void ScriptedKeys::read(const std::string& name, Found found)
{
    found(runtime::Secret(m_values[name]));
}

void ScriptedKeys::write(const std::string& name, const runtime::Secret& value, Done done)
{
    m_values[name] = std::string(value.revealForUse());
    done({});
}

} // namespace qd::ui

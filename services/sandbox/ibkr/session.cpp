#include "services/sandbox/ibkr/session.h"

#include <algorithm>

#include <fmt/format.h>

namespace qd::sandbox::ibkr {

namespace {

constexpr Duration kDay = std::chrono::hours(24);

std::string newSessionId(runtime::Random& random)
{
    std::string id = random.uuidV4();
    std::erase(id, '-');
    return id;
}

} // namespace

Session::Session(runtime::Executor& executor, runtime::Random& random, std::function<void()> changed)
    : m_executor(executor), m_random(random), m_changed(std::move(changed)),
      m_id(newSessionId(random)), m_loggedInAt(executor.clock().now()),
      m_touchedAt(executor.clock().steady())
{
    watchReset();
}

Timestamp Session::startedAt() const
{
    return m_resetAt.isSet() ? std::max(m_resetAt, lastNight()) : lastNight();
}

Timestamp Session::lastNight() const
{
    const auto sinceReset = (m_executor.clock().now() - Timestamp() - kResetAt) % kDay;
    return m_executor.clock().now() - sinceReset;
}

void Session::watchReset()
{
    const auto wait = kDay - (m_executor.clock().now() - lastNight());
    m_reset = m_executor.after(wait, [this] { reset(); });
}

void Session::touch()
{
    m_touchedAt = m_executor.clock().steady();
}

void Session::watchIdle()
{
    const auto quiet = m_executor.clock().steady() - m_touchedAt;
    if (quiet >= kIdleMax)
        return endBridge();
    m_idle = m_executor.after(kIdleMax - quiet, [this] { watchIdle(); });
}

void Session::endBridge()
{
    m_idle.cancel();
    m_bridge = false;
    accountsAsked = portfolioAsked = liveOrdersPrimed = liveOrdersFiltered = false;
    m_id = newSessionId(m_random);
    m_changed();
}

void Session::logIn()
{
    m_loggedIn = true;
    m_loggedInAt = m_executor.clock().now();
}

void Session::logOut()
{
    m_loggedIn = m_competing = false;
    endBridge();
}

void Session::compete()
{
    m_competing = true;
    m_changed();
}

void Session::reset()
{
    m_resetAt = m_executor.clock().now();
    endBridge();
    watchReset();
}

std::optional<wire::HttpResponse> Session::answer(const ApiRequest& request)
{
    if (!m_loggedIn)
        return errorAnswer(401, "not authenticated");
    const bool post = request.method == "POST";
    if (post && request.isAt({"iserver", "auth", "ssodh", "init"}))
        return init(request.body);
    if (post && request.isAt({"iserver", "auth", "status"})) {
        json::Writer out;
        writeStatus(out);
        return jsonAnswer(out.take());
    }
    if (request.isAt({"tickle"}))
        return tickle();
    if (request.isAt({"sso", "validate"}))
        return validate();
    if (post && request.isAt({"logout"})) {
        logOut();
        return jsonAnswer(R"({"confirmed":true})");
    }
    return std::nullopt;
}

wire::HttpResponse Session::init(const json::Value& body)
{
    if (m_competing && body["compete"].booleanOr(false))
        m_competing = false;
    if (!m_competing && !m_bridge) {
        m_bridge = true;
        watchIdle();
    }
    json::Writer out;
    writeStatus(out);
    m_changed();
    return jsonAnswer(out.take());
}

void Session::writeStatus(json::Writer& out) const
{
    out.beginObject()
        .member("authenticated", hasBridge())
        .member("competing", m_competing)
        .member("connected", m_loggedIn)
        .member("established", hasBridge())
        .member("message", "")
        .member("MAC", "98:F2:B3:23:BF:A0")
        .key("serverInfo")
        .beginObject()
        .member("serverName", "SandboxServer01")
        .member("serverVersion", "Build 10.25.0p, Jan 5, 2026 3:00:00 PM")
        .endObject()
        .endObject();
}

wire::HttpResponse Session::tickle() const
{
    const auto left = m_loggedInAt + kLoginLasts - m_executor.clock().now();
    json::Writer out;
    out.beginObject()
        .member("session", m_id)
        .member("ssoExpires", std::chrono::duration_cast<std::chrono::milliseconds>(left).count())
        .member("collission", m_competing) // so it is written
        .member("userId", 123456789)
        .key("hmds")
        .beginObject()
        .member("error", "no bridge")
        .endObject()
        .key("iserver")
        .beginObject()
        .key("authStatus");
    writeStatus(out);
    out.endObject().endObject();
    return jsonAnswer(out.take());
}

wire::HttpResponse Session::validate() const
{
    const auto left = m_loggedInAt + kLoginLasts - m_executor.clock().now();
    json::Writer out;
    out.beginObject()
        .member("USER_ID", 123456789)
        .member("USER_NAME", "paper")
        .member("RESULT", true)
        .member("AUTH_TIME", m_loggedInAt.millis())
        .member("SF_ENABLED", false)
        .member("IS_FREE_TRIAL", false)
        .member("CREDENTIAL", "paper")
        .member("IP", "127.0.0.1")
        .member("EXPIRES", std::chrono::duration_cast<std::chrono::milliseconds>(left).count())
        .member("LOGIN_TYPE", 2)
        .endObject();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::ibkr

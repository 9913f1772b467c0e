#include "services/gateway/broker_api.h"

#include "services/json/json.h"

namespace qd::gateway {

namespace {

constexpr const char* kTakeOverAsked = "broker.take_over_asked";
constexpr const char* kTakenOver = "broker.session_taken_over";

std::string_view sessionWord(const brokers::BrokerStatus& status)
{
    if (status.authenticated) return "own";
    return status.sessionTaken ? "taken" : "closed";
}

} // namespace

std::string BrokerApi::stateJson() const
{
    const auto status = m_the.broker.status();
    json::Writer out;
    out.beginObject()
        .member("broker", m_the.broker.capabilities().broker.text())
        .member("environment", m_the.live ? "live" : "paper")
        .member("connected", status.connected)
        .member("authenticated", status.authenticated)
        .key("session");
    m_the.session ? out.value(sessionWord(status)) : out.null();
    out.member("canTakeOver", m_the.session && m_the.session->isCompeting());
    const auto textOrNull = [&out](const char* name, std::string_view text) {
        out.key(name);
        text.empty() ? out.null() : out.value(text);
    };
    textOrNull("code", status.refusal.code);
    textOrNull("detail", status.refusal.detail);
    textOrNull("reauthorizeBy", status.authenticated ? std::string_view() : status.wayBack);
    return out.endObject().take();
}

void BrokerApi::record(const char* kind, const CallPtr& call, std::function<void(Result<void>)> then)
{
    storage::Event event;
    event.kind = kind;
    event.subject = "broker/" + m_the.broker.capabilities().broker.text();
    event.actor = call->caller().name;
    event.traceId = call->traceId();
    event.payload = m_the.live ? R"({"environment":"live"})" : R"({"environment":"paper"})";
    m_the.writer.submit(
        [event = std::move(event)](storage::Transaction& transaction) {
            return transaction.append(event).map([](std::int64_t) {});
        },
        m_the.core,
        [alive = m_alive, then = std::move(then)](const Result<std::int64_t>& written) {
            if (*alive) then(written.map([](std::int64_t) {}));
        });
}

/// On disk before it is done: the other program loses its session.
void BrokerApi::takeOver(const CallPtr& call)
{
    if (!m_the.session)
        return call->answer(problem(422, "Nothing to take over", "broker.no_shared_session",
                                    "this broker has no session that another program could take"));
    if (m_the.live && !call->caller().isSteppedUp) return call->answer(stepUpRequired());
    if (!m_the.session->isCompeting()) return call->answer(200, stateJson());
    record(kTakeOverAsked, call, [this, call](const Result<void>& written) {
        if (!written) return call->answer(problemOf(written.error(), "Not taken over"));
        m_the.session->takeOver([this, alive = m_alive, call](const Result<void>& taken) {
            if (*alive) onTaken(call, taken);
        });
    });
}

void BrokerApi::onTaken(const CallPtr& call, const Result<void>& taken)
{
    if (!taken) {
        auto refused = problemOf(taken.error(), "Not taken over");
        const auto way = m_the.broker.status().wayBack;
        if (taken.error().kind == ErrorKind::Denied)
            refused.extraMembers = "\"reauthorizeBy\":" + json::quote(way);
        return call->answer(refused);
    }
    record(kTakenOver, call, [this, call](const Result<void>& written) {
        if (!written) return call->answer(problemOf(written.error(), "Taken over, but not recorded"));
        call->answer(200, stateJson());
    });
}

void BrokerApi::addTo(Api& api)
{
    api.add({.method = "GET",
             .path = "/v1/broker/session",
             .summary = "How the broker knows us, and whether another program has the session",
             .query = {},
             .body = {},
             .errors = {}},
            [this](const CallPtr& call) { call->answer(200, stateJson()); });
    api.add({.method = "POST",
             .path = "/v1/broker/session/take-over",
             .role = Role::Trader,
             .rate = RateClass::Orders,
             .summary = "Take the broker's session from another program of the same user",
             .query = {},
             .body = {},
             .errors = {422, 503}},
            [this](const CallPtr& call) { takeOver(call); });
}

} // namespace qd::gateway

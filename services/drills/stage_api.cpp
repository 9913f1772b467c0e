// The stage's view of the backend: its API and its stream.
#include <algorithm>

#include "services/drills/stage.h"
#include "services/runtime/random.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t kAnswersKept = 300;
constexpr const char* kAllPrecautions =
    R"(["precaution.percent_off_market","precaution.ticks_off_market","precaution.size",)"
    R"("precaution.value","precaution.stale_quote","precaution.market_closed",)"
    R"("precaution.far_from_market","ibkr.o163","ibkr.o10151","ibkr.o10331"])";

std::string bodyOf(const Ticket& ticket)
{
    json::Writer out;
    out.beginObject()
        .member("clientOrderId", ticket.id)
        .member("symbol", ticket.symbol)
        .member("side", ticket.side)
        .member("type", ticket.type)
        .member("quantity", ticket.quantity);
    if (!ticket.limitPrice.empty()) out.member("limitPrice", ticket.limitPrice);
    if (!ticket.stopPrice.empty()) out.member("stopPrice", ticket.stopPrice);
    if (!ticket.timeInForce.empty()) out.member("timeInForce", ticket.timeInForce);
    if (ticket.confirmed) out.key("confirmations").raw(kAllPrecautions);
    auto text = out.endObject().take();
    if (!ticket.extra.empty()) text.insert(text.size() - 1, "," + ticket.extra);
    return text;
}

} // namespace

std::string Stage::newId()
{
    return runtime::systemRandom().uuidV4();
}

ApiClient& Stage::api()
{
    require(m_api != nullptr, "the backend was not started");
    return *m_api;
}

std::string_view Stage::token() const
{
    return m_api ? m_api->tokenForUse() : std::string_view();
}

Answer Stage::call(const std::string& method, const std::string& path, const std::string& body,
                   CallOptions options)
{
    auto answer = api().call(method, path, body, std::move(options));
    require(answer.has_value(), "{} {} was not answered: {}", method, path,
            answer ? std::string() : describe(answer.error()));
    if (method == "GET" && path != "/health/ready" && !path.starts_with("/v1/orders/"))
        require(answer->status == 200, "GET {} answered {}: {}", path, answer->status,
                answer->body.substr(0, 300));
    return keep(std::move(*answer));
}

Answer Stage::keep(Answer answer)
{
    m_recent.push_back(answer.document);
    if (m_recent.size() > kAnswersKept) m_recent.pop_front();
    return answer;
}

Answer Stage::submit(Ticket ticket, CallOptions options)
{
    if (ticket.id.empty()) ticket.id = newId();
    return call("POST", "/v1/orders", bodyOf(ticket), std::move(options));
}

std::string Stage::place(Ticket ticket, CallOptions options)
{
    if (ticket.id.empty()) ticket.id = newId();
    const auto answer = submit(ticket, std::move(options));
    require(answer.status == 202, "expected the order to be taken (202), was {}: {}", answer.status,
            answer.body.substr(0, 400));
    return ticket.id;
}

Answer Stage::order(const std::string& id)
{
    return call("GET", "/v1/orders/" + id);
}

Answer Stage::awaitOrder(const std::string& id, const std::string& what,
                         const std::function<bool(const Answer&)>& condition, milliseconds limit)
{
    Answer seen;
    const auto shorter = std::min(limit, left());
    const bool came = waitUntil(shorter, [&] {
        seen = order(id);
        return seen.status == 200 && condition(seen);
    });
    require(came, "expected the order to be {} within {} ms, was {} (unknown {}, filled {}, {})",
            what, shorter.count(), seen.text("state"), seen["outcomeUnknown"].booleanOr(false),
            seen.text("filledQuantity"), seen.text("reasonText"));
    return seen;
}

Answer Stage::awaitState(const std::string& id, const std::string& state, milliseconds limit)
{
    return awaitOrder(
        id, state, [&](const Answer& now) { return now["state"].stringOr({}) == state; }, limit);
}

std::string Stage::position(const std::string& symbol)
{
    const auto answer = get("/v1/positions");
    for (const auto& item : answer["positions"].items())
        if (item["symbol"].stringOr({}) == symbol) return std::string(item["quantity"].stringOr({}));
    return "0";
}

Answer Stage::breaker(const std::string& name)
{
    const auto answer = get("/v1/breakers");
    for (const auto& item : answer["breakers"].items()) {
        if (item["name"].stringOr({}) != name) continue;
        wire::HttpResponse one{200, {}, item.dump()};
        return *ApiClient::finish(std::move(one));
    }
    broken("GET /v1/breakers does not list {}", name);
}

std::string Stage::componentStatus(const std::string& name)
{
    return component(name, "status");
}

std::string Stage::component(const std::string& name, const std::string& member)
{
    const auto answer = get("/health/report");
    for (const auto& item : answer["components"].items())
        if (item["name"].stringOr({}) == name) return std::string(item[member].stringOr({}));
    return {};
}

void Stage::awaitSettled(milliseconds limit)
{
    std::string why;
    const auto shorter = std::min(limit, left());
    const bool came = waitUntil(shorter, [&] {
        const auto ready = call("GET", "/health/ready");
        if (ready.status != 200) return why = ready.body, false;
        const auto trading = get("/v1/trading");
        if (trading["state"].stringOr({}) != "active") return why = trading.body, false;
        if (trading["reconciling"].booleanOr(true)) return why = "reconciling", false;
        if (!trading["brokerConnected"].booleanOr(false)) return why = "order stream down", false;
        if (trading["differences"].size() > 0) return why = trading.body, false;
        if (breaker("broker." + m_options.broker).text("state") != "closed") return why = "breaker", false;
        const auto account = api().call("GET", "/v1/account");
        if (!account || account->status != 200) return why = "account not known", false;
        const auto found = get("/v1/instruments?query=SPY&limit=1");
        return why = "no instruments", found["instruments"].size() > 0;
    });
    require(came, "expected the backend to settle within {} ms, was: {}", shorter.count(), why);
}

void Stage::awaitLiveQuote(const std::string& symbol)
{
    await("a live quote of " + symbol, std::chrono::seconds(45), [&] {
        const auto quotes = get("/v1/quotes?symbols=" + symbol);
        return quotes["quotes"].at(0)["freshness"].stringOr({}) == "live";
    });
}

std::unique_ptr<StreamListener> Stage::listen(std::optional<std::int64_t> after)
{
    return std::make_unique<StreamListener>(m_link, api().baseUrl(), token(), after);
}

void Stage::armFault(const std::string& point, const std::string& body)
{
    const auto answer = call("PUT", "/v1/faults/" + point, body);
    require(answer.status == 200, "the fault point {} was not armed: {} {}", point, answer.status,
            answer.body.substr(0, 200));
}

} // namespace qd::drills

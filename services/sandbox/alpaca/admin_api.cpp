#include "services/sandbox/alpaca/admin_api.h"

#include <algorithm>

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

wire::HttpResponse refusal(int status, std::string_view detail, std::string_view field = {})
{
    json::Writer out;
    out.beginObject().member("status", status).member("detail", detail);
    if (!field.empty())
        out.member("field", field);
    out.endObject();
    return jsonAnswer(out.take(), status);
}

constexpr std::int64_t kAgeMsMax = 30LL * 86'400'000;

wire::HttpResponse done()
{
    return jsonAnswer(R"({"ok":true})");
}

} // namespace

void AdminApi::handle(wire::HttpRequest request, Respond respond)
{
    const auto target = wire::Target::parse(request.target);
    const auto document = json::Document::parse(request.body.empty() ? "{}" : request.body);
    if (!target || !document) {
        respond(refusal(400, target ? document.error().detail : "bad request target"));
        return;
    }
    const auto mounted =
        target->segments.empty() ? m_mounted.end() : m_mounted.find(target->segments[0]);
    if (mounted != m_mounted.end())
        return mounted->second->handle(std::move(request), std::move(respond));
    auto told = answer(request, *target, document->root());
    if (request.method != "GET")
        m_venue.keep();
    respond(std::move(told));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
AdminApi::upgrade(const wire::HttpRequest&)
{
    return tl::unexpected(refusal(404, "there is no stream here"));
}

wire::HttpResponse AdminApi::answer(const wire::HttpRequest& request, const wire::Target& target,
                                    const json::Value& body)
{
    const auto& path = target.segments;
    undoEnded();
    if (path.empty() || path.size() > 2)
        return refusal(404, "no such resource");
    if (path[0] == "faults")
        return answerFaults(request, target, body);
    if (path[0] == "state" && request.method == "GET")
        return state();
    if (path[0] == "keys" && path.size() == 1 && request.method == "POST")
        return addKey(body);
    if (request.method != "POST" || path.size() != 2)
        return refusal(404, "no such resource");
    if (path[0] == "market")
        return answerMarket(path[1], body);
    if (path[0] == "orders" && path[1] == "foreign")
        return m_venue.orders().submitForeign(accountOf(body), body);
    if (path[0] == "positions" && path[1] == "adjust")
        return adjustPosition(body);
    if (path[0] == "accounts")
        return answerAccounts(path[1], body);
    if (path[0] == "streams" && path[1] == "disconnect") {
        const std::string_view which = body["stream"].stringOr("all");
        const std::string_view keyId = body["keyId"].stringOr("");
        if (which != "data")
            m_venue.disconnectTradeStreams(keyId);
        if (which != "trade")
            m_venue.disconnectDataStreams(keyId);
        return done();
    }
    return refusal(404, "no such resource");
}

wire::HttpResponse AdminApi::answerFaults(const wire::HttpRequest& request,
                                          const wire::Target& target, const json::Value& body)
{
    const Duration now = m_venue.desk().executor.clock().steady();
    const bool one = target.segments.size() == 2;
    json::Writer out;
    if (request.method == "GET" && !one) {
        out.beginArray();
        for (const Fault& fault : m_venue.faults().list(now))
            writeFault(out, fault, now);
        out.endArray();
        return jsonAnswer(out.take());
    }
    if (request.method == "POST" && !one) {
        const auto fault = m_venue.faults().add(body, now);
        if (!fault)
            return refusal(fault.error().kind == ErrorKind::Conflict ? 409 : 422,
                           fault.error().detail, fault.error().field);
        apply(*fault);
        writeFault(out, *fault, now);
        return jsonAnswer(out.take(), 201);
    }
    if (request.method == "DELETE" && !one) {
        m_venue.faults().clear();
        undoEnded();
        m_venue.records().clear();
        return noContent();
    }
    if (request.method == "DELETE") {
        if (!m_venue.faults().remove(wholeNumber<std::int64_t>(target.segments[1]).value_or(0)))
            return refusal(404, "no such fault is in force");
        undoEnded();
        return noContent();
    }
    return refusal(405, "method not allowed");
}

void AdminApi::apply(const Fault& fault)
{
    if (fault.kind == "disconnect" && fault.stream.empty()) {
        m_venue.disconnectTradeStreams(fault.keyId);
        m_venue.disconnectDataStreams(fault.keyId);
        m_venue.faults().remove(fault.id);
        return;
    }
    if (fault.kind != "halt" && fault.kind != "revoke_key")
        return;
    if (fault.kind == "revoke_key")
        m_venue.revokeKey(fault.keyId);
    else if (const auto index = findInstrument(m_venue.exchange(), fault.symbol))
        m_venue.exchange().setHalted(*index, true);
    m_lasting[fault.id] = fault;
    if (fault.until) {
        runtime::Executor& executor = m_venue.desk().executor;
        m_ends[fault.id] =
            executor.after(*fault.until - executor.clock().steady(), [this] { undoEnded(); });
    }
}

void AdminApi::undo(const Fault& fault)
{
    if (fault.kind == "revoke_key")
        m_venue.keys().restore(fault.keyId);
    else if (const auto index = findInstrument(m_venue.exchange(), fault.symbol))
        m_venue.exchange().setHalted(*index, false);
}

void AdminApi::undoEnded()
{
    if (m_lasting.empty())
        return;
    const auto& inForce = m_venue.faults().list(m_venue.desk().executor.clock().steady());
    std::vector<Fault> ended;
    for (const auto& lasting : m_lasting)
        if (std::none_of(inForce.begin(), inForce.end(),
                         [&](const Fault& other) { return other.id == lasting.first; }))
            ended.push_back(lasting.second);
    for (const Fault& fault : ended) {
        undo(fault);
        m_lasting.erase(fault.id);
        m_ends.erase(fault.id);
    }
}

AccountId AdminApi::accountOf(const json::Value& body) const
{
    const std::string_view given = body["account"].stringOr("");
    return given.empty() ? m_venue.keys().firstAccount() : AccountId(std::string(given));
}

std::optional<exchange::InstrumentIndex> AdminApi::instrumentOf(const json::Value& body) const
{
    return findInstrument(m_venue.exchange(), body["symbol"].stringOr(""));
}

/// A further key of the first account, as a second application of its owner would have one.
wire::HttpResponse AdminApi::addKey(const json::Value& body)
{
    ApiKey key;
    key.keyId = std::string(body["keyId"].stringOr(""));
    key.secret = runtime::Secret(std::string(body["secretKey"].stringOr("")));
    key.token = runtime::Secret(std::string(body["oauthToken"].stringOr("")));
    key.account = accountOf(body);
    if (key.keyId.empty() || key.secret.empty())
        return refusal(422, "expected keyId and secretKey", key.keyId.empty() ? "keyId" : "secretKey");
    m_venue.addKey(std::move(key));
    return done();
}

wire::HttpResponse AdminApi::answerMarket(const std::string& subject, const json::Value& body)
{
    if (subject == "pause") {
        m_venue.market().setStopped(body["paused"].booleanOr(true));
        return done();
    }
    if (subject == "session") {
        m_venue.setSessionShut(!body["open"].booleanOr(true));
        return done();
    }
    const auto index = instrumentOf(body);
    if (!index)
        return refusal(404, "unknown symbol", "symbol");
    if (subject == "price")
        return setPrice(body);
    if (subject == "halt") {
        m_venue.exchange().setHalted(*index, body["halted"].booleanOr(true));
        return done();
    }
    return refusal(404, "no such resource");
}

wire::HttpResponse AdminApi::setPrice(const json::Value& body)
{
    const exchange::InstrumentIndex index = *instrumentOf(body);
    if (body["release"].booleanOr(false)) {
        m_venue.market().release(index);
        return done();
    }
    const auto bid = body["bid"].price();
    const auto ask = body["ask"].price();
    if (!bid || bid->isNegative())
        return refusal(422, "expected a price", "bid");
    if (!ask || ask->isNegative() || (ask->isPositive() && *ask < *bid))
        return refusal(422, "expected a price not below the bid", "ask");
    const auto size = body["size"].quantity().value_or(Quantity::of("1000"));
    std::optional<Price> last;
    if (const auto given = body["last"].price())
        last = *given;
    const auto age = body["ageMs"].integerOr(0);
    if (age < 0 || age > kAgeMsMax)
        return refusal(422, "expected 0 … 30 days", "ageMs");
    m_venue.market().pin(index, *bid, *ask, size, last, std::chrono::milliseconds(age));
    m_venue.exchange().moveOn();
    return done();
}

wire::HttpResponse AdminApi::answerAccounts(const std::string& subject, const json::Value& body)
{
    const AccountId account = accountOf(body);
    const auto amount = body[subject == "reset" ? "cash" : "amount"].money();
    if (subject == "reset")
        return m_venue.exchange().resetAccount(account, amount.value_or(Money::of("100000")))
            ? done()
            : refusal(404, "unknown account", "account");
    if (subject == "cash" && amount)
        return m_venue.exchange().adjustCash(account, *amount)
            ? done()
            : refusal(404, "unknown account", "account");
    if (subject == "block")
        return m_venue.exchange().setTradingBlocked(account, body["blocked"].booleanOr(true))
            ? done()
            : refusal(404, "unknown account", "account");
    return subject == "cash" ? refusal(422, "expected a decimal", "amount")
                             : refusal(404, "no such resource");
}

wire::HttpResponse AdminApi::adjustPosition(const json::Value& body)
{
    const auto index = instrumentOf(body);
    if (!index)
        return refusal(404, "unknown symbol", "symbol");
    const auto delta = body["qty"].quantity();
    if (!delta)
        return refusal(422, "expected the signed change of the quantity", "qty");
    const auto snapshot = m_venue.exchange().snapshot(*index);
    const Price fallback = snapshot.trade ? snapshot.trade->price : Price::of("1");
    m_venue.records().adjustPosition(accountOf(body),
                                     m_venue.exchange().instruments()[*index].symbol, *delta,
                                     body["price"].price().value_or(fallback));
    return done();
}

wire::HttpResponse AdminApi::state()
{
    const exchange::VenueClock clock = m_venue.exchange().clock();
    const Duration now = m_venue.desk().executor.clock().steady();
    json::Writer out;
    out.beginObject()
        .member("now", clock.now)
        .member("open", clock.isOpen && !m_venue.desk().sessionShut)
        .member("paused", m_venue.market().isStopped())
        .member("feedClass", toString(m_venue.exchange().feedClass()))
        .member("instruments", static_cast<std::int64_t>(m_venue.exchange().instruments().size()))
        .key("accounts")
        .beginArray();
    for (const AccountId& id : m_venue.exchange().accounts())
        out.value(id.text());
    out.endArray().key("faults").beginArray();
    for (const Fault& fault : m_venue.faults().list(now))
        writeFault(out, fault, now);
    out.endArray().endObject();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::alpaca

#include "services/sandbox/ibkr/ibkr_venue.h"

#include <utility>

#include <fmt/format.h>

namespace qd::sandbox::ibkr {

namespace {

constexpr std::string_view kStreamPath = "/v1/api/ws";

/// "DU1234567", fixed for the account.
std::string accountNumberOf(const AccountId& account)
{
    std::uint32_t hash = 2'166'136'261u;
    for (const char c : account.text())
        hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
    return fmt::format("DU{:07}", hash % 10'000'000);
}

FaultSubject subjectOf(const ApiRequest& request, const Contracts& contracts)
{
    FaultSubject subject;
    subject.method = request.method;
    subject.path = request.target.path;
    const json::Value body = request.body["orders"].isArray() ? request.body["orders"].at(0)
        : request.body.isArray()                              ? request.body.at(0)
                                                              : request.body;
    if (const auto index = contracts.find(body["conid"].integerOr(0)))
        subject.symbol = contracts.instrument(*index).symbol.text();
    const std::string_view side = body["side"].stringOr("");
    subject.side = side == "BUY" ? "buy" : side == "SELL" ? "sell" : "";
    subject.clientOrderId = body["cOID"].stringOr("");
    return subject;
}

wire::HttpResponse faultAnswer(int status, std::int64_t, std::string_view message)
{
    return errorAnswer(status, message);
}

} // namespace

IbkrVenue::IbkrVenue(alpaca::Desk& desk, IbkrOptions options)
    : m_desk(desk),
      m_keep(std::move(options.keep)),
      m_httpFaults(desk.faults, desk.executor, faultAnswer),
      m_accountNumber(accountNumberOf(options.account)),
      m_contracts(desk.exchange),
      m_ledger(desk, options.account),
      m_session(desk.executor, desk.random, [this] { loginChanged(); }),
      m_pacing(options.pacing),
      m_stream({desk, m_session, m_contracts, m_ledger, m_accountNumber}),
      m_teller(desk, m_contracts, m_ledger, m_accountNumber,
               [this](const std::string& message) { m_stream.publish(message); }),
      m_orders({desk, m_session, m_contracts, m_ledger, m_accountNumber}, options.precautions,
               [this](const exchange::OrderUpdate& update) { m_teller.publish(update); }),
      m_portfolio({desk, m_session, m_contracts, options.account, m_accountNumber}),
      m_market(desk, m_session, m_contracts)
{
}

void IbkrVenue::loginChanged()
{
    if (!m_session.hasBridge()) {
        m_orders.forgetQuestions();
        m_market.forgetGathered();
    }
    m_stream.sessionChanged();
}

void IbkrVenue::orderUpdated(const exchange::OrderUpdate& update)
{
    m_teller.publish(update);
}

void IbkrVenue::marketMoved(const exchange::MarketBatch& batch)
{
    m_stream.marketMoved(batch);
}

bool IbkrVenue::tookOrder(const exchange::VenueOrder& order) const
{
    return m_ledger.tookOrder(order.id);
}

void IbkrVenue::disconnectTradeStreams(std::string_view keyId)
{
    if (keyId.empty())
        m_stream.disconnect();
}

void IbkrVenue::disconnectDataStreams(std::string_view keyId)
{
    disconnectTradeStreams(keyId);
}

void IbkrVenue::handle(wire::HttpRequest request, Respond respond)
{
    const auto target = wire::Target::parse(request.target);
    if (!target || target->segments.size() < 3 || target->segments[0] != "v1"
        || target->segments[1] != "api")
        return respond(notServed());
    const auto document = json::Document::parse(request.body.empty() ? "null" : request.body);
    const ApiRequest asked{request.method, *target,
                           {target->segments.begin() + 2, target->segments.end()},
                           document ? document->root() : json::Value()};
    const FaultSubject subject = subjectOf(asked, m_contracts);
    if (auto struck = m_httpFaults.strike(subject)) {
        if (struck->answer)
            return m_httpFaults.finish(subject, false, std::move(*struck->answer), std::move(respond));
        return m_httpFaults.keepSilent(std::move(respond));
    }
    const bool ordering = asked.method == "POST" && asked.isAt({"iserver", "account", "*", "orders"});
    const bool swallow = ordering && m_desk.strike("accept_silently", subject);
    if (swallow)
        m_desk.records.hideNextOrder();
    wire::HttpResponse response =
        document ? answer(asked) : errorAnswer(400, "Bad Request: invalid JSON");
    if (m_keep && asked.method != "GET")
        m_keep();
    m_httpFaults.finish(subject, swallow, std::move(response), std::move(respond));
}

wire::HttpResponse IbkrVenue::answer(const ApiRequest& asked)
{
    if (!m_pacing.admit(asked, m_desk.executor.clock().steady()))
        return errorAnswer(429, "Too Many Requests");
    if (auto told = m_session.answer(asked)) {
        m_session.touch();
        return std::move(*told);
    }
    m_session.touch();
    const bool needsBridge = asked.path[0] == "iserver";
    if (needsBridge && !m_session.hasBridge())
        return errorAnswer(400, "Bad Request: no bridge");
    if (auto told = m_portfolio.answer(asked))
        return std::move(*told);
    if (auto told = m_orders.answer(asked))
        return std::move(*told);
    if (auto told = m_market.answer(asked))
        return std::move(*told);
    if (asked.isAt({"iserver", "secdef", "search"}))
        return m_contracts.search(asked);
    if (asked.method == "GET" && asked.isAt({"trsrv", "all-conids"}))
        return m_contracts.allConids(asked);
    if (asked.method == "GET" && asked.isAt({"trsrv", "secdef"}))
        return m_contracts.secdef(asked);
    return notServed();
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
IbkrVenue::upgrade(const wire::HttpRequest& request)
{
    if (auto refusal = m_httpFaults.refuseUpgrade(request))
        return tl::unexpected(std::move(*refusal));
    const auto target = wire::Target::parse(request.target);
    if (!target || target->path != kStreamPath)
        return tl::unexpected(notServed());
    return m_stream.accept(request);
}

} // namespace qd::sandbox::ibkr

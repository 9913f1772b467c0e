#include "services/sandbox/tradier/tradier_venue.h"

namespace qd::sandbox::tradier {

namespace {

constexpr std::string_view kAccountEvents = "/v1/accounts/events", kMarketEvents = "/v1/markets/events";

wire::HttpResponse faultWords(int status, std::int64_t, std::string_view message)
{
    return textAnswer(status, message);
}

bool changesOrders(const ApiRequest& request)
{
    return request.method != "GET" && request.path.size() >= 3 && request.path[0] == "accounts"
        && request.path[2] == "orders";
}

/// "/v1/…" taken apart, with the fields of the body.
Result<ApiRequest> takeApart(const wire::HttpRequest& request)
{
    auto target = wire::Target::parse(request.target);
    if (!target)
        return tl::unexpected(target.error());
    if (target->segments.size() < 3 || target->segments[0] != "v1")
        return fail(ErrorKind::NotFound, "tradier.path", "expected /v1/…");
    ApiRequest taken;
    taken.method = request.method;
    taken.path.assign(target->segments.begin() + 1, target->segments.end());
    taken.query = std::move(target->query);
    taken.wantsJson =
        request.headers.find("Accept").find("application/json") != std::string_view::npos;
    if (!request.body.empty()) {
        auto form = wire::Target::parse("/?" + request.body);
        if (!form)
            return tl::unexpected(form.error());
        taken.form = std::move(form->query);
    }
    return taken;
}

FaultSubject subjectOf(const wire::HttpRequest& request, const ApiRequest& taken,
                       const alpaca::ApiKey* key)
{
    FaultSubject subject;
    subject.method = request.method;
    subject.path = std::string_view(request.target).substr(0, request.target.find('?'));
    subject.keyId = key ? std::string_view(key->keyId) : std::string_view();
    subject.symbol = taken.field("symbol");
    subject.side = taken.field("side").starts_with("buy")    ? "buy"
                   : taken.field("side").starts_with("sell") ? "sell"
                                                             : "";
    subject.clientOrderId = taken.field("tag");
    return subject;
}

bool lacksLength(const wire::HttpRequest& request)
{
    return request.method == "POST" && request.body.empty()
        && !request.headers.contains("Content-Length");
}

bool isForm(const wire::HttpRequest& request)
{
    return request.headers.find("Content-Type").starts_with("application/x-www-form-urlencoded");
}

} // namespace

TradierVenue::TradierVenue(alpaca::AlpacaVenue& venue, TradierLimits limits)
    : m_venue(venue),
      m_desk(venue.desk()),
      m_httpFaults(venue.faults(), venue.desk().executor, faultWords),
      m_trading(limits.trading),
      m_standard(limits.standard),
      m_market(limits.market),
      m_chains(m_desk),
      m_accountStream(m_desk, venue.keys(), m_chains),
      m_marketStream(m_desk, venue.keys()),
      m_orders(m_desk, m_chains, [this](const exchange::OrderUpdate& update) { orderUpdated(update); }),
      m_accounts(m_desk),
      m_markets(m_desk)
{
    m_venue.add(*this);
}

TradierVenue::~TradierVenue()
{
    m_venue.remove(*this);
}

std::string TradierVenue::accountNumber(const AccountId& account) const
{
    const auto found = m_desk.exchange.account(account);
    return found ? found->number : std::string();
}

bool TradierVenue::tookOrder(const exchange::VenueOrder& order) const
{
    if (!order.parent)
        return OrderTag::read(order.clientOrderId).has_value();
    const auto parent = m_desk.records.order(order.account, *order.parent);
    return parent && OrderTag::read(parent->clientOrderId).has_value();
}

void TradierVenue::orderUpdated(const exchange::OrderUpdate& update)
{
    m_accountStream.publish(update, !tookOrder(update.order));
}

void TradierVenue::marketMoved(const exchange::MarketBatch& batch)
{
    m_marketStream.publish(batch);
}

void TradierVenue::disconnectTradeStreams(std::string_view keyId)
{
    m_accountStream.sessions().disconnect(keyId);
}

void TradierVenue::disconnectDataStreams(std::string_view keyId)
{
    m_marketStream.sessions().disconnect(keyId);
}

void TradierVenue::handle(wire::HttpRequest request, Respond respond)
{
    auto taken = takeApart(request);
    if (!taken) {
        respond(taken.error().kind == ErrorKind::NotFound ? notServed()
                                                          : textAnswer(400, "Malformed request"));
        return;
    }
    const FaultSubject subject = subjectOf(request, *taken, m_venue.keys().check(request.headers));
    if (auto struck = m_httpFaults.strike(subject)) {
        if (struck->answer)
            m_httpFaults.finish(subject, false, std::move(*struck->answer), std::move(respond));
        else
            m_httpFaults.keepSilent(std::move(respond));
        return;
    }
    const bool ordering = request.method == "POST" && changesOrders(*taken);
    const bool swallow = ordering && m_desk.strike("accept_silently", subject);
    if (swallow)
        m_desk.records.hideNextOrder();
    auto response = authenticateAndAnswer(request, *taken);
    if (request.method != "GET")
        m_venue.keep();
    m_httpFaults.finish(subject, swallow, std::move(response), std::move(respond));
}

alpaca::RateLimit& TradierVenue::limitOf(const ApiRequest& taken)
{
    if (changesOrders(taken))
        return m_trading;
    return taken.path[0] == "markets" ? m_market : m_standard;
}

wire::HttpResponse TradierVenue::authenticateAndAnswer(const wire::HttpRequest& request, ApiRequest& taken)
{
    const auto authorization = request.headers.find("Authorization");
    constexpr std::string_view kBearer = "Bearer ";
    const alpaca::ApiKey* key = authorization.starts_with(kBearer)
        ? m_venue.keys().checkToken(authorization.substr(kBearer.size()))
        : nullptr;
    if (!key)
        return textAnswer(401, "Invalid Access Token");
    taken.account = key->account;
    taken.accountNumber = accountNumber(key->account);
    const auto& clock = m_desk.executor.clock();
    const auto standing = limitOf(taken).count(key->keyId, clock.steady(), clock.now());
    wire::HttpResponse response = standing.allowed ? answer(request, taken, key->keyId)
                                                   : textAnswer(429, "Quota Violation");
    auto& headers = response.headers;
    headers.set("X-Ratelimit-Allowed", std::to_string(standing.limit));
    headers.set("X-Ratelimit-Used", std::to_string(standing.limit - standing.remaining));
    headers.set("X-Ratelimit-Available", std::to_string(standing.remaining));
    headers.set("X-Ratelimit-Expiry", std::to_string(standing.resetsAt.millis()));
    return response;
}

wire::HttpResponse TradierVenue::answer(const wire::HttpRequest& request, const ApiRequest& taken,
                                        const std::string& keyId)
{
    if (lacksLength(request))
        return textAnswer(411, "Length Required");
    if (!request.body.empty() && !isForm(request))
        return textAnswer(415, "Unsupported Media Type");
    const auto& path = taken.path;
    const bool isSession = path.size() == 3 && path[1] == "events" && path[2] == "session";
    if (isSession && request.method == "POST" && (path[0] == "accounts" || path[0] == "markets"))
        return makeSession(request, taken, keyId);
    if (path[0] == "user" && path[1] == "profile" && request.method == "GET")
        return m_accounts.profile(taken);
    if (path[0] == "markets" && path.size() == 2)
        return m_markets.answer(taken);
    if (path[0] == "accounts" && path.size() >= 3)
        return answerAccount(taken);
    return notServed();
}

wire::HttpResponse TradierVenue::answerAccount(const ApiRequest& taken)
{
    const auto& path = taken.path;
    if (path[1] != taken.accountNumber)
        return textAnswer(401, "Unauthorized Account: " + path[1]);
    if (path[2] == "orders" && path.size() <= 4)
        return m_orders.answer(taken);
    if (path.size() == 3 && taken.method == "GET" && path[2] == "balances")
        return m_accounts.balances(taken);
    if (path.size() == 3 && taken.method == "GET" && path[2] == "positions")
        return m_accounts.positions(taken);
    return notServed();
}

wire::HttpResponse TradierVenue::makeSession(const wire::HttpRequest& request, const ApiRequest& taken,
                                             const std::string& keyId)
{
    const bool isMarket = taken.path[0] == "markets";
    const std::string url = "ws://" + std::string(request.headers.find("Host"))
        + std::string(isMarket ? kMarketEvents : kAccountEvents);
    auto& sessions = isMarket ? m_marketStream.sessions() : m_accountStream.sessions();
    return sessions.make(taken, keyId, url);
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
TradierVenue::upgrade(const wire::HttpRequest& request)
{
    if (auto refusal = m_httpFaults.refuseUpgrade(request))
        return tl::unexpected(std::move(*refusal));
    const auto target = wire::Target::parse(request.target);
    if (target && target->path == kAccountEvents)
        return m_accountStream.sessions().accept();
    if (target && target->path == kMarketEvents)
        return m_marketStream.sessions().accept();
    return tl::unexpected(notServed());
}

} // namespace qd::sandbox::tradier

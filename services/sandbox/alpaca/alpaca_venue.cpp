#include "services/sandbox/alpaca/alpaca_venue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace qd::sandbox::alpaca {

namespace {

constexpr Duration kKeepEvery = std::chrono::seconds(1);
constexpr Duration kKeepAgain = std::chrono::seconds(5); ///< after the disk refused

std::unique_ptr<SteeredMarket> steer(std::unique_ptr<exchange::MarketSource> market)
{
    return std::make_unique<SteeredMarket>(std::move(market));
}

/// Where a fault says nothing of the code: the status, as Alpaca numbers it.
wire::HttpResponse faultAnswer(int status, std::int64_t code, std::string_view message)
{
    return errorAnswer(status, code ? code : status * 100'000 + 10'000, message);
}

FaultSubject subjectOf(const wire::HttpRequest& request, const wire::Target& target,
                       const json::Value& body)
{
    FaultSubject subject;
    subject.method = request.method;
    subject.path = target.path;
    subject.keyId = request.headers.find("APCA-API-KEY-ID");
    subject.symbol = body["symbol"].stringOr("");
    subject.side = body["side"].stringOr("");
    subject.clientOrderId = body["client_order_id"].stringOr("");
    return subject;
}

} // namespace

// The market is made before the exchange takes it, so that drills keep hold of it.
AlpacaVenue::AlpacaVenue(runtime::Executor& executor, runtime::Random& random,
                         std::unique_ptr<exchange::MarketSource> market, AlpacaOptions options)
    : AlpacaVenue(executor, random, steer(std::move(market)), std::move(options))
{
}

AlpacaVenue::AlpacaVenue(runtime::Executor& executor, runtime::Random& random,
                         std::unique_ptr<SteeredMarket> market, AlpacaOptions options)
    : m_executor(executor),
      m_random(random),
      m_options(std::move(options)),
      m_market(*market),
      m_exchange(executor, random, std::move(market), m_options.exchange, *this),
      m_records(m_exchange),
      m_desk{m_exchange, m_records, m_faults, executor, random, false},
      m_httpFaults(m_faults, executor, faultAnswer),
      m_tradingLimit(m_options.requestsPerMinute),
      m_dataLimit(m_options.requestsPerMinute),
      m_tradeStream(m_desk, m_keys),
      m_dataStream(m_desk, m_keys, m_options.data),
      m_orders(m_desk, [this](const exchange::OrderUpdate& update) { orderUpdated(update); }),
      m_positions(m_desk),
      m_account(m_desk),
      m_assets(m_desk),
      m_contracts(m_desk),
      m_watchlists(m_desk),
      m_data(m_desk)
{
}

AlpacaVenue::~AlpacaVenue()
{
    keep();
    *m_alive = false;
}

Result<void> AlpacaVenue::keepIn(VenueArchive& archive, std::function<void(const Error&)> failed)
{
    auto kept = archive.load();
    if (!kept)
        return tl::unexpected(kept.error());
    if (auto restored = m_exchange.restore(std::move(*kept)); !restored)
        return restored;
    m_archive = &archive;
    m_keepingFailed = std::move(failed);
    keepNowAndThen();
    return {};
}

void AlpacaVenue::keep()
{
    const Duration now = m_executor.clock().steady();
    if (!m_archive || now < m_keepAgainAt)
        return;
    const auto saved = m_archive->save(m_exchange.takeChanges());
    if (saved)
        return;
    m_exchange.forgetChangesTold();
    m_keepAgainAt = now + kKeepAgain;
    if (m_keepingFailed)
        m_keepingFailed(saved.error());
}

/// Once the turn that reports a change is over: in its middle an order may be half done.
void AlpacaVenue::keepSoon()
{
    if (!m_archive || std::exchange(m_keepPosted, true))
        return;
    m_executor.post([this, alive = m_alive] {
        if (!*alive)
            return;
        m_keepPosted = false;
        keep();
    });
}

/// What nobody is told of (a trailing stop's mark, a session's turn) may wait for a second.
void AlpacaVenue::keepNowAndThen()
{
    keep();
    m_keepTimer = m_executor.after(kKeepEvery, [this] { keepNowAndThen(); });
}

void AlpacaVenue::addKey(ApiKey key)
{
    if (!m_exchange.account(key.account)) {
        exchange::AccountTerms terms;
        terms.id = key.account;
        terms.cash = m_options.cash;
        const auto opened = m_exchange.openAccount(terms);
        QD_ASSERT(opened.has_value());
    }
    m_keys.add(std::move(key));
}

void AlpacaVenue::start()
{
    m_exchange.start();
}

void AlpacaVenue::orderUpdated(const exchange::OrderUpdate& update)
{
    const bool isOthers = std::ranges::any_of(m_others, [&](const OtherProtocol* other) {
        return other->tookOrder(update.order);
    });
    if (isOthers)
        m_tradeStream.publishFaithfully(update);
    else
        m_tradeStream.publish(update);
    for (OtherProtocol* other : m_others)
        other->orderUpdated(update);
    keepSoon();
}

void AlpacaVenue::add(OtherProtocol& other)
{
    m_others.push_back(&other);
}

void AlpacaVenue::remove(OtherProtocol& other)
{
    std::erase(m_others, &other);
}

void AlpacaVenue::marketMoved(const exchange::MarketBatch& batch)
{
    if (m_quietStatuses.empty()) {
        tellMarket(batch);
        return;
    }
    exchange::MarketBatch told;
    for (const exchange::MarketEvent& event : batch) {
        const auto* status = std::get_if<exchange::StatusTick>(&event);
        const auto quiet =
            status ? m_quietStatuses.find(status->instrument) : m_quietStatuses.end();
        if (quiet == m_quietStatuses.end())
            told.push_back(event);
        else
            m_quietStatuses.erase(quiet);
    }
    tellMarket(told);
}

void AlpacaVenue::tellMarket(const exchange::MarketBatch& batch)
{
    m_dataStream.publish(batch);
    for (OtherProtocol* other : m_others)
        other->marketMoved(batch);
}

void AlpacaVenue::setSessionShut(bool shut)
{
    if (m_desk.sessionShut == shut)
        return;
    m_desk.sessionShut = shut;
    m_market.setStopped(shut);
    const auto count = static_cast<exchange::InstrumentIndex>(m_exchange.instruments().size());
    for (exchange::InstrumentIndex i = 0; i < count; ++i) {
        if (m_exchange.instruments()[i].assetClass == AssetClass::Crypto)
            continue;
        m_quietStatuses.insert(i);
        if (!m_exchange.setHalted(i, shut))
            m_quietStatuses.erase(m_quietStatuses.find(i));
    }
}

void AlpacaVenue::revokeKey(std::string_view keyId)
{
    m_keys.revoke(keyId);
    disconnectTradeStreams(keyId);
    disconnectDataStreams(keyId);
}

void AlpacaVenue::disconnectTradeStreams(std::string_view keyId)
{
    m_tradeStream.disconnect(keyId);
    for (OtherProtocol* other : m_others)
        other->disconnectTradeStreams(keyId);
}

void AlpacaVenue::disconnectDataStreams(std::string_view keyId)
{
    m_dataStream.disconnect(keyId);
    for (OtherProtocol* other : m_others)
        other->disconnectDataStreams(keyId);
}

void AlpacaVenue::handle(wire::HttpRequest request, Respond respond)
{
    const auto target = wire::Target::parse(request.target);
    if (!target || target->segments.size() < 2) {
        respond(errorAnswer(404, 40410000, "endpoint not found."));
        return;
    }
    const auto document = json::Document::parse(request.body.empty() ? "null" : request.body);
    const json::Value body = document ? document->root() : json::Value();
    const FaultSubject subject = subjectOf(request, *target, body);
    if (auto struck = m_httpFaults.strike(subject)) {
        if (struck->answer)
            finish(subject, false, std::move(*struck->answer), std::move(respond));
        else
            m_httpFaults.keepSilent(std::move(respond));
        return;
    }
    const bool ordering = request.method == "POST" && target->path == "/v2/orders";
    bool swallow = false;
    if (ordering && m_desk.strike("accept_silently", subject)) {
        swallow = true;
        m_records.hideNextOrder();
    }
    wire::HttpResponse response = document
        ? authenticateAndAnswer(request, *target, body)
        : errorAnswer(400, 40010000, "request body format is invalid");
    finish(subject, swallow, std::move(response), std::move(respond));
}

void AlpacaVenue::finish(const FaultSubject& subject, bool swallow, wire::HttpResponse response,
                         Respond respond)
{
    if (subject.method != "GET")
        keep();
    unsigned char id[16];
    m_random.fill(id);
    response.headers.set("X-Request-ID", fmt::format("{:02x}", fmt::join(id, "")));
    m_httpFaults.finish(subject, swallow, std::move(response), std::move(respond));
}

wire::HttpResponse AlpacaVenue::authenticateAndAnswer(const wire::HttpRequest& request,
                                                      const wire::Target& target,
                                                      const json::Value& body)
{
    const bool isData = DataApi::serves(target);
    const ApiKey* key = m_keys.check(request.headers);
    // Crypto prices are free: Alpaca asks for no key, and its SDK sends none.
    const bool isFree = isData && target.segments[1] == "crypto"
        && !m_keys.carriesCredentials(request.headers);
    if (!key && m_keys.isDeadToken(request.headers)) { // RFC 6750 §3.1
        auto refusal = errorAnswer(401, 40110000, "access token is invalid or has expired");
        refusal.headers.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
        return refusal;
    }
    if (!key && isData && !isFree)
        return jsonAnswer(R"({"message":"forbidden."})", 403);
    if (!key && !isFree && !m_keys.carriesCredentials(request.headers))
        return errorAnswer(401, 40110000, "request is not authorized");
    if (!key && !isFree)
        return errorAnswer(403, 40310000, "forbidden.");
    const auto standing = (isData ? m_dataLimit : m_tradingLimit)
                              .count(key ? key->keyId : request.peerAddress,
                                     m_executor.clock().steady(), m_executor.clock().now());
    ApiRequest taken{request.method, target, body, key ? key->account : AccountId()};
    wire::HttpResponse response = standing.allowed
        ? answer(taken)
        : errorAnswer(429, 42910000, "rate limit exceeded");
    RateLimit::writeHeaders(response.headers, standing);
    return response;
}

wire::HttpResponse AlpacaVenue::answer(ApiRequest& request)
{
    const auto& path = request.path();
    if (DataApi::serves(request.target))
        return m_data.answer(request);
    const std::string& subject = path[1];
    if (path[0] == "v2") {
        if (subject == "orders" || subject.starts_with("orders:"))
            return m_orders.answer(request);
        if (subject == "positions")
            return m_positions.answer(request);
        if (subject == "account")
            return m_account.answerAccount(request);
        if (subject == "clock" && request.method == "GET")
            return m_account.answerClock();
        if (subject == "calendar" && request.method == "GET")
            return m_account.answerCalendar(request);
        if (subject == "assets")
            return m_assets.answer(request);
        if (subject == "options")
            return m_contracts.answer(request);
        if (subject == "watchlists" || subject == "watchlists:by_name")
            return m_watchlists.answer(request);
    }
    return errorAnswer(404, 40410000, "endpoint not found.");
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
AlpacaVenue::upgrade(const wire::HttpRequest& request)
{
    if (auto refusal = m_httpFaults.refuseUpgrade(request))
        return tl::unexpected(std::move(*refusal));
    const auto target = wire::Target::parse(request.target);
    if (target && target->path == "/stream")
        return m_tradeStream.accept(request);
    if (target && DataStream::serves(target->path))
        return m_dataStream.accept(request, target->path);
    return tl::unexpected(errorAnswer(404, 40410000, "endpoint not found."));
}

} // namespace qd::sandbox::alpaca

#include "services/brokers/alpaca/alpaca_broker.h"

#include <algorithm>
#include <unordered_set>

#include "services/brokers/alpaca/gate_terms.h"
#include "services/brokers/alpaca/order_json.h"
#include "services/brokers/alpaca/trade_stream.h"
#include "services/json/json.h"

namespace qd::brokers {

namespace {

constexpr std::size_t kPageMax = 500;      ///< GET /v2/orders
constexpr std::size_t kActivityPage = 100; ///< GET /v2/account/activities
constexpr int kListingPagesMax = 200;      ///< a listing that does not end is not ours to follow
constexpr std::string_view kConsentWayBack =
    "connect the broker again: quarterdeckctl connection add alpaca, or POST "
    "/v1/connections/alpaca/begin";
constexpr std::string_view kAlpacaWayBack =
    "put a valid key into the file that alpaca.credentials_file names (or into alpaca.key_id and "
    "alpaca.secret_key and start quarterdeckd again); one in the file is taken over within a minute, "
    "or at once by quarterdeckctl vault import";
constexpr json::Limits kListLimits{.sizeBytesMax = 16 << 20, .depthMax = 16, .valuesMax = 2'000'000};

Capabilities alpacaCapabilities()
{
    Capabilities capabilities;
    capabilities.broker = BrokerId("alpaca");
    capabilities.orderTypes = {OrderType::Market, OrderType::Limit, OrderType::Stop,
                               OrderType::StopLimit, OrderType::TrailingStop};
    capabilities.timesInForce = {TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc,
                                 TimeInForce::Fok, TimeInForce::Opg, TimeInForce::Cls};
    capabilities.orderClasses = {OrderClass::Simple, OrderClass::Bracket, OrderClass::Oco,
                                 OrderClass::Oto};
    capabilities.fractionalShares = true;
    capabilities.extendedHours = true;
    capabilities.modifyKeepsId = false;
    capabilities.shortSelling = true;
    capabilities.crossesZero = false;
    capabilities.clientOrderIdMax = 48; // 2025 documents say 48, the 2026 specification 128
    capabilities.ordersPerMinuteMax = 200;
    return capabilities;
}

/// What a failed HTTP exchange means for a command. Sent and unanswered is unknown, never refused.
Outcome outcomeOf(const Error& error)
{
    if (error.kind == ErrorKind::OutcomeUnknown) return Unknown{error};
    return Refused{error};
}

/// What an HTTP answer of ≥ 400 means for a command. A 5xx may hide an order that executed, and a
/// duplicate id means that the venue has an order of that id: both are settled by asking.
Outcome outcomeOf(const wire::HttpResponse& response)
{
    Error error = alpaca::readError(response.status, response.body);
    if (error.kind == ErrorKind::OutcomeUnknown || error.code == "alpaca.duplicate_client_order_id")
        return Unknown{std::move(error)};
    return Refused{std::move(error)};
}

template <typename T>
using Reader = std::function<Result<T>(const json::Value&)>;

/// Runs `read` over the JSON answer of a query; passes failures on.
template <typename T>
void finishQuery(const Result<wire::HttpResponse>& result, const Reader<T>& read,
                 const std::function<void(Result<T>)>& done)
{
    if (!result) return done(tl::unexpected(result.error()));
    if (result->status >= 400)
        return done(tl::unexpected(alpaca::readError(result->status, result->body)));
    const auto document = json::Document::parse(result->body, kListLimits);
    if (!document) return done(tl::unexpected(document.error()));
    done(read(document->root()));
}

template <typename T, typename ReadOne>
Result<std::vector<T>> readList(const json::Value& array, ReadOne readOne)
{
    if (!array.isArray())
        return fail(ErrorKind::Invalid, "alpaca.schema", "expected an array");
    std::vector<T> list;
    list.reserve(array.size());
    for (const auto& item : array.items()) {
        auto one = readOne(item);
        if (!one) return tl::unexpected(one.error());
        list.push_back(std::move(*one));
    }
    return list;
}

/// As `readList`, but one that cannot be read must not hide the others: it is told to `skip`.
template <typename T, typename ReadOne, typename Skip>
Result<std::vector<T>> readMost(const json::Value& array, ReadOne readOne, Skip skip)
{
    if (!array.isArray())
        return fail(ErrorKind::Invalid, "alpaca.schema", "expected an array");
    std::vector<T> list;
    list.reserve(array.size());
    for (const auto& item : array.items()) {
        auto one = readOne(item);
        one ? list.push_back(std::move(*one)) : skip(item, one.error());
    }
    return list;
}

struct OrdersPage {
    std::vector<OrderReport> reports;
    std::size_t size = 0; ///< those that could not be read included
    Timestamp oldest;     ///< when the last of them was submitted
};

/// A list of orders that takes several questions.
struct OrderListing {
    OrderQuery wanted;
    Broker::Callback<std::vector<OrderReport>> done;
    Timestamp until = {};
    std::vector<OrderReport> sofar = {};
    std::unordered_set<VenueOrderId> seen = {};
    int pages = 0;

    /// False if the page held nothing new.
    bool add(OrdersPage& page)
    {
        bool grew = false;
        for (auto& report : page.reports) {
            if (!seen.insert(report.venueOrderId).second) continue;
            grew = true;
            if (sofar.size() < wanted.limit) sofar.push_back(std::move(report));
        }
        return grew;
    }
};

} // namespace

struct AlpacaBroker::State {
    State(AlpacaSettings given, wire::HttpClient& http, wire::WebSocketClient& sockets,
          runtime::Executor& executor, runtime::Random& random, observability::Tracer* tracer)
        : settings(std::move(given)), core(executor), capabilities(alpacaCapabilities()),
          gate(alpaca::gateTerms(settings, settings.tradingUrl, "broker.alpaca"), http, executor,
               random, tracer),
          stream(settings, sockets, executor, random)
    {
    }

    /// A command. Those that make an order are answered by it, and `expected` is its id, where we
    /// chose it; a cancel is answered by nothing (204).
    void command(RequestGate::Request request, const ClientOrderId& expected,
                 const OutcomeCallback& done)
    {
        const bool isCancel = request.purpose == Purpose::Cancel;
        gate.send(std::move(request), [this, isCancel, expected,
                                       done](const Result<wire::HttpResponse>& result) {
            if (!result) return done(outcomeOf(result.error()));
            if (result->status >= 400) return done(outcomeOf(*result));
            if (isCancel && result->body.empty()) return done(Accepted{});
            auto report = readReport(result->body, expected);
            if (report) return done(Accepted{std::move(*report)});
            ++malformed; // acted on, but we cannot read what became of it
            Error error = report.error();
            error.kind = ErrorKind::OutcomeUnknown;
            done(Unknown{std::move(error)});
        });
    }

    Result<OrderReport> readReport(std::string_view body, const ClientOrderId& expected) const
    {
        const auto document = json::Document::parse(body);
        if (!document) return tl::unexpected(document.error());
        auto report = alpaca::readOrder(document->root(), settings.account);
        if (report && !expected.empty() && report->clientOrderId != expected)
            return fail(ErrorKind::Invalid, "alpaca.wrong_order",
                        "the answer is about order " + report->clientOrderId.text(),
                        "client_order_id");
        return report;
    }

    template <typename T>
    void query(std::string path, Reader<T> read, std::function<void(Result<T>)> done)
    {
        RequestGate::Request request;
        request.path = std::move(path);
        gate.send(std::move(request),
                  [read = std::move(read), done = std::move(done)](
                      const Result<wire::HttpResponse>& result) { finishQuery<T>(result, read, done); });
    }

    /// What a list's reader does with an element that it cannot read: kept for the quarantine, once.
    auto skip()
    {
        return [this](const json::Value& item, const Error& error) {
            constexpr std::size_t kTextMax = 4'096, kToldMax = 1'000;
            std::string text = item.dump().substr(0, kTextMax);
            if (told.size() >= kToldMax || !told.insert(text).second) return;
            ++malformed;
            if (events) events(Malformed{std::move(text), error});
        };
    }
    void pageOrders(OrderListing listing);
    void pageContracts(std::string token, std::vector<Instrument> sofar, int page,
                       Callback<std::vector<Instrument>> done);
    void pageFills(Timestamp since, std::string token, std::vector<Fill> sofar, int page,
                   Callback<std::vector<Fill>> done);
    void probeWhenDue();
    void onBreaker(const resilience::BreakerTransition& transition);

    AlpacaSettings settings;
    runtime::Executor& core;
    Capabilities capabilities;
    RequestGate gate;
    alpaca::TradeStream stream;
    std::function<void(BrokerEvent)> events;
    resilience::CircuitBreaker::Listening breakerListening;
    runtime::Timer probe;
    std::string accountNumber;
    std::uint64_t malformed = 0;
    std::unordered_set<std::string> told; ///< elements of lists that could not be read
};

AlpacaBroker::AlpacaBroker(AlpacaSettings settings, wire::HttpClient& http,
                           wire::WebSocketClient& sockets, runtime::Executor& core,
                           runtime::Random& random, observability::Tracer* tracer)
    : m_state(std::make_unique<State>(std::move(settings), http, sockets, core, random, tracer))
{
}

AlpacaBroker::~AlpacaBroker() = default;

void AlpacaBroker::useKey(AlpacaSettings::Key key)
{
    const bool wasRefused = !m_state->gate.isAuthorized();
    m_state->settings.take(std::move(key));
    m_state->stream.keyChanged(/*isDead=*/wasRefused || !m_state->settings.hasCredentials());
    if (!wasRefused || !m_state->settings.hasCredentials()) return;
    // Orders are refused until the venue has taken the new one: it is shown at once.
    RequestGate::Request question;
    question.path = "/v2/clock";
    m_state->gate.send(std::move(question), [](const Result<wire::HttpResponse>&) {});
}

void AlpacaBroker::renewBy(std::function<void(std::function<void(bool)>)> renew)
{
    m_state->settings.renew = [state = m_state.get(),
                               renew = std::move(renew)](const std::function<void(bool)>& then) {
        renew([state, then](bool isRenewed) {
            if (isRenewed) state->stream.keyChanged(/*isDead=*/true);
            then(isRenewed);
        });
    };
}

const Capabilities& AlpacaBroker::capabilities() const
{
    return m_state->capabilities;
}

BrokerStatus AlpacaBroker::status() const
{
    const auto& gate = m_state->gate;
    const auto breaker = gate.breaker().snapshot();
    BrokerStatus status;
    status.connected = m_state->stream.line().isListening();
    status.authenticated = gate.isAuthorized() && !m_state->stream.isUnauthorized() &&
                           m_state->settings.hasCredentials();
    status.wayBack = m_state->settings.renew ? kConsentWayBack : kAlpacaWayBack;
    status.breakerState = std::string(toString(breaker.state));
    status.nextAttempt =
        breaker.nextAttempt.isSet() ? breaker.nextAttempt : m_state->stream.line().nextAttempt();
    status.rateRemaining = gate.rateRemaining();
    status.lastLatency = gate.lastLatency();
    const bool streamIsNewer = m_state->stream.line().lastErrorAt() > gate.lastErrorAt();
    status.lastError = streamIsNewer ? m_state->stream.line().lastError() : gate.lastError();
    status.lastErrorAt = streamIsNewer ? m_state->stream.line().lastErrorAt() : gate.lastErrorAt();
    status.malformedCount = m_state->malformed + m_state->stream.line().malformedCount();
    return status;
}

void AlpacaBroker::submit(const OrderRequest& request, const std::string& traceParent,
                          OutcomeCallback done)
{
    m_state->command({Purpose::Order, "POST", "/v2/orders", alpaca::writeOrder(request), traceParent},
                     request.clientOrderId, done);
}

void AlpacaBroker::modify(const VenueOrderId& order, const Modification& change,
                          const std::string& traceParent, OutcomeCallback done)
{
    m_state->command({Purpose::Order, "PATCH", "/v2/orders/" + wire::percentEncode(order.text()),
                      alpaca::writeModification(change), traceParent},
                     change.newClientOrderId, done);
}

void AlpacaBroker::cancel(const VenueOrderId& order, const std::string& traceParent,
                          OutcomeCallback done)
{
    m_state->command({Purpose::Cancel, "DELETE", "/v2/orders/" + wire::percentEncode(order.text()),
                      {}, traceParent},
                     {}, done);
}

void AlpacaBroker::findByClientId(const ClientOrderId& id, Callback<OrderReport> done)
{
    m_state->query<OrderReport>(
        "/v2/orders:by_client_order_id?client_order_id=" + wire::percentEncode(id.text()),
        [account = m_state->settings.account](const json::Value& order) {
            return alpaca::readOrder(order, account);
        },
        [done = std::move(done)](Result<OrderReport> result) {
            if (!result && result.error().kind == ErrorKind::NotFound)
                return done(fail(ErrorKind::NotFound, "broker.order_not_found",
                                 "Alpaca knows no order of this client id"));
            done(std::move(result));
        });
}

void AlpacaBroker::listOrders(const OrderQuery& query, Callback<std::vector<OrderReport>> done)
{
    OrderListing listing;
    listing.wanted = query;
    listing.done = std::move(done);
    m_state->pageOrders(std::move(listing));
}

/// Pages backwards in time. `until` is exclusive, and orders may share an instant, so each page begins
/// just above the last one's oldest and what was seen already is left out.
void AlpacaBroker::State::pageOrders(OrderListing listing)
{
    const auto& wanted = listing.wanted;
    const std::size_t pageSize = std::clamp<std::size_t>(wanted.limit, 1, kPageMax);
    std::string path = std::string("/v2/orders?status=") + (wanted.openOnly ? "open" : "all") +
                       "&nested=true&direction=desc&limit=" + std::to_string(pageSize);
    if (wanted.since.isSet()) // exclusive too
        path += "&after=" + wire::percentEncode((wanted.since - Duration(1)).toString(9));
    if (listing.until.isSet())
        path += "&until=" + wire::percentEncode(listing.until.toString(9));
    query<OrdersPage>(
        std::move(path),
        [this, account = settings.account](const json::Value& array) {
            OrdersPage page;
            page.size = array.size();
            const auto readOne = [&](const json::Value& order) {
                page.oldest = order["submitted_at"].timestamp().value_or(
                    order["created_at"].timestamp().value_or(Timestamp()));
                return alpaca::readOrder(order, account);
            };
            return readMost<OrderReport>(array, readOne, skip()).map([&](std::vector<OrderReport> reports) {
                page.reports = std::move(reports);
                return std::move(page);
            });
        },
        [this, pageSize, listing = std::move(listing)](Result<OrdersPage> page) mutable {
            if (!page) return listing.done(tl::unexpected(page.error()));
            const bool isFull = page->size >= pageSize;
            const bool grew = listing.add(*page);
            const bool isDone = !isFull || listing.sofar.size() >= listing.wanted.limit ||
                                ++listing.pages >= kListingPagesMax || !page->oldest.isSet();
            if (isDone) return listing.done(std::move(listing.sofar));
            // More orders of one instant than fit a page: what cannot be told apart is stepped over.
            listing.until = page->oldest + Duration(std::chrono::microseconds(grew ? 1 : 0));
            pageOrders(std::move(listing));
        });
}

void AlpacaBroker::listExecutions(Timestamp since, Callback<std::vector<Fill>> done)
{
    m_state->pageFills(since, {}, {}, 0, std::move(done));
}

void AlpacaBroker::State::pageFills(Timestamp since, std::string token, std::vector<Fill> sofar,
                                    int page, Callback<std::vector<Fill>> done)
{
    std::string path =
        "/v2/account/activities/FILL?direction=asc&page_size=" + std::to_string(kActivityPage);
    if (since.isSet()) // exclusive at the venue, inclusive here
        path += "&after=" + wire::percentEncode((since - Duration(1)).toString(9));
    if (!token.empty()) path += "&page_token=" + wire::percentEncode(token);
    struct Page {
        std::vector<Fill> fills;
        std::size_t size = 0;
        std::string lastId;
    };
    query<Page>(
        std::move(path),
        [this, account = settings.account, now = core.clock().now()](const json::Value& array) {
            Page read;
            read.size = array.size();
            const auto readOne = [&](const json::Value& activity) {
                read.lastId = std::string(activity["id"].stringOr({}));
                return alpaca::readFillActivity(activity, account, now);
            };
            auto fills = readMost<Fill>(array, readOne, skip());
            if (!fills) return Result<Page>(tl::unexpected(fills.error()));
            read.fills = std::move(*fills);
            return Result<Page>(std::move(read));
        },
        [this, since, sofar = std::move(sofar), page, done](Result<Page> result) mutable {
            if (!result) return done(tl::unexpected(result.error()));
            const bool full = result->size >= kActivityPage;
            for (auto& fill : result->fills) sofar.push_back(std::move(fill));
            if (!full || page + 1 >= kListingPagesMax || result->lastId.empty())
                return done(std::move(sofar));
            pageFills(since, result->lastId, std::move(sofar), page + 1, std::move(done));
        });
}

void AlpacaBroker::listPositions(Callback<std::vector<Position>> done)
{
    m_state->query<std::vector<Position>>(
        "/v2/positions",
        [account = m_state->settings.account](const json::Value& array) {
            return readList<Position>(array, [&](const json::Value& position) {
                return alpaca::readPosition(position, account);
            });
        },
        std::move(done));
}

void AlpacaBroker::account(Callback<AccountSnapshot> done)
{
    m_state->query<AccountSnapshot>(
        "/v2/account",
        [state = m_state.get(), now = m_state->core.clock().now()](const json::Value& value) {
            auto account = alpaca::readAccount(value, state->settings.account, now);
            if (account) state->accountNumber = value["account_number"].stringOr({});
            return account;
        },
        std::move(done));
}

const std::string& AlpacaBroker::accountNumber() const
{
    return m_state->accountNumber;
}

void AlpacaBroker::listInstruments(Callback<std::vector<Instrument>> done)
{
    m_state->query<std::vector<Instrument>>(
        "/v2/assets?status=active",
        [](const json::Value& array) -> Result<std::vector<Instrument>> {
            if (!array.isArray())
                return fail(ErrorKind::Invalid, "alpaca.schema", "expected an array");
            std::vector<Instrument> list;
            list.reserve(array.size());
            for (const auto& asset : array.items()) // one odd asset must not hide ten thousand good ones
                if (auto instrument = alpaca::readAsset(asset)) list.push_back(std::move(*instrument));
            return list;
        },
        [state = m_state.get(), done = std::move(done)](Result<std::vector<Instrument>> list) {
            if (!list || !state->settings.simulated) return done(std::move(list));
            state->pageContracts({}, std::move(*list), 0, done);
        });
}

/// A sandbox has the contracts of the chains it plays; Alpaca has a million, which nobody lists.
void AlpacaBroker::State::pageContracts(std::string token, std::vector<Instrument> sofar, int page,
                                        Callback<std::vector<Instrument>> done)
{
    constexpr int kPagesMax = 10;
    std::string path = "/v2/options/contracts?limit=1000";
    if (!token.empty()) path += "&page_token=" + wire::percentEncode(token);
    auto next = std::make_shared<std::string>();
    query<std::vector<Instrument>>(
        std::move(path),
        [next](const json::Value& answer) -> Result<std::vector<Instrument>> {
            std::vector<Instrument> contracts;
            for (const auto& item : answer["option_contracts"].items())
                if (auto contract = alpaca::readContract(item))
                    contracts.push_back(std::move(*contract));
            *next = answer["next_page_token"].stringOr({});
            return contracts;
        },
        [this, next, sofar = std::move(sofar), page,
         done = std::move(done)](Result<std::vector<Instrument>> contracts) mutable {
            // A venue that knows no options is none that cannot be traded at.
            if (!contracts) return done(std::move(sofar));
            std::ranges::move(*contracts, std::back_inserter(sofar));
            if (next->empty() || page + 1 >= kPagesMax) return done(std::move(sofar));
            pageContracts(*next, std::move(sofar), page + 1, std::move(done));
        });
}

bool AlpacaBroker::mayLeaveOut(const Symbol& symbol) const
{
    return assetClassOf(symbol) == AssetClass::Option;
}

void AlpacaBroker::findInstrument(const Symbol& symbol, Found done)
{
    m_state->query<Instrument>(
        "/v2/options/contracts/" + wire::percentEncode(symbol.text()), alpaca::readContract,
        [symbol, done = std::move(done)](Result<Instrument> contract) {
            if (!contract && contract.error().kind == ErrorKind::NotFound)
                return done(fail(ErrorKind::NotFound, "broker.instrument_not_found",
                                 "Alpaca knows no contract " + symbol.text(), "symbol"));
            if (contract && contract->symbol != symbol)
                return done(fail(ErrorKind::Invalid, "alpaca.schema",
                                 "expected the contract " + symbol.text() + ", was " +
                                     contract->symbol.text()));
            done(std::move(contract));
        });
}

void AlpacaBroker::start(std::function<void(BrokerEvent)> events)
{
    State& state = *m_state;
    state.events = events;
    state.breakerListening = state.gate.breaker().onTransition(
        [&state](const resilience::BreakerTransition& transition) { state.onBreaker(transition); });
    state.stream.start(std::move(events));
}

void AlpacaBroker::stop()
{
    m_state->breakerListening.reset();
    m_state->probe.cancel();
    m_state->stream.stop();
}

/// An open breaker is probed by a harmless question as soon as it lets one through, so that trading
/// resumes without waiting for somebody to order something.
void AlpacaBroker::State::onBreaker(const resilience::BreakerTransition& transition)
{
    using resilience::BreakerState;
    if (transition.to == BreakerState::Open) {
        events(ConnectionChange{false, "Alpaca does not answer: " + transition.reason,
                                transition.nextAttempt});
        probeWhenDue();
    } else if (transition.to == BreakerState::Closed && stream.line().isListening()) {
        events(ConnectionChange{true, "Alpaca answers again", {}});
    }
}

void AlpacaBroker::State::probeWhenDue()
{
    const auto wait = std::max(gate.breaker().retryIn(), Duration(std::chrono::milliseconds(50)));
    probe = core.after(wait, [this] {
        RequestGate::Request request;
        request.path = "/v2/clock";
        gate.send(std::move(request), [this](const Result<wire::HttpResponse>& result) {
            const bool stillOpen = !result && result.error().code == "resilience.breaker_open";
            if (stillOpen && breakerListening) probeWhenDue();
        });
    });
}

const resilience::CircuitBreaker& AlpacaBroker::breaker() const
{
    return m_state->gate.breaker();
}

resilience::CircuitBreaker& AlpacaBroker::breaker()
{
    return m_state->gate.breaker();
}

} // namespace qd::brokers

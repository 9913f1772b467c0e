#include "tests/simulation/whole_world.h"

#include <fmt/format.h>

#include "services/json/json.h"
#include "tests/simulation/clients.h"

namespace qd::simulation {

namespace {

void mix(std::uint64_t& trace, std::string_view text)
{
    for (const char c : text) { // FNV-1a
        trace ^= static_cast<unsigned char>(c);
        trace *= 1099511628211ULL;
    }
}

sandbox::alpaca::AlpacaOptions venueOptions(std::uint64_t seed)
{
    Luck luck(seed ^ 0x7e57ULL);
    sandbox::alpaca::AlpacaOptions options;
    options.cash = Money::of("10000000");
    options.requestsPerMinute = 100'000;
    options.exchange.partialFillShare = luck.uniform() * 0.9;
    options.exchange.refuseWashTrades = luck.below(4) == 0;
    options.exchange.cancelAfter = luck.upTo(std::chrono::milliseconds(300));
    options.exchange.acknowledgeAfter = luck.upTo(std::chrono::milliseconds(200));
    return options;
}

std::vector<Instrument> listings()
{
    std::vector<Instrument> made;
    for (const char* symbol : Clients::kSymbols) made.push_back(test::listing(symbol));
    return made;
}

OrderState stateOf(exchange::VenueStatus status)
{
    using exchange::VenueStatus;
    switch (status) {
    case VenueStatus::Held: return OrderState::Held;
    case VenueStatus::PartiallyFilled: return OrderState::PartiallyFilled;
    case VenueStatus::Filled: return OrderState::Filled;
    case VenueStatus::Canceled: return OrderState::Canceled;
    case VenueStatus::DoneForDay:
    case VenueStatus::Expired: return OrderState::Expired;
    case VenueStatus::Replaced: return OrderState::Replaced;
    case VenueStatus::Rejected: return OrderState::Rejected;
    case VenueStatus::PendingNew:
    case VenueStatus::Accepted:
    case VenueStatus::New:
    case VenueStatus::PendingCancel:
    case VenueStatus::PendingReplace: return OrderState::Accepted;
    }
    return OrderState::Accepted;
}

} // namespace

void Witness::handle(wire::HttpRequest request, Respond respond)
{
    note(fmt::format("{} {} {}", request.method, request.target, request.body));
    if (request.method == "POST" && request.target == "/v2/orders") {
        const auto body = json::Document::parse(request.body);
        if (body) ++m_asked[ClientOrderId(std::string(body->root()["client_order_id"].stringOr("")))];
    }
    m_venue.handle(std::move(request), [trace = m_trace, respond = std::move(respond)](
                                           wire::HttpResponse response) {
        mix(*trace, fmt::format("{} {}", response.status, response.body));
        respond(std::move(response));
    });
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse>
Witness::upgrade(const wire::HttpRequest& request)
{
    note(request.target);
    return m_venue.upgrade(request);
}

int Witness::timesAsked(const ClientOrderId& id) const
{
    const auto found = m_asked.find(id);
    return found == m_asked.end() ? 0 : found->second;
}

void Witness::note(std::string_view text)
{
    mix(*m_trace, text);
}

WholeWorld::WholeWorld(const Options& options)
    : OrderProcess(looseSettings(), options.seed),
      m_options(options),
      m_diskLuck(options.seed ^ 0xd15cULL),
      m_alpaca(world, options.seed, listings(), venueOptions(options.seed),
               [this](wire::Service& venue) {
                   auto witness = std::make_unique<Witness>(venue);
                   m_witness = witness.get();
                   return witness;
               })
{
    durability = storage::Durability::Full;
    m_disk.lieAboutSyncs(options.diskForgets);
    for (const char* symbol : Clients::kSymbols) {
        m_alpaca.quote(symbol, Price::of("12.49"), Price::of("12.50"));
    }
}

WholeWorld::~WholeWorld()
{
    crash();
}

void WholeWorld::kill()
{
    m_disk.die();
    crash();
    m_disk.revive();
}

void WholeWorld::cutPower()
{
    m_disk.die();
    crash();
    m_disk.cutPower(m_diskLuck);
    m_disk.revive();
}

brokers::Broker& WholeWorld::openBroker(test::SimExecutor& core)
{
    m_http = m_alpaca.network().makeHttpClient(core);
    m_sockets = m_alpaca.network().makeWebSocketClient(core);
    if (m_options.decorateHttp) m_faultyHttp = m_options.decorateHttp(*m_http);
    m_brokerRandom = std::make_unique<runtime::SeededRandom>(world.random().next());
    m_broker = std::make_unique<brokers::AlpacaBroker>(test::SimAlpaca::settings(),
                                                       m_faultyHttp ? *m_faultyHttp : *m_http,
                                                       *m_sockets, core, *m_brokerRandom);
    if (m_options.decorate) m_faultyBroker = m_options.decorate(*m_broker);
    return m_faultyBroker ? *m_faultyBroker : *m_broker;
}

void WholeWorld::closeBroker()
{
    m_faultyBroker.reset();
    m_broker.reset();
    m_faultyHttp.reset();
    m_http.reset();
    m_sockets.reset();
    m_brokerRandom.reset();
}

VenueTruth WholeWorld::truth()
{
    VenueTruth truth;
    for (const exchange::VenueOrder& order : m_alpaca.allOrders()) {
        VenueTruth::Placed placed;
        placed.clientOrderId = ClientOrderId(order.clientOrderId);
        placed.isLeg = order.parent.has_value();
        placed.state = stateOf(order.status);
        placed.quantity = order.quantity;
        placed.filledQuantity = order.filledQuantity;
        placed.averagePrice = order.averagePrice.value_or(Price());
        placed.updatedAt = order.updatedAt;
        placed.timesAsked = m_witness->timesAsked(placed.clientOrderId);
        const auto own = m_alpaca.exchange().order(test::SimAlpaca::account(), order.id);
        placed.isOverfilled = own && own->filledQuantity != order.filledQuantity;
        truth.orders.push_back(std::move(placed));
    }
    for (const auto& position : m_alpaca.venue().records().positions(test::SimAlpaca::account())) {
        truth.positions[position.symbol] = position.quantity;
    }
    return truth;
}

} // namespace qd::simulation

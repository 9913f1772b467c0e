// How an order comes in: checks against the account and the market, then the record and its legs.

#include <algorithm>

#include <fmt/format.h>

#include "services/exchange/exchange_state.h"
#include "services/exchange/order_rules.h"

namespace qd::exchange {

namespace {

const Decimal kShortCushion = Decimal::of("1.03");

/// A replacement is counted once it stands alone: until then the order it replaces is.
bool isShadow(const VenueOrder& order)
{
    return order.replaces && order.status == VenueStatus::PendingNew;
}

bool isOpening(const Quantity& held, Side side)
{
    return held.isZero() || held.isNegative() == (side == Side::Sell);
}

VenueRefusal insufficientQuantity(Quantity existing, Quantity held, Quantity requested)
{
    const auto available = existing - held;
    auto bad = refusal(Refusal::InsufficientQuantity,
                       fmt::format("insufficient qty available for order (requested: {}, "
                                   "available: {})",
                                   requested.toString(), available.toString()),
                       "qty");
    bad.figures = {{"existing_qty", existing.toString()},
                   {"held_for_orders", held.toString()},
                   {"available", available.toString()},
                   {"requested", requested.toString()}};
    return bad;
}

VenueRefusal crossesZero(Quantity existing, Quantity requested)
{
    auto bad = refusal(Refusal::CrossesZero,
                       fmt::format("insufficient qty available for order (requested: {}, "
                                   "available: {})",
                                   requested.toString(), existing.toString()),
                       "qty");
    bad.figures = {{"existing_qty", existing.toString()},
                   {"held_for_orders", "0"},
                   {"available", existing.toString()},
                   {"requested", requested.toString()}};
    return bad;
}

} // namespace

MarkOf Exchange::State::marks() const
{
    return [this](const Symbol& symbol) {
        const auto found = bySymbol.find(symbol);
        return found == bySymbol.end() ? Price() : tape.mark(found->second);
    };
}

VenueAccount Exchange::State::describe(const Account& account) const
{
    return describeAccount(account, marks(), reservedBy(account));
}

Money Exchange::State::reservedBy(const Account& account) const
{
    Money reserved;
    for (const auto* record : orders.openOf(account.terms.id)) {
        const auto& order = record->order;
        if (order.status == VenueStatus::Held || order.parent || isShadow(order))
            continue; // legs only close
        if (!isOpening(account.held(order.symbol), order.side))
            continue;
        if (order.notional) {
            reserved += Money(*order.notional);
            continue;
        }
        const auto cost = costOf(order.side, order.type, order.limitPrice, order.stopPrice,
                                 record->instrument, order.leaves());
        reserved += cost.value_or(Money());
    }
    return reserved;
}

Quantity Exchange::State::heldForOrders(const AccountId& account, const Symbol& symbol,
                                        Side side) const
{
    Quantity held;
    for (const auto* record : orders.openOf(account)) {
        const auto& order = record->order;
        const bool armed = order.status != VenueStatus::Held && !isShadow(order);
        if (armed && order.symbol == symbol && order.side == side)
            held += order.leaves();
    }
    return held;
}

std::optional<Money> Exchange::State::costOf(Side side, OrderType type, std::optional<Price> limit,
                                             std::optional<Price> stop, InstrumentIndex instrument,
                                             Quantity quantity) const
{
    const auto& quote = tape.quote(instrument);
    Price ask = quote && quote->ask.isPositive() ? quote->ask : tape.mark(instrument);
    if (side == Side::Sell) {
        const Price cushioned(ask.value().checkedMultiply(kShortCushion, Rounding::Up)
                                  .value_or(ask.value()));
        ask = limit ? std::max(*limit, cushioned) : cushioned;
    } else if (limit) {
        ask = *limit;
    } else if (stop && type == OrderType::Stop) {
        ask = std::max(*stop, ask);
    }
    if (ask.isZero())
        return std::nullopt;
    return notional(ask, quantity, Rounding::HalfUp);
}

std::optional<VenueRefusal> Exchange::State::checkCost(const Account& account,
                                                       const NewOrder& request,
                                                       InstrumentIndex instrument,
                                                       Quantity quantity)
{
    const auto cost = request.notional
                          ? std::optional<Money>(Money(*request.notional))
                          : costOf(request.side, request.type, request.limitPrice,
                                   request.stopPrice, instrument, quantity);
    if (!cost)
        return refusal(Refusal::NoMarket,
                       fmt::format("no market price for {} yet", request.symbol.text()), "symbol");
    const auto view = describe(account);
    const bool crypto = source->instruments()[instrument].assetClass == AssetClass::Crypto;
    const Money power = crypto ? view.nonMarginableBuyingPower : view.buyingPower;
    if (*cost <= power)
        return std::nullopt;
    auto bad = refusal(Refusal::InsufficientBuyingPower, "insufficient buying power");
    bad.figures = {{"buying_power", power.toFixed(2, Rounding::Down)},
                   {"cost_basis", cost->toString()}};
    return bad;
}

std::optional<VenueRefusal> Exchange::State::checkBuy(const Account& account,
                                                      const NewOrder& request,
                                                      InstrumentIndex instrument,
                                                      Quantity quantity)
{
    const Quantity held = account.held(request.symbol);
    if (!held.isNegative())
        return checkCost(account, request, instrument, quantity);
    const Quantity owed = -held;
    if (quantity > owed)
        return crossesZero(owed, quantity);
    const Quantity spoken = heldForOrders(account.terms.id, request.symbol, Side::Buy);
    if (quantity > owed - spoken)
        return insufficientQuantity(owed, spoken, quantity);
    return std::nullopt;
}

std::optional<VenueRefusal> Exchange::State::checkSell(const Account& account,
                                                       const NewOrder& request,
                                                       InstrumentIndex instrument,
                                                       Quantity quantity)
{
    const auto& terms = source->instruments()[instrument];
    const Quantity held = account.held(request.symbol);
    if (held.isPositive()) {
        if (quantity > held)
            return crossesZero(held, quantity);
        const Quantity spoken = heldForOrders(account.terms.id, request.symbol, Side::Sell);
        if (quantity > held - spoken)
            return insufficientQuantity(held, spoken, quantity);
        return std::nullopt;
    }
    if (terms.assetClass == AssetClass::Crypto || account.multiplier() == 1)
        return insufficientQuantity(Quantity(), Quantity(), quantity);
    if (!terms.shortable || !account.terms.shortingEnabled)
        return refusal(Refusal::NotShortable,
                       fmt::format("asset \"{}\" cannot be sold short", terms.symbol.text()),
                       "symbol");
    if (request.notional || !quantity.value().isInteger())
        return refusal(Refusal::NotShortable, "fractional orders cannot be sold short", "qty");
    return checkCost(account, request, instrument, quantity);
}

std::optional<VenueRefusal> Exchange::State::checkWash(const AccountId& account,
                                                       const NewOrder& request) const
{
    if (!options.refuseWashTrades || request.orderClass != OrderClass::Simple)
        return std::nullopt;
    for (const auto* record : orders.openOf(account)) {
        const auto& other = record->order;
        if (other.symbol != request.symbol || other.side == request.side || other.parent
            || other.orderClass != OrderClass::Simple || !other.legs.empty())
            continue;
        const bool bothLimited = request.limitPrice && other.limitPrice;
        const auto buy = request.side == Side::Buy ? request.limitPrice : other.limitPrice;
        const auto sell = request.side == Side::Buy ? other.limitPrice : request.limitPrice;
        if (bothLimited && *buy < *sell)
            continue;
        auto bad = refusal(Refusal::WashTrade,
                           "potential wash trade detected. use complex orders", "side");
        bad.figures = {{"existing_order_id", other.id.text()}};
        return bad;
    }
    return std::nullopt;
}

std::optional<VenueRefusal> Exchange::State::checkRisk(const Account& account,
                                                       const NewOrder& request,
                                                       InstrumentIndex instrument,
                                                       Quantity quantity)
{
    const auto& quote = tape.quote(instrument);
    Price base = request.limitPrice.value_or(tape.mark(instrument));
    if (request.orderClass == OrderClass::Oco)
        base = tape.mark(instrument);
    else if (!request.limitPrice && quote)
        base = request.side == Side::Buy ? quote->ask : quote->bid;
    if (auto bad = checkLegs(request, base))
        return bad;
    if (request.orderClass == OrderClass::Oco
        && isOpening(account.held(request.symbol), request.side))
        return insufficientQuantity(Quantity(), Quantity(), quantity);
    if (auto bad = checkWash(account.terms.id, request))
        return bad;
    return request.side == Side::Buy ? checkBuy(account, request, instrument, quantity)
                                     : checkSell(account, request, instrument, quantity);
}

VenueResult<VenueOrder> Exchange::State::submit(const AccountId& id, const NewOrder& asked)
{
    NewOrder request = asked;
    if (request.orderClass == OrderClass::Oco && request.takeProfit && !request.limitPrice)
        request.limitPrice = request.takeProfit->limitPrice; // the take-profit is the parent
    const auto* account = accounts.find(id);
    if (account == nullptr)
        return tl::unexpected(refusal(Refusal::UnknownAccount, "account not found"));
    if (account->blocked)
        return tl::unexpected(refusal(Refusal::AccountBlocked, "account is blocked from trading"));
    const auto found = bySymbol.find(request.symbol);
    if (found == bySymbol.end())
        return tl::unexpected(
            refusal(Refusal::UnknownSymbol,
                    fmt::format("asset \"{}\" not found", request.symbol.text()), "symbol"));
    const auto& instrument = source->instruments()[found->second];
    if (!instrument.tradable)
        return tl::unexpected(
            refusal(Refusal::NotTradable,
                    fmt::format("asset \"{}\" is not tradable", request.symbol.text()), "symbol"));
    if (instrument.assetClass == AssetClass::Option) // a contract costs a hundred times its price
        return tl::unexpected(refusal(Refusal::NotTradable,
                                      "account not eligible to trade options", "symbol"));
    if (auto bad = checkShape(request, instrument, options.clientOrderIdMax))
        return tl::unexpected(std::move(*bad));
    if (!request.clientOrderId.empty()
        && orders.findByClientId(id, request.clientOrderId) != nullptr)
        return tl::unexpected(refusal(Refusal::DuplicateClientOrderId,
                                      "client_order_id must be unique", "client_order_id"));
    if (!sessions.auctionAccepts(request.timeInForce, now()))
        return tl::unexpected(refusal(Refusal::AuctionWindow,
                                      fmt::format("{} orders are not accepted at this time",
                                                  toString(request.timeInForce)),
                                      "time_in_force"));
    Quantity quantity = request.quantity.value_or(Quantity());
    if (request.notional) {
        const auto shares = request.notional->checkedDivide(tape.mark(found->second).value(),
                                                            Rounding::Down);
        quantity = Quantity(shares.value_or(Decimal()));
    }
    if (auto bad = checkRisk(*account, request, found->second, quantity))
        return tl::unexpected(std::move(*bad));
    auto& record = orders.add(makeOrder(id, request, instrument), found->second);
    record.waitsForAuction = request.timeInForce == TimeInForce::Opg
                             || request.timeInForce == TimeInForce::Cls;
    if (request.orderClass != OrderClass::Simple)
        makeLegs(record, request);
    if (!mayTrade(record))
        record.order.status = VenueStatus::Accepted;
    schedule(Step::Acknowledge, record.order.id, options.acknowledgeAfter);
    return record.order;
}

VenueOrder Exchange::State::makeOrder(const AccountId& account, const NewOrder& request,
                                      const Instrument& instrument)
{
    VenueOrder order;
    order.id = VenueOrderId(random.uuidV4());
    order.clientOrderId = request.clientOrderId.empty() ? random.uuidV4() : request.clientOrderId;
    order.account = account;
    order.symbol = instrument.symbol;
    order.assetClass = instrument.assetClass;
    order.side = request.side;
    order.type = request.type;
    order.timeInForce = request.timeInForce;
    order.quantity = request.quantity.value_or(Quantity());
    order.notional = request.notional;
    order.limitPrice = request.limitPrice;
    order.stopPrice = request.stopPrice;
    order.trailPrice = request.trailPrice;
    order.trailPercent = request.trailPercent;
    order.extendedHours = request.extendedHours;
    order.orderClass = request.orderClass;
    order.createdAt = order.submittedAt = order.updatedAt = now();
    return order;
}

OrderRecord& Exchange::State::makeLeg(OrderRecord& parent, OrderType type,
                                      std::optional<Price> limit, std::optional<Price> stop)
{
    VenueOrder leg = parent.order;
    leg.id = VenueOrderId(random.uuidV4());
    leg.clientOrderId = random.uuidV4();
    // The exits of a bracket close what its entry opens; an OCO's stop sells what its limit sells.
    leg.side = parent.order.orderClass == OrderClass::Oco ? parent.order.side
                                                          : opposite(parent.order.side);
    leg.type = type;
    leg.limitPrice = limit;
    leg.stopPrice = stop;
    leg.status = VenueStatus::Held;
    leg.parent = parent.order.id;
    leg.legs.clear();
    auto& record = orders.add(std::move(leg), parent.instrument);
    parent.order.legs.push_back(record.order.id);
    return record;
}

void Exchange::State::makeLegs(OrderRecord& parent, const NewOrder& request)
{
    if (request.takeProfit && request.orderClass != OrderClass::Oco)
        makeLeg(parent, OrderType::Limit, request.takeProfit->limitPrice, std::nullopt);
    if (request.stopLoss)
        makeLeg(parent, request.stopLoss->limitPrice ? OrderType::StopLimit : OrderType::Stop,
                request.stopLoss->limitPrice, request.stopLoss->stopPrice);
}

} // namespace qd::exchange

#include "services/orders/session_rules.h"

#include <fmt/format.h>

namespace qd::orders {

namespace {

using namespace std::chrono_literals;
using Findings = std::vector<Finding>;

constexpr Duration kOpgFrom = 19h, kOpgUntil = 9h + 28min;
constexpr Duration kClsShutFrom = 15h + 50min, kClsShutUntil = 19h;

Findings objection(std::string detail, const char* field, const char* code)
{
    return {Finding{std::move(detail), field, {}, code}};
}

Findings auctionWindow(const CheckInput& input)
{
    const Duration time = toNewYork(input.now).sinceMidnight;
    if (input.request.timeInForce == TimeInForce::Opg && time >= kOpgUntil && time < kOpgFrom) {
        return objection("orders for the opening auction are taken from 19:00 to 09:28 New York "
                         "time",
                         "timeInForce", "risk.auction_window");
    }
    if (input.request.timeInForce == TimeInForce::Cls && time >= kClsShutFrom &&
        time < kClsShutUntil) {
        return objection("orders for the closing auction are not taken from 15:50 to 19:00 New "
                         "York time",
                         "timeInForce", "risk.auction_window");
    }
    return {};
}

bool isAuction(TimeInForce timeInForce)
{
    return timeInForce == TimeInForce::Opg || timeInForce == TimeInForce::Cls;
}

bool isImmediate(TimeInForce timeInForce)
{
    return timeInForce == TimeInForce::Ioc || timeInForce == TimeInForce::Fok;
}

} // namespace

std::vector<Finding> marketHours(const CheckInput& input)
{
    const OrderRequest& request = input.request;
    if (!input.instrument || input.instrument->assetClass == AssetClass::Crypto) return {};
    if (isAuction(request.timeInForce)) return auctionWindow(input);
    if (input.phase == SessionPhase::Regular || input.settings.marketOrdersWhenClosed) return {};
    const std::string opens =
        input.nextOpen.isSet() ? "; it opens at " + input.nextOpen.toString(0) : "";
    if (request.type == OrderType::Market) {
        return objection("the market is shut for market orders" + opens +
                             "; use a limit order or wait",
                         "type", "risk.market_closed");
    }
    if (isImmediate(request.timeInForce)) {
        return objection("an immediate order cannot trade while the market is shut" + opens,
                         "timeInForce", "risk.market_closed");
    }
    return {};
}

std::vector<Finding> notHalted(const CheckInput& input)
{
    if (input.picture.freshness != Freshness::Halted) return {};
    return objection("trading in " + input.request.symbol.text() +
                         " is halted at its exchange; cancels still pass",
                     "symbol", "");
}

std::vector<Finding> quoteUsable(const CheckInput& input)
{
    if (input.request.type != OrderType::Market || !input.instrument) return {};
    if (!costPrice(input)) {
        return objection("there is no price for " + input.request.symbol.text() +
                             " yet; use a limit order or wait for a quote",
                         "type", "risk.no_quote");
    }
    if (input.picture.age <= input.settings.quoteAgeRefuse) return {};
    const auto seconds = [](Duration age) {
        return std::chrono::duration_cast<std::chrono::seconds>(age).count();
    };
    return objection(fmt::format("the last price is {} s old, at most {} s for market orders; use "
                                 "a limit order",
                                 seconds(input.picture.age),
                                 seconds(input.settings.quoteAgeRefuse)),
                     "type", "");
}

} // namespace qd::orders

#include <algorithm>

#include "services/brokers/broker.h"

namespace qd::brokers {

namespace {

template <typename T>
bool contains(const std::vector<T>& list, T value)
{
    return std::ranges::find(list, value) != list.end();
}

tl::unexpected<Error> unsupported(const Capabilities& capabilities, const char* what,
                                  std::string_view value, const char* field)
{
    return fail(ErrorKind::Invalid, std::string("broker.unsupported_") + what,
                capabilities.broker.text() + " does not take " + std::string(value), field);
}

} // namespace

Result<void> checkCapabilities(const Capabilities& capabilities, const OrderRequest& request,
                               const Instrument& instrument)
{
    if (instrument.assetClass == AssetClass::Option && !capabilities.options)
        return unsupported(capabilities, "asset_class",
                           "orders for options from here: prices are shown, trading them is not "
                           "supported", "symbol");
    if (!contains(capabilities.orderTypes, request.type))
        return unsupported(capabilities, "type", toString(request.type), "type");
    if (!contains(capabilities.timesInForce, request.timeInForce))
        return unsupported(capabilities, "time_in_force", toString(request.timeInForce),
                           "timeInForce");
    if (!contains(capabilities.orderClasses, request.orderClass))
        return unsupported(capabilities, "order_class", toString(request.orderClass), "orderClass");
    if (!request.quantity.value().isInteger() && !capabilities.fractionalShares)
        return unsupported(capabilities, "fraction", "fractional quantities", "quantity");
    if (request.extendedHours && !capabilities.extendedHours)
        return unsupported(capabilities, "extended_hours", "orders outside regular hours",
                           "extendedHours");
    if (request.clientOrderId.text().size() > capabilities.clientOrderIdMax)
        return unsupported(capabilities, "client_order_id", "an id of that length",
                           "clientOrderId");

    const bool crypto = instrument.assetClass == AssetClass::Crypto;
    if (crypto && request.timeInForce != TimeInForce::Gtc && request.timeInForce != TimeInForce::Ioc)
        return unsupported(capabilities, "time_in_force",
                           std::string(toString(request.timeInForce)) + " for crypto (gtc or ioc)",
                           "timeInForce");
    const bool trailing = request.type == OrderType::TrailingStop;
    if (trailing && request.timeInForce != TimeInForce::Day &&
        request.timeInForce != TimeInForce::Gtc)
        return unsupported(capabilities, "time_in_force",
                           std::string(toString(request.timeInForce)) +
                               " for trailing stops (day or gtc)",
                           "timeInForce");
    if (request.orderClass != OrderClass::Simple) {
        if (request.timeInForce != TimeInForce::Day && request.timeInForce != TimeInForce::Gtc)
            return unsupported(capabilities, "time_in_force",
                               std::string(toString(request.timeInForce)) +
                                   " for grouped orders (day or gtc)",
                               "timeInForce");
        if (request.extendedHours)
            return unsupported(capabilities, "extended_hours",
                               "grouped orders outside regular hours", "extendedHours");
    }
    if (request.extendedHours && request.type != OrderType::Limit)
        return unsupported(capabilities, "extended_hours",
                           std::string(toString(request.type)) +
                               " orders outside regular hours (limit only)",
                           "extendedHours");
    return {};
}

} // namespace qd::brokers

#include "services/sandbox/alpaca/answers.h"

#include <fmt/format.h>

namespace qd::sandbox::alpaca {

namespace {

using exchange::Refusal;

std::string figure(const exchange::VenueRefusal& refusal, std::string_view name)
{
    for (const auto& [key, value] : refusal.figures)
        if (key == name)
            return value;
    return "0";
}

} // namespace

wire::HttpResponse jsonAnswer(std::string body, int status)
{
    return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, std::move(body)};
}

wire::HttpResponse notServed()
{
    return jsonAnswer(R"({"message":"endpoint not found."})", 404);
}

void writeError(json::Writer& out, const ApiError& error)
{
    out.beginObject();
    for (const auto& [name, value] : error.figures)
        out.member(name, value);
    out.member("code", error.code).member("message", error.message).endObject();
}

wire::HttpResponse errorAnswer(const ApiError& error)
{
    json::Writer out;
    writeError(out, error);
    return jsonAnswer(out.take(), error.status);
}

wire::HttpResponse errorAnswer(int status, std::int64_t code, std::string_view message,
                               const Figures& figures)
{
    return errorAnswer(ApiError{status, code, std::string(message), figures});
}

wire::HttpResponse noContent()
{
    return {204, {}, {}};
}

tl::unexpected<ApiError> invalid(std::string message)
{
    return tl::unexpected(ApiError{422, 40010001, std::move(message), {}});
}

tl::unexpected<ApiError> unprocessable(std::string message)
{
    return tl::unexpected(ApiError{422, 42210000, std::move(message), {}});
}

tl::unexpected<ApiError> notFound(std::string message)
{
    return tl::unexpected(ApiError{404, 40410000, std::move(message), {}});
}

ApiError toApiError(const exchange::VenueRefusal& refusal)
{
    const auto answer = [&](int status, std::int64_t code, std::string message) {
        return ApiError{status, code, std::move(message), refusal.figures};
    };
    switch (refusal.reason) {
    case Refusal::DuplicateClientOrderId:
        return answer(422, 40010001, "client_order_id must be unique");
    case Refusal::ClientOrderIdTooLong:
    case Refusal::InvalidQuantity:
    case Refusal::InvalidNotional:
    case Refusal::InvalidPrice: return answer(422, 40010001, refusal.message);
    case Refusal::InsufficientBuyingPower:
        return answer(403, 40310000, "insufficient buying power");
    case Refusal::InsufficientQuantity:
        return answer(403, 40310000,
                      fmt::format(
                          "insufficient qty available for order (requested: {}, available: {})",
                          figure(refusal, "requested"), figure(refusal, "available")));
    case Refusal::AccountBlocked:
    case Refusal::UnknownAccount:
    case Refusal::NotShortable:
    case Refusal::NotFractionable:
    case Refusal::CrossesZero: return answer(403, 40310000, refusal.message);
    case Refusal::WashTrade:
        return answer(422, 42210000, "potential wash trade detected. use complex orders");
    case Refusal::OrderNotFound:
    case Refusal::PositionNotFound: return answer(404, 40410000, refusal.message);
    case Refusal::UnknownSymbol:
    case Refusal::NotTradable:
    case Refusal::SubPenny:
    case Refusal::InvalidCombination:
    case Refusal::InvalidLegs:
    case Refusal::AuctionWindow:
    case Refusal::NoMarket:
    case Refusal::NotCancelable:
    case Refusal::NotReplaceable: break;
    }
    return answer(422, 42210000, refusal.message);
}

} // namespace qd::sandbox::alpaca

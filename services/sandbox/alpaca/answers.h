#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/base/ids.h"
#include "services/exchange/venue_order.h"
#include "services/json/json.h"
#include "services/wire/http.h"

namespace qd::sandbox::alpaca {

/// One authenticated REST request, taken apart.
struct ApiRequest {
    std::string method;
    wire::Target target;
    json::Value body; ///< Missing when there is none
    AccountId account;

    const std::vector<std::string>& path() const { return target.segments; }
    std::string_view query(std::string_view name) const { return target.queryValue(name); }
};

using Figures = std::vector<std::pair<std::string, std::string>>;

/// 200 (or `status`) with a JSON body.
wire::HttpResponse jsonAnswer(std::string body, int status = 200);
/// 404, for a path that the venue does not have.
wire::HttpResponse notServed();
/// Alpaca's error body: {"code":40410000,"message":"…", figures as strings}.
wire::HttpResponse errorAnswer(int status, std::int64_t code, std::string_view message,
                               const Figures& figures = {});
wire::HttpResponse noContent();

/// An error of ours before it is on the wire: also a `body` inside 207 answers.
struct ApiError {
    int status = 422;
    std::int64_t code = 42210000;
    std::string message;
    Figures figures;
};
wire::HttpResponse errorAnswer(const ApiError& error);
void writeError(json::Writer& out, const ApiError& error);
/// What Alpaca says where the venue refuses.
ApiError toApiError(const exchange::VenueRefusal& refusal);

template <typename T>
using ApiResult = tl::expected<T, ApiError>;

tl::unexpected<ApiError> invalid(std::string message);      ///< 422, 40010001
tl::unexpected<ApiError> unprocessable(std::string message); ///< 422, 42210000
tl::unexpected<ApiError> notFound(std::string message);     ///< 404, 40410000

} // namespace qd::sandbox::alpaca

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/market/instrument.h"
#include "services/json/json.h"
#include "services/wire/http.h"

namespace qd::sandbox::ibkr {

/// One request, taken apart. `path` is what follows "/v1/api".
struct ApiRequest {
    std::string method;
    wire::Target target;
    std::vector<std::string> path;
    json::Value body; ///< Missing when there is none

    std::string_view query(std::string_view name) const { return target.queryValue(name); }
    /// Do the path's first words read so? "*" stands for any one word.
    bool isAt(std::initializer_list<std::string_view> words) const;
};

wire::HttpResponse jsonAnswer(std::string body, int status = 200);
/// {"error":"…","statusCode":400}, as the gateway says it.
wire::HttpResponse errorAnswer(int status, std::string_view error);
/// {"error":"…"} with status 200: the trap of the order endpoints.
wire::HttpResponse errorInSuccess(std::string_view error);
wire::HttpResponse notServed();

// ── texts ────────────────────────────────────────────────────────────────────────────────────────
/// "189.60", "0.1234": at least two decimals.
std::string formatPrice(Price price);
/// "1,300", "12.5".
std::string formatSize(Quantity size);
/// "20240101-14:30:00", UTC.
std::string formatTime(Timestamp time);
/// "240103201041", UTC.
std::string formatCompactTime(Timestamp time);

} // namespace qd::sandbox::ibkr

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/ids.h"
#include "models/market/instrument.h"
#include "services/sandbox/tradier/document.h"
#include "services/wire/http.h"

namespace qd::sandbox::tradier {

/// One request, taken apart. `path` is what follows "/v1".
struct ApiRequest {
    std::string method;
    std::vector<std::string> path;
    std::vector<wire::Header> query;
    std::vector<wire::Header> form; ///< the body's fields: "symbol", "side[1]"
    AccountId account;              ///< of the token
    std::string accountNumber;
    bool wantsJson = false; ///< XML is what everybody gets who does not ask otherwise

    /// Of the form, then of the query; empty if neither has it.
    std::string_view field(std::string_view name) const;
};

/// The document in the form that was asked for.
wire::HttpResponse documentAnswer(const ApiRequest& request, std::string_view name, const Node& document);
/// Plain text: how Tradier says what is wrong with a request.
wire::HttpResponse textAnswer(int status, std::string_view text);
wire::HttpResponse notServed();
/// What risk or the exchange refuses comes with status 200 and {"errors":{"error":…}}.
wire::HttpResponse errorsAnswer(const ApiRequest& request, std::string_view message, std::string_view code);

// ── texts ────────────────────────────────────────────────────────────────────────────────────────
/// "2018-06-01T12:02:29.682Z".
std::string timeText(Timestamp time);
/// Class shares are "BRK/B" at Tradier and "BRK.B" at the exchange.
std::string symbolText(const Symbol& symbol);
Result<Symbol> parseSymbol(std::string_view text);

} // namespace qd::sandbox::tradier

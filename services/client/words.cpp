#include "services/client/words.h"

namespace qd::client {

namespace {

Error unknown(const char* field, std::string_view text)
{
    return {ErrorKind::Invalid, "client.unknown_value",
            "not a known " + std::string(field) + ": \"" + std::string(text.substr(0, 40)) + "\"",
            field};
}

} // namespace

Result<OrderOrigin> parseAs(std::string_view text, OrderOrigin)
{
    if (text == "ours") return OrderOrigin::Ours;
    if (text == "external") return OrderOrigin::External;
    return tl::unexpected(unknown("origin", text));
}

Result<TradingState> parseAs(std::string_view text, TradingState)
{
    for (const auto state : {TradingState::Active, TradingState::Reducing, TradingState::Halted})
        if (toString(state) == text) return state;
    return tl::unexpected(unknown("state", text));
}

Result<Severity> parseAs(std::string_view text, Severity)
{
    if (text == "info") return Severity::Info;
    if (text == "warning") return Severity::Warning;
    if (text == "critical") return Severity::Critical;
    return tl::unexpected(unknown("severity", text));
}

} // namespace qd::client

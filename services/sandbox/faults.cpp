#include "services/sandbox/faults.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace qd::sandbox {

namespace {

bool fits(const std::string& wanted, std::string_view actual)
{
    return wanted.empty() || wanted == actual;
}

bool fits(const Fault& fault, const FaultSubject& subject)
{
    return fits(fault.method, subject.method) && subject.path.starts_with(fault.path)
        && fits(fault.symbol, subject.symbol) && fits(fault.side, subject.side)
        && fits(fault.clientOrderId, subject.clientOrderId) && fits(fault.event, subject.event)
        && fits(fault.stream, subject.stream) && fits(fault.keyId, subject.keyId);
}

Result<std::int64_t> readInteger(const json::Value& body, std::string_view name, std::int64_t low,
                                 std::int64_t high, std::int64_t fallback)
{
    const json::Value given = body[name];
    if (given.isAbsent())
        return fallback;
    const auto value = given.integer();
    if (!value || *value < low || *value > high)
        return fail(ErrorKind::Invalid, "fault.field",
                    fmt::format("expected an integer {} … {}, was {}", low, high, given.dump()),
                    std::string(name));
    return *value;
}

} // namespace

const std::vector<std::string_view>& faultKinds()
{
    static const std::vector<std::string_view> kinds = {
        "reject",          "reject_later",      "ignore",       "accept_silently",
        "fill_late",       "fill_twice",        "fill_partial", "maintenance",
        "drop_trade_update", "duplicate_trade_update", "reorder", "malformed_message",
        "truncate_message", "stale_symbol",     "halt",         "http_status",
        "delay",           "lose_ack",          "revoke_key",   "disconnect",
        "clock_skew",      "unknown_word",
    };
    return kinds;
}

Result<Fault> FaultBook::add(const json::Value& body, Duration now)
{
    expire(now);
    if (m_faults.size() >= kFaultsMax)
        return fail(ErrorKind::Conflict, "fault.too_many",
                    fmt::format("{} faults are in force; DELETE /faults first", kFaultsMax));
    Fault fault;
    fault.kind = std::string(body["kind"].stringOr(""));
    const auto& kinds = faultKinds();
    if (std::find(kinds.begin(), kinds.end(), fault.kind) == kinds.end())
        return fail(ErrorKind::Invalid, "fault.kind",
                    fmt::format("expected one of {}, was \"{}\"", fmt::join(kinds, ", "),
                                fault.kind),
                    "kind");
    constexpr std::int64_t kDayMs = 86'400'000;
    const bool lasts = fault.kind == "maintenance" || fault.kind == "stale_symbol"
        || fault.kind == "clock_skew" || fault.kind == "halt" || fault.kind == "revoke_key";
    const auto count = readInteger(body, "count", 0, 1'000'000, lasts ? 0 : 1);
    const auto duration = readInteger(body, "durationMs", 0, kDayMs, 0);
    const auto delayMs = readInteger(body, "delayMs", -kDayMs, kDayMs, 0);
    const auto status = readInteger(body, "status", 200, 599, 0);
    const auto code = readInteger(body, "code", 0, 99'999'999, 0);
    for (const auto* number : {&count, &duration, &delayMs, &status, &code})
        if (!*number)
            return tl::unexpected(number->error());
    fault.id = m_nextId++;
    fault.count = *count;
    if (*duration > 0)
        fault.until = now + std::chrono::milliseconds(*duration);
    fault.delayMs = *delayMs;
    fault.status = static_cast<int>(*status);
    fault.code = *code;
    fault.method = std::string(body["method"].stringOr(""));
    fault.path = std::string(body["path"].stringOr(""));
    fault.symbol = std::string(body["symbol"].stringOr(""));
    fault.side = std::string(body["side"].stringOr(""));
    fault.clientOrderId = std::string(body["clientOrderId"].stringOr(""));
    fault.event = std::string(body["event"].stringOr(""));
    fault.stream = std::string(body["stream"].stringOr(""));
    fault.message = std::string(body["message"].stringOr(""));
    fault.quantity = std::string(body["quantity"].stringOr(""));
    fault.keyId = std::string(body["keyId"].stringOr(""));
    m_faults.push_back(fault);
    return fault;
}

bool FaultBook::remove(std::int64_t id)
{
    return std::erase_if(m_faults, [&](const Fault& fault) { return fault.id == id; }) > 0;
}

const std::vector<Fault>& FaultBook::list(Duration now)
{
    expire(now);
    return m_faults;
}

std::optional<Fault> FaultBook::strike(std::string_view kind, const FaultSubject& subject,
                                       Duration now)
{
    if (m_faults.empty())
        return std::nullopt;
    expire(now);
    const auto found = std::find_if(m_faults.begin(), m_faults.end(), [&](const Fault& fault) {
        return fault.kind == kind && fits(fault, subject);
    });
    if (found == m_faults.end())
        return std::nullopt;
    const Fault struck = *found;
    if (found->count > 0 && --found->count == 0)
        m_faults.erase(found);
    return struck;
}

void FaultBook::expire(Duration now)
{
    std::erase_if(m_faults, [&](const Fault& fault) { return fault.until && *fault.until <= now; });
}

void writeFault(json::Writer& out, const Fault& fault, Duration now)
{
    out.beginObject()
        .member("id", fault.id)
        .member("kind", fault.kind)
        .member("count", fault.count);
    if (fault.until)
        out.member("endsInMs", static_cast<std::int64_t>((*fault.until - now).count() / 1'000'000));
    const std::pair<const char*, const std::string*> texts[] = {
        {"method", &fault.method},   {"path", &fault.path},
        {"symbol", &fault.symbol},   {"side", &fault.side},
        {"event", &fault.event},     {"clientOrderId", &fault.clientOrderId},
        {"stream", &fault.stream},   {"message", &fault.message},
        {"quantity", &fault.quantity}, {"keyId", &fault.keyId},
    };
    for (const auto& [name, value] : texts)
        if (!value->empty())
            out.member(name, *value);
    if (fault.delayMs != 0)
        out.member("delayMs", fault.delayMs);
    if (fault.status != 0)
        out.member("status", fault.status);
    if (fault.code != 0)
        out.member("code", fault.code);
    out.endObject();
}

} // namespace qd::sandbox

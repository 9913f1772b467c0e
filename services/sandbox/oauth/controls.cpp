#include "services/sandbox/oauth/controls.h"

#include <algorithm>
#include <array>

namespace qd::sandbox::oauth {
namespace {

struct Knob {
    std::string_view name;
    int ServerFaults::*count;
};
constexpr std::array kKnobs = {
    Knob{"slowTokens", &ServerFaults::slowTokens},
    Knob{"lostAnswers", &ServerFaults::lostAnswers},
    Knob{"tokenErrors", &ServerFaults::tokenErrors},
    Knob{"errorsAfterActing", &ServerFaults::errorsAfterActing},
    Knob{"rateLimited", &ServerFaults::rateLimited},
    Knob{"revokeErrors", &ServerFaults::revokeErrors},
    Knob{"wrongState", &ServerFaults::wrongState},
    Knob{"wrongIssuer", &ServerFaults::wrongIssuer},
    Knob{"missingIssuer", &ServerFaults::missingIssuer},
    Knob{"denials", &ServerFaults::denials},
};
constexpr std::int64_t kCountMax = 1'000'000, kSlowMsMax = 600'000;

wire::HttpResponse controlAnswer(int status, std::string json)
{
    return {status, {{"Content-Type", "application/json"}}, std::move(json)};
}

wire::HttpResponse controlRefusal(int status, std::string_view detail)
{
    json::Writer out;
    out.beginObject().member("status", status).member("detail", detail).endObject();
    return controlAnswer(status, out.take());
}

} // namespace

void Controls::handle(wire::HttpRequest request, Respond respond)
{
    const auto target = wire::Target::parse(request.target);
    const auto document = json::Document::parse(request.body.empty() ? "{}" : request.body);
    if (!target || !document || target->segments.size() != 2)
        return respond(controlRefusal(400, "bad request"));
    respond(answer(request.method + " " + target->segments[1], document->root()));
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse> Controls::upgrade(const wire::HttpRequest&)
{
    return tl::unexpected(controlRefusal(404, "there is no stream here"));
}

wire::HttpResponse Controls::answer(const std::string& call, const json::Value& body)
{
    if (call == "GET state") return state();
    if (call == "POST faults") return setFaults(body);
    if (call == "DELETE faults")
        m_server.faults() = {};
    else if (call == "POST consent")
        m_server.setConsentsByItself(!body["asks"].booleanOr(true));
    else if (call == "POST revoke-everything")
        m_server.revokeEverything();
    else if (call == "POST end-access")
        m_server.endAccess();
    else
        return controlRefusal(404, "no such resource");
    return state();
}

wire::HttpResponse Controls::setFaults(const json::Value& body)
{
    ServerFaults faults = m_server.faults();
    for (const auto& [name, value] : body.members()) {
        const auto number = value.integer();
        const bool isSlowness = name == "slowMs";
        const auto knob = std::ranges::find(kKnobs, std::string_view(name), &Knob::name);
        if (!isSlowness && knob == kKnobs.end())
            return controlRefusal(422, "there is no fault called " + std::string(name));
        if (!number || *number < 0 || *number > (isSlowness ? kSlowMsMax : kCountMax))
            return controlRefusal(422, std::string(name) + ": expected a whole number from 0");
        if (isSlowness)
            faults.slowBy = std::chrono::milliseconds(*number);
        else
            faults.*(knob->count) = static_cast<int>(*number);
    }
    m_server.faults() = faults;
    return state();
}

wire::HttpResponse Controls::state() const
{
    const GrantBook::Figures figures = m_server.figures();
    json::Writer out;
    out.beginObject()
        .member("codes", static_cast<std::int64_t>(figures.codes))
        .member("exchanged", static_cast<std::int64_t>(figures.exchanged))
        .member("refreshed", static_cast<std::int64_t>(figures.refreshed))
        .member("replays", static_cast<std::int64_t>(figures.replays))
        .member("revoked", static_cast<std::int64_t>(figures.revoked))
        .member("live", static_cast<std::int64_t>(figures.live))
        .member("tokenRequests", static_cast<std::int64_t>(m_server.tokenRequests()))
        .member("lastRefusal", m_server.lastRefusal())
        .key("faults")
        .beginObject();
    for (const Knob& knob : kKnobs) out.member(knob.name, m_server.faults().*(knob.count));
    out.endObject().endObject();
    return controlAnswer(200, out.take());
}

} // namespace qd::sandbox::oauth

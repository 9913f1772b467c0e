#include "services/sandbox/ibkr/controls.h"

namespace qd::sandbox::ibkr {

namespace {

wire::HttpResponse carriedOut()
{
    return jsonAnswer(R"({"ok":true})");
}

} // namespace

void Controls::handle(wire::HttpRequest request, Respond respond)
{
    const auto target = wire::Target::parse(request.target);
    const auto document = json::Document::parse(request.body.empty() ? "{}" : request.body);
    if (!target || !document)
        return respond(errorAnswer(400, "bad request"));
    const auto& path = target->segments;
    if (request.method != "POST" || path.size() != 2 || path[0] != "ibkr")
        return respond(notServed());
    if (path[1] == "session")
        return respond(changeSession((*document)["action"].stringOr("")));
    if (path[1] != "forgive")
        return respond(notServed());
    m_venue.forgive();
    respond(carriedOut());
}

tl::expected<wire::WebSocketEvents, wire::HttpResponse> Controls::upgrade(const wire::HttpRequest&)
{
    return tl::unexpected(notServed());
}

wire::HttpResponse Controls::changeSession(std::string_view action)
{
    Session& session = m_venue.session();
    if (action == "login")
        session.logIn();
    else if (action == "logout")
        session.logOut();
    else if (action == "compete")
        session.compete();
    else if (action == "reset")
        session.reset();
    else
        return errorAnswer(422, "expected login, logout, compete or reset");
    return carriedOut();
}

} // namespace qd::sandbox::ibkr

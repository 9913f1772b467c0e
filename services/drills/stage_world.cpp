// The stage's hands on the outside world: the venue and the network to it.
#include "services/drills/stage.h"

namespace qd::drills {

std::int64_t Stage::fault(const std::string& body)
{
    const auto answer = admin("POST", "/faults", body);
    return answer["id"].integerOr(0);
}

void Stage::clearFaults()
{
    admin("DELETE", "/faults");
}

ApiClient& Stage::adminApi()
{
    require(m_admin != nullptr, "the sandbox was not started");
    return *m_admin;
}

Answer Stage::admin(const std::string& method, const std::string& path, const std::string& body)
{
    auto answer = adminApi().call(method, path, body);
    require(answer && answer->isOk(), "the sandbox did not do {} {} {}: {}", method, path, body,
            answer ? answer->body : describe(answer.error()));
    return keep(std::move(*answer));
}

void Stage::pinPrice(const std::string& symbol, const std::string& bid, const std::string& ask)
{
    json::Writer out;
    out.beginObject().member("symbol", symbol).member("bid", bid).member("ask", ask);
    out.member("last", ask);
    admin("POST", "/market/price", out.endObject().take());
    m_pinned.insert(symbol);
}

Answer Stage::venue(const std::string& method, const std::string& path, const std::string& body)
{
    const auto credentials = json::Document::parse(slurp(m_folder + "/credentials.json"));
    require(credentials.has_value() && m_venue != nullptr, "the sandbox has no credentials file");
    CallOptions options;
    options.headers.set("APCA-API-KEY-ID", std::string((*credentials)["keyId"].stringOr({})));
    options.headers.set("APCA-API-SECRET-KEY",
                        std::string((*credentials)["secretKey"].stringOr({})));
    auto answer = m_venue->call(method, path, body, std::move(options));
    require(answer.has_value(), "the venue did not answer {} {}", method, path);
    return keep(std::move(*answer));
}

int Stage::venueOrderCount(const std::string& clientOrderId)
{
    const auto answer = venue("GET", "/v2/orders?status=all&limit=500");
    require(answer.status == 200, "the venue's orders cannot be read: {}", answer.body);
    int count = 0;
    // Tradier's tag is a part of the id that the venue keeps.
    for (const auto& order : answer.root().items())
        count += order["client_order_id"].stringOr({}).find(clientOrderId) != std::string_view::npos;
    return count;
}

std::string Stage::venuePosition(const std::string& symbol)
{
    const auto answer = venue("GET", "/v2/positions");
    require(answer.status == 200, "the venue's positions cannot be read: {}", answer.body);
    for (const auto& position : answer.root().items())
        if (position["symbol"].stringOr({}) == symbol)
            return position["qty"].decimalOr(Decimal()).toString();
    return "0";
}

void Stage::toxic(const std::string& proxy, const std::string& body)
{
    const auto answer = m_proxy->call("POST", "/proxies/" + proxy + "/toxics", body);
    require(answer && answer->isOk(), "the fault proxy did not take {} on {}", body, proxy);
}

void Stage::cut(const std::string& proxy, bool isCut)
{
    const auto answer = m_proxy->call("POST", "/proxies/" + proxy,
                                      isCut ? R"({"enabled":false})" : R"({"enabled":true})");
    require(answer && answer->isOk(), "the fault proxy did not switch {}", proxy);
}

void Stage::healNetwork()
{
    const auto answer = m_proxy->call("POST", "/reset");
    require(answer && answer->isOk(), "the fault proxy did not reset");
}

} // namespace qd::drills

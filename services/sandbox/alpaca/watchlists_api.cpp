#include <algorithm>

#include <fmt/format.h>

#include "services/sandbox/alpaca/assets_api.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

wire::HttpResponse WatchlistsApi::answer(const ApiRequest& request)
{
    const auto& path = request.path();
    const bool byName = path[1] == "watchlists:by_name";
    if (path.size() == 2 && !byName) {
        if (request.method == "GET")
            return all(request);
        if (request.method == "POST")
            return create(request);
        return errorAnswer(404, 40410000, "endpoint not found.");
    }
    const auto found = std::find_if(m_lists.begin(), m_lists.end(), [&](const Watchlist& list) {
        return list.account == request.account
            && (byName ? list.name == request.query("name") : list.id == path[2]);
    });
    if (found == m_lists.end())
        return errorAnswer(404, 40410000, "watchlist not found");
    if (request.method == "DELETE")
        return remove(request, *found);
    if (request.method != "GET")
        return change(request, *found);
    return jsonAnswer(listJson(*found, true));
}

std::string WatchlistsApi::listJson(const Watchlist& list, bool withAssets) const
{
    const auto account = m_desk.exchange.account(list.account);
    json::Writer out;
    out.beginObject()
        .member("id", list.id)
        .member("account_id", account ? account->uuid : std::string())
        .member("created_at", rfc3339(list.createdAt))
        .member("updated_at", rfc3339(list.updatedAt))
        .member("name", list.name);
    if (withAssets) {
        out.key("assets").beginArray();
        for (const exchange::InstrumentIndex index : list.assets)
            writeAsset(out, m_desk.exchange.instruments()[index]);
        out.endArray();
    }
    out.endObject();
    return out.take();
}

wire::HttpResponse WatchlistsApi::all(const ApiRequest& request) const
{
    json::Writer out;
    out.beginArray();
    for (const Watchlist& list : m_lists)
        if (list.account == request.account)
            out.raw(listJson(list, false));
    out.endArray();
    return jsonAnswer(out.take());
}

ApiResult<std::vector<exchange::InstrumentIndex>>
WatchlistsApi::readSymbols(const json::Value& body) const
{
    std::vector<exchange::InstrumentIndex> found;
    for (const json::Value& symbol : body["symbols"].items()) {
        const auto index = findInstrument(m_desk.exchange, symbol.stringOr(""));
        if (!index)
            return unprocessable(fmt::format("asset \"{}\" not found", symbol.stringOr("")));
        found.push_back(*index);
    }
    if (found.size() > kSymbolsMax)
        return unprocessable(fmt::format("a watchlist holds at most {} symbols", kSymbolsMax));
    return found;
}

wire::HttpResponse WatchlistsApi::create(const ApiRequest& request)
{
    const std::string name(request.body["name"].stringOr(""));
    if (name.empty() || name.size() > 64)
        return errorAnswer(422, 40010001, "watchlist name must be 1 to 64 characters");
    for (const Watchlist& list : m_lists)
        if (list.account == request.account && list.name == name)
            return errorAnswer(422, 40010001, "watchlist name must be unique");
    if (m_lists.size() >= kListsMax)
        return errorAnswer(422, 42210000, "too many watchlists");
    const auto assets = readSymbols(request.body);
    if (!assets)
        return errorAnswer(assets.error());
    const Timestamp now = m_desk.exchange.clock().now;
    m_lists.push_back({m_desk.random.uuidV4(), name, request.account, now, now, *assets});
    return jsonAnswer(listJson(m_lists.back(), true));
}

wire::HttpResponse WatchlistsApi::change(const ApiRequest& request, Watchlist& list)
{
    if (request.method == "POST") {
        const std::string_view symbol = request.body["symbol"].stringOr("");
        const auto index = findInstrument(m_desk.exchange, symbol);
        if (!index)
            return errorAnswer(422, 42210000, fmt::format("asset \"{}\" not found", symbol));
        if (std::find(list.assets.begin(), list.assets.end(), *index) != list.assets.end())
            return errorAnswer(422, 40010001, "duplicate symbol");
        if (list.assets.size() >= kSymbolsMax)
            return errorAnswer(422, 42210000, "the watchlist is full");
        list.assets.push_back(*index);
    } else if (request.method == "PUT") {
        const auto assets = readSymbols(request.body);
        if (!assets)
            return errorAnswer(assets.error());
        if (!request.body["symbols"].isAbsent())
            list.assets = *assets;
        list.name = std::string(request.body["name"].stringOr(list.name));
    } else {
        return errorAnswer(404, 40410000, "endpoint not found.");
    }
    list.updatedAt = m_desk.exchange.clock().now;
    return jsonAnswer(listJson(list, true));
}

wire::HttpResponse WatchlistsApi::remove(const ApiRequest& request, const Watchlist& list)
{
    const std::string id = list.id;
    const auto place = std::find_if(m_lists.begin(), m_lists.end(),
                                    [&](const Watchlist& other) { return other.id == id; });
    if (request.path().size() < 4) {
        m_lists.erase(place);
        return noContent();
    }
    const auto index = findInstrument(m_desk.exchange, request.path()[3]);
    if (!index || std::erase(place->assets, *index) == 0)
        return errorAnswer(404, 40410000, "symbol is not in the watchlist");
    place->updatedAt = m_desk.exchange.clock().now;
    return jsonAnswer(listJson(*place, true));
}

} // namespace qd::sandbox::alpaca

// Option contracts' market data: the part of `DataApi` under /v1beta1/options.

#include <algorithm>
#include <charconv>

#include "models/market/option_contract.h"
#include "services/sandbox/alpaca/data_api.h"
#include "services/sandbox/alpaca/data_json.h"
#include "services/sandbox/alpaca/option_filter.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::size_t kSymbolsMax = 100; ///< Alpaca's, of a list in one request
constexpr std::size_t kSnapshotsUsual = 100, kSnapshotsMax = 1000;

} // namespace

wire::HttpResponse DataApi::answerOptions(const ApiRequest& request)
{
    // /v1beta1/options/{bars,trades}, …/{quotes,trades}/latest, …/snapshots[/{underlying}]
    const auto& path = request.path();
    if (path.size() < 3 || path.size() > 4)
        return notServed();
    if (path[2] == "snapshots" && path.size() == 4)
        return optionChain(request);
    const Symbols symbols = splitList(request.query("symbols"));
    if (symbols.empty())
        return errorAnswer(400, 40010000, "symbols is required");
    if (symbols.size() > kSymbolsMax)
        return errorAnswer(400, 40010000, "too many symbols: expected at most 100");
    for (const std::string& symbol : symbols)
        if (const auto read = Symbol::parse(symbol);
            !read || assetClassOf(*read) != AssetClass::Option)
            return errorAnswer(400, 40010000, "invalid symbol: " + symbol);
    const bool latestOnly = path.size() == 4 && path[3] == "latest";
    if (path[2] == "snapshots")
        return optionSnapshots(request, symbols);
    if (path[2] == "bars" && path.size() == 3)
        return history(request, Kind::Bars, symbols, false);
    if (path[2] == "trades" && path.size() == 3)
        return history(request, Kind::Trades, symbols, false);
    if ((path[2] == "quotes" || path[2] == "trades") && latestOnly)
        return latest(path[2] == "quotes" ? Kind::Quotes : Kind::Trades, symbols, false);
    return notServed();
}

wire::HttpResponse DataApi::optionChain(const ApiRequest& request)
{
    const auto filter = readOptionFilter(request);
    if (!filter)
        return errorAnswer(filter.error());
    Symbols symbols;
    for (const Instrument& instrument : m_desk.exchange.instruments()) {
        const auto contract = optionContractOf(instrument.symbol);
        if (contract && contract->root == request.path()[3] && filter->admits(*contract))
            symbols.push_back(instrument.symbol.text());
    }
    return optionSnapshots(request, symbols);
}

/// By symbol, so that a page's token can be the first symbol that is not in it.
wire::HttpResponse DataApi::optionSnapshots(const ApiRequest& request, const Symbols& symbols)
{
    const auto limit = readPageLimit(request, kSnapshotsUsual, kSnapshotsMax);
    if (!limit)
        return errorAnswer(limit.error());
    Symbols sorted = symbols;
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    const std::string from(request.query("page_token"));
    auto at = std::lower_bound(sorted.begin(), sorted.end(), from);
    json::Writer out;
    out.beginObject().key("snapshots").beginObject();
    for (std::size_t told = 0; at != sorted.end() && told < *limit; ++at, ++told) {
        const auto index = findInstrument(m_desk.exchange, *at);
        if (!index)
            continue;
        out.key(*at).beginObject();
        writeSnapshotFields(out, m_desk.exchange.snapshot(*index),
                            m_desk.exchange.instruments()[*index]);
        out.endObject();
    }
    out.endObject().key("next_page_token");
    if (at == sorted.end())
        out.null();
    else
        out.value(*at);
    out.endObject();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::alpaca

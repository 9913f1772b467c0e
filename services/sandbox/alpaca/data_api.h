#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/bar_query.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox::alpaca {

/// Market data by REST: /v2/stocks/… and /v1beta3/crypto/us/…, /v1beta1/options/…: bars, trades and quotes with
/// paging, the latest of each, snapshots, exchanges and conditions; an empty /v1beta1/news.
/// The venue keeps the newest prints and quotes only.
class DataApi {
public:
    explicit DataApi(Desk& desk) : m_desk(desk) {}

    /// Does `target` belong to market data (rather than trading)?
    static bool serves(const wire::Target& target);
    wire::HttpResponse answer(const ApiRequest& request);

private:
    enum class Kind { Bars, Trades, Quotes };
    /// One entry of history, ready to be written.
    struct Entry {
        Timestamp time;
        std::string json;
    };
    using Symbols = std::vector<std::string>;

    wire::HttpResponse answerStocks(const ApiRequest& request);
    wire::HttpResponse answerCrypto(const ApiRequest& request);
    wire::HttpResponse answerOptions(const ApiRequest& request);
    wire::HttpResponse optionSnapshots(const ApiRequest& request, const Symbols& symbols);
    wire::HttpResponse optionChain(const ApiRequest& request);
    wire::HttpResponse history(const ApiRequest& request, Kind kind, const Symbols& symbols,
                               bool single);
    wire::HttpResponse latest(Kind kind, const Symbols& symbols, bool single);
    wire::HttpResponse snapshots(const Symbols& symbols, bool single, bool wrapped);
    wire::HttpResponse orderBooks(const Symbols& symbols);
    wire::HttpResponse meta(const ApiRequest& request) const;

    std::vector<Entry> entries(Kind kind, exchange::InstrumentIndex instrument,
                               const Timeframe& timeframe, Timestamp from, Timestamp to,
                               std::size_t limit, bool newestFirst) const;
    std::string latestJson(Kind kind, exchange::InstrumentIndex instrument) const;

    Desk& m_desk;
};

} // namespace qd::sandbox::alpaca

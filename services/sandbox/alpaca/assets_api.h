#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox::alpaca {

/// Contracts of options are listed elsewhere (`OptionContractsApi`). /v2/assets and /v2/assets/{symbol or id}.
class AssetsApi {
public:
    explicit AssetsApi(Desk& desk) : m_desk(desk) {}
    wire::HttpResponse answer(const ApiRequest& request) const;

private:
    Desk& m_desk;
};

/// One instrument as Alpaca's asset object. `hasOptions`: there is a chain of contracts on it.
void writeAsset(json::Writer& out, const Instrument& instrument, bool hasOptions = false);

/// /v2/watchlists, /v2/watchlists/{id}[/{symbol}] and /v2/watchlists:by_name.
class WatchlistsApi {
public:
    static constexpr std::size_t kListsMax = 200;
    static constexpr std::size_t kSymbolsMax = 1000;

    explicit WatchlistsApi(Desk& desk) : m_desk(desk) {}
    wire::HttpResponse answer(const ApiRequest& request);

private:
    struct Watchlist {
        std::string id, name;
        AccountId account;
        Timestamp createdAt, updatedAt;
        std::vector<exchange::InstrumentIndex> assets;
    };

    wire::HttpResponse all(const ApiRequest& request) const;
    wire::HttpResponse create(const ApiRequest& request);
    wire::HttpResponse change(const ApiRequest& request, Watchlist& list);
    wire::HttpResponse remove(const ApiRequest& request, const Watchlist& list);
    ApiResult<std::vector<exchange::InstrumentIndex>> readSymbols(const json::Value& body) const;
    std::string listJson(const Watchlist& list, bool withAssets) const;

    Desk& m_desk;
    std::vector<Watchlist> m_lists;
};

} // namespace qd::sandbox::alpaca

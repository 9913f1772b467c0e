#pragma once

#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/tradier/answers.h"

namespace qd::sandbox::tradier {

/// /markets/…: quotes, history, timesales, search, lookup, etb, clock and calendar.
class MarketApi {
public:
    static constexpr std::size_t kSecuritiesMax = 1000, kBarsMax = 20'000;

    explicit MarketApi(alpaca::Desk& desk) : m_desk(desk) {}
    wire::HttpResponse answer(const ApiRequest& request);

private:
    wire::HttpResponse quotes(const ApiRequest& request) const;
    wire::HttpResponse history(const ApiRequest& request) const;
    wire::HttpResponse timesales(const ApiRequest& request) const;
    wire::HttpResponse securities(const ApiRequest& request, bool bySymbol) const;
    wire::HttpResponse easyToBorrow(const ApiRequest& request) const;
    wire::HttpResponse clock(const ApiRequest& request);
    wire::HttpResponse calendar(const ApiRequest& request) const;

    std::optional<exchange::InstrumentIndex> find(std::string_view symbol) const;
    Date dateOf(Timestamp time, AssetClass assetClass) const;
    Timestamp dayStart(const Date& date, AssetClass assetClass) const;

    alpaca::Desk& m_desk;
};

} // namespace qd::sandbox::tradier

#include "services/sandbox/alpaca/option_contracts_api.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/base/whole_number.h"
#include "services/sandbox/alpaca/option_filter.h"
#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

constexpr std::size_t kContractsUsual = 100, kContractsMax = 10'000;

} // namespace

void OptionContractsApi::write(json::Writer& out, exchange::InstrumentIndex index) const
{
    const Instrument& instrument = m_desk.exchange.instruments()[index];
    const auto contract = *optionContractOf(instrument.symbol);
    const std::string today = toString(toNewYork(m_desk.exchange.clock().now).date);
    out.beginObject()
        .member("id", assetId(instrument.symbol))
        .member("symbol", instrument.symbol.text())
        .member("name", instrument.name)
        .member("status", "active")
        .member("tradable", instrument.tradable)
        .member("expiration_date", toString(contract.expiration))
        .member("root_symbol", contract.root)
        .member("underlying_symbol", contract.root)
        .member("underlying_asset_id", assetId(Symbol::of(contract.root)))
        .member("type", contract.right == OptionRight::Call ? "call" : "put")
        .member("style", "american")
        .member("strike_price", contract.strike)
        .member("multiplier", "100")
        .member("size", "100");
    if (const auto interest = m_desk.exchange.openInterest(index))
        out.member("open_interest", *interest).member("open_interest_date", today);
    else
        out.key("open_interest").null().key("open_interest_date").null();
    const auto day = m_desk.exchange.snapshot(index).previousDailyBar;
    if (day)
        out.member("close_price", day->close)
            .member("close_price_date", toString(toNewYork(day->start).date));
    else
        out.key("close_price").null().key("close_price_date").null();
    out.endObject();
}

wire::HttpResponse OptionContractsApi::answer(const ApiRequest& request) const
{
    const auto& path = request.path();
    if (request.method != "GET" || path.size() < 3 || path.size() > 4 || path[2] != "contracts")
        return errorAnswer(404, 40410000, "endpoint not found.");
    if (path.size() == 3)
        return list(request);
    const auto index = findInstrument(m_desk.exchange, path[3]);
    if (!index || m_desk.exchange.instruments()[*index].assetClass != AssetClass::Option)
        return errorAnswer(404, 40410000, fmt::format("option contract not found for {}", path[3]));
    json::Writer out;
    write(out, *index);
    return jsonAnswer(out.take());
}

wire::HttpResponse OptionContractsApi::list(const ApiRequest& request) const
{
    const auto filter = readOptionFilter(request);
    const auto limit = readPageLimit(request, kContractsUsual, kContractsMax);
    if (!filter)
        return errorAnswer(filter.error());
    if (!limit)
        return errorAnswer(limit.error());
    std::size_t skip = 0;
    if (const auto token = request.query("page_token"); !token.empty()) {
        const auto place = wholeNumber<std::size_t>(token);
        if (!place)
            return errorAnswer(400, 40010000, "invalid page_token");
        skip = *place;
    }
    const auto underlyings = splitList(request.query("underlying_symbols"));
    const auto& instruments = m_desk.exchange.instruments();
    json::Writer out;
    out.beginObject().key("option_contracts").beginArray();
    std::size_t seen = 0;
    bool more = false;
    for (exchange::InstrumentIndex i = 0; i < instruments.size() && !more; ++i) {
        const auto contract = optionContractOf(instruments[i].symbol);
        const bool asked = contract && filter->admits(*contract)
            && (underlyings.empty()
                || std::find(underlyings.begin(), underlyings.end(), contract->root)
                       != underlyings.end());
        if (!asked || request.query("status") == "inactive")
            continue;
        more = seen >= skip + *limit;
        if (seen++ >= skip && !more)
            write(out, i);
    }
    out.endArray().key("next_page_token");
    if (more)
        out.value(std::to_string(skip + *limit));
    else
        out.null();
    out.endObject();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::alpaca

#include "services/sandbox/alpaca/assets_api.h"

#include <set>

#include <fmt/format.h>

#include "models/market/option_contract.h"

#include "services/sandbox/alpaca/text.h"

namespace qd::sandbox::alpaca {

namespace {

/// What options of this market are on.
std::set<std::string> rootsOf(const exchange::Exchange& exchange)
{
    std::set<std::string> roots;
    for (const Instrument& instrument : exchange.instruments())
        if (const auto contract = optionContractOf(instrument.symbol))
            roots.insert(contract->root);
    return roots;
}

} // namespace

void writeAsset(json::Writer& out, const Instrument& instrument, bool hasOptions)
{
    const bool crypto = instrument.assetClass == AssetClass::Crypto;
    out.beginObject()
        .member("id", assetId(instrument.symbol))
        .member("class", assetClassName(instrument.assetClass))
        .member("exchange", instrument.exchange)
        .member("symbol", instrument.symbol.text())
        .member("name", instrument.name)
        .member("status", "active")
        .member("tradable", instrument.tradable)
        .member("marginable", instrument.marginable)
        .member("maintenance_margin_requirement", crypto ? 100 : 30)
        .member("margin_requirement_long", crypto ? "100" : "30")
        .member("margin_requirement_short", crypto ? "100" : "30")
        .member("shortable", instrument.shortable)
        .member("easy_to_borrow", instrument.shortable)
        .member("fractionable", instrument.fractionable);
    if (crypto)
        out.member("min_order_size", instrument.minQuantity)
            .member("min_trade_increment", instrument.lotSize)
            .member("price_increment", instrument.tick);
    out.key("attributes").beginArray();
    if (instrument.fractionable && !crypto)
        out.value("fractional_eh_enabled");
    if (hasOptions)
        out.value("options_enabled");
    out.endArray().endObject();
}

wire::HttpResponse AssetsApi::answer(const ApiRequest& request) const
{
    const auto& path = request.path();
    if (request.method != "GET" || path.size() < 2 || path.size() > 3)
        return errorAnswer(404, 40410000, "endpoint not found.");
    json::Writer out;
    const auto& instruments = m_desk.exchange.instruments();
    const auto roots = rootsOf(m_desk.exchange);
    if (path.size() == 3) {
        const auto index = findInstrument(m_desk.exchange, path[2]);
        if (!index)
            return errorAnswer(404, 40410000, fmt::format("asset not found for {}", path[2]));
        writeAsset(out, instruments[*index], roots.contains(instruments[*index].symbol.text()));
        return jsonAnswer(out.take());
    }
    const std::string_view status = request.query("status");
    const std::string_view assetClass = request.query("asset_class");
    const std::string_view listedAt = request.query("exchange");
    out.beginArray();
    for (const Instrument& instrument : instruments)
        if (status != "inactive" && instrument.assetClass != AssetClass::Option
            && (assetClass.empty() || assetClass == assetClassName(instrument.assetClass))
            && (listedAt.empty() || listedAt == instrument.exchange))
            writeAsset(out, instrument, roots.contains(instrument.symbol.text()));
    out.endArray();
    return jsonAnswer(out.take());
}

} // namespace qd::sandbox::alpaca

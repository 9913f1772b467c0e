#include "services/sandbox/ibkr/contracts.h"

#include <algorithm>

#include <fmt/format.h>

#include "models/base/whole_number.h"

namespace qd::sandbox::ibkr {

namespace {

/// FNV-1a, brought into the range of positive 31-bit numbers.
std::int64_t hashOfSymbol(std::string_view text)
{
    std::uint32_t hash = 2'166'136'261u;
    for (const char c : text)
        hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619u;
    return static_cast<std::int64_t>(hash & 0x7fff'ffffu) + 1;
}

void writeDefinition(json::Writer& out, std::int64_t conid, const Instrument& instrument)
{
    const bool stock = instrument.assetClass == AssetClass::Equity;
    out.beginObject()
        .member("conid", conid)
        .member("currency", "USD")
        .member("name", instrument.name)
        .member("assetClass", Contracts::secTypeOf(instrument))
        .member("listingExchange", Contracts::listingOf(instrument))
        .member("ticker", Contracts::tickerOf(instrument))
        .member("fullName", Contracts::tickerOf(instrument))
        .member("type", stock ? "COMMON" : "")
        .member("isUS", stock)
        .member("hasOptions", false)
        .key("incrementRules")
        .beginArray()
        .beginObject()
        .key("lowerEdge")
        .number(Decimal())
        .key("increment")
        .number(instrument.tick.value())
        .endObject()
        .endArray()
        .endObject();
}

} // namespace

void Contracts::setAvailability(exchange::InstrumentIndex instrument, char letter)
{
    m_availability[instrument] = letter;
}

std::optional<char> Contracts::availability(exchange::InstrumentIndex instrument) const
{
    const auto found = m_availability.find(instrument);
    return found == m_availability.end() ? std::nullopt : std::optional(found->second);
}

Contracts::Contracts(const exchange::Exchange& exchange) : m_exchange(exchange)
{
    const auto& instruments = exchange.instruments();
    m_conids.resize(instruments.size());
    for (exchange::InstrumentIndex i = 0; i < instruments.size(); ++i) {
        if (instruments[i].assetClass == AssetClass::Option)
            continue;
        auto conid = hashOfSymbol(instruments[i].symbol.text());
        while (m_byConid.contains(conid))
            ++conid;
        m_conids[i] = conid;
        m_byConid[conid] = i;
    }
}

std::int64_t Contracts::conidOf(exchange::InstrumentIndex instrument) const
{
    return m_conids[instrument];
}

std::int64_t Contracts::conidOf(const Symbol& symbol) const
{
    const auto index = m_exchange.find(symbol);
    return index ? m_conids[*index] : 0;
}

std::optional<exchange::InstrumentIndex> Contracts::find(std::int64_t conid) const
{
    const auto found = m_byConid.find(conid);
    return found == m_byConid.end() ? std::nullopt : std::optional(found->second);
}

const Instrument& Contracts::instrument(exchange::InstrumentIndex index) const
{
    return m_exchange.instruments()[index];
}

std::string Contracts::tickerOf(const Instrument& instrument)
{
    std::string text = instrument.symbol.text();
    if (instrument.assetClass == AssetClass::Crypto)
        return text.substr(0, text.find('/'));
    std::replace(text.begin(), text.end(), '.', ' ');
    return text;
}

std::string_view Contracts::secTypeOf(const Instrument& instrument)
{
    return instrument.assetClass == AssetClass::Crypto ? "CRYPTO" : "STK";
}

std::string Contracts::listingOf(const Instrument& instrument)
{
    if (instrument.assetClass == AssetClass::Crypto)
        return "PAXOS";
    return instrument.exchange.empty() ? "NASDAQ" : instrument.exchange;
}

wire::HttpResponse Contracts::search(const ApiRequest& request) const
{
    const std::string_view symbol =
        request.method == "POST" ? request.body["symbol"].stringOr("") : request.query("symbol");
    if (symbol.empty())
        return errorAnswer(400, "Bad Request: symbol is required");
    json::Writer out;
    out.beginArray();
    for (exchange::InstrumentIndex i = 0; i < m_conids.size(); ++i) {
        const Instrument& instrument = m_exchange.instruments()[i];
        if (m_conids[i] == 0 || tickerOf(instrument) != symbol)
            continue;
        out.beginObject()
            .member("conid", std::to_string(m_conids[i])) // a text here, a number elsewhere
            .member("companyHeader", fmt::format("{} - {}", instrument.name, listingOf(instrument)))
            .member("companyName", instrument.name)
            .member("symbol", symbol)
            .member("description", listingOf(instrument))
            .key("restricted")
            .null()
            .key("sections")
            .beginArray()
            .beginObject()
            .member("secType", secTypeOf(instrument))
            .endObject()
            .endArray()
            .endObject();
    }
    return jsonAnswer(out.endArray().take());
}

wire::HttpResponse Contracts::allConids(const ApiRequest& request) const
{
    const std::string_view wanted = request.query("exchange");
    if (wanted.empty())
        return errorAnswer(400, "Bad Request: exchange is required");
    json::Writer out;
    out.beginArray();
    for (exchange::InstrumentIndex i = 0; i < m_conids.size(); ++i) {
        const Instrument& instrument = m_exchange.instruments()[i];
        if (m_conids[i] == 0 || instrument.assetClass != AssetClass::Equity
            || listingOf(instrument) != wanted)
            continue;
        out.beginObject()
            .member("ticker", tickerOf(instrument))
            .member("conid", m_conids[i])
            .member("exchange", wanted)
            .endObject();
    }
    return jsonAnswer(out.endArray().take());
}

wire::HttpResponse Contracts::secdef(const ApiRequest& request) const
{
    std::string_view rest = request.query("conids");
    json::Writer out;
    out.beginObject().key("secdef").beginArray();
    std::size_t count = 0;
    while (!rest.empty()) {
        const auto comma = std::min(rest.find(','), rest.size());
        const auto conid = wholeNumber<std::int64_t>(rest.substr(0, comma));
        if (!conid || ++count > kSecdefMax)
            return errorAnswer(400, "Bad Request: expected up to 200 conids");
        if (const auto index = find(*conid))
            writeDefinition(out, *conid, m_exchange.instruments()[*index]);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return jsonAnswer(out.endArray().endObject().take());
}

} // namespace qd::sandbox::ibkr

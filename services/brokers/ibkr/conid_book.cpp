#include "services/brokers/ibkr/conid_book.h"

#include <algorithm>

#include "services/brokers/ibkr/order_json.h"

namespace qd::brokers::ibkr {

ConidBook::ConidBook(const IbkrSettings& settings, RequestGate& gate) : m_settings(settings), m_gate(gate)
{
}

ConidBook::~ConidBook()
{
    *m_alive = false;
}

void ConidBook::learn(std::int64_t conid, const Symbol& symbol)
{
    if (conid <= 0 || symbol.empty()) return;
    if (m_symbols.size() >= kKnownMax) {
        m_symbols.clear();
        m_conids.clear();
    }
    m_symbols[conid] = symbol;
    m_conids.try_emplace(symbol, conid); // the first listing of a symbol is the one that is traded
}

std::optional<std::int64_t> ConidBook::known(const Symbol& symbol) const
{
    const auto found = m_conids.find(symbol);
    return found == m_conids.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Symbol> ConidBook::symbolOf(std::int64_t conid) const
{
    const auto found = m_symbols.find(conid);
    return found == m_symbols.end() ? std::nullopt : std::optional(found->second);
}

Result<Symbol> ConidBook::symbolOf(std::int64_t conid, std::string_view ticker, std::string_view secType)
{
    if (auto symbol = symbolOf(conid)) return std::move(*symbol);
    auto symbol = ibkr::symbolOf(ticker, secType);
    if (symbol) learn(conid, *symbol);
    return symbol;
}

void ConidBook::find(const Symbol& symbol, Done done)
{
    if (const auto conid = known(symbol)) return done(*conid);
    RequestGate::Request request;
    request.purpose = Purpose::Order; // an order waits for it
    request.path = "/iserver/secdef/search?symbol=" + wire::percentEncode(tickerOf(symbol));
    m_gate.send(std::move(request), [this, alive = m_alive, symbol, done = std::move(done)](
                                        const Result<wire::HttpResponse>& result) {
        if (!*alive) return;
        if (!result) return done(tl::unexpected(result.error()));
        if (result->status >= 400)
            return done(tl::unexpected(readErrorBody(result->status, result->body)));
        const auto document = json::Document::parse(result->body);
        if (!document) return done(tl::unexpected(document.error()));
        auto conid = choose(document->root(), symbol);
        if (conid) learn(*conid, symbol);
        done(std::move(conid));
    });
}

Result<std::int64_t> ConidBook::choose(const json::Value& found, const Symbol& symbol) const
{
    const bool isCoin = assetClassOf(symbol) == AssetClass::Crypto;
    for (const auto& entry : found.items()) {
        const auto sections = entry["sections"].items();
        const bool fits = std::ranges::any_of(sections, [isCoin](const json::Value& section) {
            return section["secType"].stringOr({}) == (isCoin ? "CRYPTO" : "STK");
        });
        const auto listedAt = entry["description"].stringOr({});
        // The same ticker is another company elsewhere.
        const bool isHere = isCoin || std::ranges::find(m_settings.exchanges, listedAt) !=
                                          m_settings.exchanges.end();
        const auto conid = entry["conid"].integer(); // a text here
        if (fits && isHere && conid && *conid > 0 &&
            entry["symbol"].stringOr({}) == tickerOf(symbol))
            return *conid;
    }
    return fail(ErrorKind::Invalid, "ibkr.unknown_symbol", "IBKR knows no " + symbol.text(), "symbol");
}

} // namespace qd::brokers::ibkr

#include "services/brokers/ibkr/instrument_listing.h"

#include <algorithm>

#include "services/brokers/ibkr/order_json.h"

namespace qd::brokers::ibkr {

namespace {

constexpr json::Limits kListingLimits{.sizeBytesMax = 16 << 20, .depthMax = 16, .valuesMax = 2'000'000};

} // namespace

Result<std::pair<std::int64_t, Instrument>> readDefinition(const json::Value& definition)
{
    const auto other = [](const char* what) {
        return fail(ErrorKind::Invalid, "ibkr.schema", std::string("not traded here: ") + what);
    };
    const auto conid = definition["conid"].integer();
    if (!conid || *conid <= 0) return other("without a number");
    const auto type = definition["assetClass"].stringOr({});
    if (type != "STK" && type != "CRYPTO") return other("type");
    if (definition["currency"].stringOr("USD") != "USD") return other("currency");
    Instrument instrument;
    const auto symbol = symbolOf(definition["ticker"].stringOr({}), type);
    if (!symbol) return tl::unexpected(symbol.error());
    instrument.symbol = *symbol;
    const bool isCoin = type == "CRYPTO";
    instrument.name = std::string(definition["name"].stringOr({}).substr(0, 128));
    instrument.exchange = std::string(definition["listingExchange"].stringOr({}).substr(0, 32));
    instrument.assetClass = isCoin ? AssetClass::Crypto : AssetClass::Equity;
    instrument.fractionable = true;
    instrument.shortable = instrument.marginable = !isCoin;
    instrument.minQuantity = instrument.lotSize = Quantity::fromUnits(isCoin ? 1 : Decimal::kOne / 10'000);
    for (const auto& rule : definition["incrementRules"].items()) {
        const auto step = readNumber(rule["increment"], "increment");
        if (step && step->isPositive()) instrument.tick = Price(*step);
    }
    return std::pair{*conid, std::move(instrument)};
}

InstrumentListing::InstrumentListing(const IbkrSettings& settings, RequestGate& gate, ConidBook& conids)
    : m_settings(settings), m_gate(gate), m_conids(conids)
{
}

InstrumentListing::~InstrumentListing()
{
    *m_alive = false;
}

void InstrumentListing::list(Done done)
{
    const auto walk = std::make_shared<Walk>();
    walk->done = std::move(done);
    askExchange(walk);
}

void InstrumentListing::askExchange(const Shared& walk)
{
    if (walk->exchange == m_settings.exchanges.size()) return askCoin(walk);
    const std::string& exchange = m_settings.exchanges[walk->exchange++];
    get("/trsrv/all-conids?exchange=" + wire::percentEncode(exchange),
        [this, walk](Result<json::Document> answer) {
            if (!answer) return walk->done(tl::unexpected(answer.error()));
            for (const auto& item : answer->root().items()) {
                const auto conid = item["conid"].integer();
                if (conid && walk->conids.size() < kInstrumentsMax && walk->seen.insert(*conid).second)
                    walk->conids.push_back(*conid);
            }
            askExchange(walk);
        });
}

void InstrumentListing::askCoin(const Shared& walk)
{
    if (walk->coin == m_settings.coins.size()) return explain(walk);
    const auto symbol = Symbol::parse(m_settings.coins[walk->coin++] + "/USD");
    if (!symbol) return askCoin(walk);
    m_conids.find(*symbol, [this, walk](const Result<std::int64_t>& conid) {
        // A coin that IBKR does not have is none that cannot be listed.
        if (!conid && conid.error().code != "ibkr.unknown_symbol")
            return walk->done(tl::unexpected(conid.error()));
        if (conid && walk->seen.insert(*conid).second) walk->conids.push_back(*conid);
        askCoin(walk);
    });
}

void InstrumentListing::explain(const Shared& walk)
{
    if (walk->explained >= walk->conids.size()) return walk->done(std::move(walk->instruments));
    std::string path = "/trsrv/secdef?conids=";
    const auto end = std::min(walk->explained + kExplainedAtOnce, walk->conids.size());
    for (std::size_t i = walk->explained; i < end; ++i)
        path += (i > walk->explained ? "," : "") + std::to_string(walk->conids[i]);
    walk->explained = end;
    get(std::move(path), [this, walk](Result<json::Document> answer) {
        if (!answer) return walk->done(tl::unexpected(answer.error()));
        for (const auto& item : answer->root()["secdef"].items()) {
            auto definition = readDefinition(item); // an odd one must not hide the others
            if (!definition) continue;
            m_conids.learn(definition->first, definition->second.symbol);
            walk->instruments.push_back(std::move(definition->second));
        }
        explain(walk);
    });
}

void InstrumentListing::get(std::string path, std::function<void(Result<json::Document>)> done)
{
    RequestGate::Request request;
    request.path = std::move(path);
    m_gate.send(std::move(request), [alive = m_alive, done = std::move(done)](
                                        const Result<wire::HttpResponse>& result) {
        if (!*alive) return;
        if (!result) return done(tl::unexpected(result.error()));
        if (result->status >= 400)
            return done(tl::unexpected(readErrorBody(result->status, result->body)));
        done(json::Document::parse(result->body, kListingLimits));
    });
}

} // namespace qd::brokers::ibkr

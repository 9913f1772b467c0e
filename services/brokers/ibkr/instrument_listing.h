#pragma once

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "services/brokers/broker.h"
#include "services/brokers/ibkr/conid_book.h"

namespace qd::brokers::ibkr {

/// What IBKR trades of what we follow: the stocks of the exchanges and the coins of the settings. IBKR
/// has no list of all: each exchange tells its numbers, and two hundred of those at a time are explained.
/// Whether a stock may be sold short only an order finds out. Core executor.
class InstrumentListing {
public:
    using Done = std::function<void(Result<std::vector<Instrument>>)>;
    static constexpr std::size_t kInstrumentsMax = 60'000;
    static constexpr std::size_t kExplainedAtOnce = 200;

    InstrumentListing(const IbkrSettings& settings, RequestGate& gate, ConidBook& conids);
    ~InstrumentListing();

    void list(Done done);

private:
    struct Walk {
        Done done;
        std::size_t exchange = 0, coin = 0, explained = 0;
        std::vector<std::int64_t> conids;
        std::set<std::int64_t> seen;
        std::vector<Instrument> instruments;
    };
    using Shared = std::shared_ptr<Walk>;

    void askExchange(const Shared& walk);
    void askCoin(const Shared& walk);
    void explain(const Shared& walk);
    void get(std::string path, std::function<void(Result<json::Document>)> done);

    const IbkrSettings& m_settings;
    RequestGate& m_gate;
    ConidBook& m_conids;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

/// One of /trsrv/secdef. Invalid "ibkr.schema" for what is not traded here: other types, other currencies.
Result<std::pair<std::int64_t, Instrument>> readDefinition(const json::Value& definition);

} // namespace qd::brokers::ibkr

#pragma once

#include <unordered_set>

#include "services/brokers/ibkr/conid_book.h"
#include "services/brokers/ibkr/ibkr_broker.h"
#include "services/brokers/ibkr/instrument_listing.h"
#include "services/brokers/ibkr/order_lane.h"
#include "services/brokers/ibkr/order_tracker.h"
#include "services/brokers/ibkr/paced_question.h"
#include "services/brokers/ibkr/session_keeper.h"
#include "services/brokers/ibkr/trade_stream.h"

namespace qd::brokers {

/// The parts of the adapter and what passes between them. Core executor.
struct IbkrBroker::State {
    State(IbkrSettings given, wire::HttpClient& http, wire::WebSocketClient& sockets,
          runtime::Executor& executor, runtime::Random& random, observability::Tracer* tracer);
    ~State();

    using Listed = std::function<void(Result<std::vector<std::string>>)>; ///< the ids of live orders

    // ── commands ─────────────────────────────────────────────────────────────────────────────────
    void submit(const OrderRequest& request, const std::string& traceParent, OutcomeCallback done);
    void place(const OrderRequest& request, std::int64_t conid, const std::string& traceParent,
               OutcomeCallback done);
    void modify(const VenueOrderId& order, const Modification& change, const std::string& traceParent,
                bool mayAsk, OutcomeCallback done);
    void sendChange(const OrderReport& known, const Modification& change,
                    const std::string& traceParent, OutcomeCallback done);
    void cancel(const VenueOrderId& order, const std::string& traceParent, OutcomeCallback done);
    Outcome placed(const OrderRequest& request, std::int64_t conid, const ibkr::Taken& taken);

    // ── questions ────────────────────────────────────────────────────────────────────────────────
    /// Asks for the live orders until IBKR has gathered them; what they say is merged.
    void listLive(int tries, Listed done);
    Result<std::vector<std::string>> readLive(const json::Value& root);
    void listFills(Timestamp since, Callback<std::vector<Fill>> done);
    /// What became of an order that no list has any more, by what it has traded.
    void findByExecutions(const ClientOrderId& id, std::optional<OrderReport> known,
                          Callback<OrderReport> done);
    void pagePositions(int page, std::vector<Position> sofar, Callback<std::vector<Position>> done);
    Result<json::Document> readDocument(const Result<wire::HttpResponse>& result);
    /// An element of a list that cannot be read: kept for the quarantine, once.
    void skip(const json::Value& item, const Error& error);
    /// The stream spoke of an order that is not known.
    void fillGap();
    void sessionLost(const std::string& reason);
    void probeWhenDue();
    void onBreaker(const resilience::BreakerTransition& transition);

    IbkrSettings settings;
    runtime::Executor& core;
    Capabilities capabilities;
    RequestGate gate;
    ibkr::SessionKeeper session;
    ibkr::ConidBook conids;
    ibkr::OrderTracker orders;
    ibkr::OrderLane lane;
    ibkr::PacedQuestion live, trades;
    ibkr::InstrumentListing listing;
    ibkr::TradeStream stream;
    std::function<void(BrokerEvent)> events;
    resilience::CircuitBreaker::Listening breakerListening;
    runtime::Timer probe;
    bool gapIsBeingFilled = false;
    std::uint64_t malformed = 0;
    std::unordered_set<std::string> told; ///< elements of lists that could not be read
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

} // namespace qd::brokers

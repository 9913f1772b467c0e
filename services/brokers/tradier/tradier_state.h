#pragma once

#include <map>
#include <optional>
#include <set>
#include <unordered_set>

#include "services/brokers/tradier/account_stream.h"
#include "services/brokers/tradier/order_tracker.h"
#include "services/brokers/tradier/tag_book.h"
#include "services/brokers/tradier/tradier_broker.h"

namespace qd::brokers {

/// The parts of the adapter and what passes between them. Core executor.
struct TradierBroker::State {
    State(TradierSettings given, wire::HttpClient& http, wire::WebSocketClient& sockets,
          runtime::Executor& executor, runtime::Random& random, observability::Tracer* tracer);

    using ToldOrder = tradier::ToldOrder;
    using Use = std::function<void(Result<json::Value>)>;
    using UseOrder = std::function<void(const Result<ToldOrder>&)>;

    // ── commands ─────────────────────────────────────────────────────────────────────────────────
    std::optional<Outcome> refuseBeforeSending(const OrderRequest& request);
    void onPlaced(const OrderRequest& request, const wire::HttpResponse& response, OutcomeCallback done);
    void findTruth(const ClientOrderId& id, Error refusal, OutcomeCallback done);
    /// A change or a cancel was answered: done, refused, or neither is certain.
    void onChanged(std::int64_t id, const Modification& change, const wire::HttpResponse& response,
                   OutcomeCallback done);
    void onCanceled(std::int64_t id, const wire::HttpResponse& response, const OutcomeCallback& done);
    void readBack(std::int64_t id, Error refusal, std::function<bool(const OrderReport&)> isDone,
                  OutcomeCallback done);

    // ── questions ────────────────────────────────────────────────────────────────────────────────
    std::string accountPath(std::string_view subject) const;
    /// `use` gets the answer's root, which ends with the call.
    void ask(std::string path, Use use);
    /// All orders, newest first.
    void askOrders(std::function<void(Result<std::vector<ToldOrder>>)> use);
    void askOrder(std::int64_t id, UseOrder use);
    /// A tag names one order: others that are told under it are known by their numbers.
    void name(ToldOrder& order);
    /// One that cannot be read must not hide the others: kept for the quarantine, once.
    void skip(const json::Value& item, const Error& error);
    void askPositions();
    Quantity heldOf(const Symbol& symbol) const;
    void pageInstruments(char letter, std::set<Symbol> shortable, std::vector<Instrument> sofar,
                         Callback<std::vector<Instrument>> done);

    // ── events ───────────────────────────────────────────────────────────────────────────────────
    void onMessage(std::string_view payload);
    void onEvent(const tradier::ToldEvent& event, std::string_view payload);
    void onLearnt(std::int64_t id, const Result<ToldOrder>& order);
    void quarantine(std::string_view text, Error error);
    void onBreaker(const resilience::BreakerTransition& transition);
    void probeWhenDue();

    TradierSettings settings;
    runtime::Executor& core;
    Capabilities capabilities;
    RequestGate gate;
    tradier::AccountStream stream;
    tradier::OrderTracker tracker;
    tradier::TagBook tags;
    std::function<void(BrokerEvent)> events;
    std::map<Symbol, Quantity> held; ///< positions as told, and executions since
    struct HeldEvent {
        tradier::ToldEvent event;
        std::string payload;
    };
    std::map<std::int64_t, std::vector<HeldEvent>> unknownOrders; ///< being asked for
    std::size_t heldEvents = 0;
    resilience::CircuitBreaker::Listening breakerListening;
    runtime::Timer probe;
    std::uint64_t malformed = 0; ///< answers to commands
    std::unordered_set<std::string> skipped; ///< elements of lists that could not be read
};

} // namespace qd::brokers

#pragma once

#include <functional>
#include <memory>

#include <QObject>

#include "services/client/facts.h"

namespace qd::client {

/// The terminal's side of one conversation with a backend. GUI thread; nothing here blocks.
/// Two kinds: NetSession speaks to quarterdeckd, a scripted one needs no network.
///
/// A question takes an owner: the answer is dropped if the owner is gone by then, and comes exactly
/// once otherwise, always later than the call. Commands are answered once ("taken charge of");
/// what becomes of an order comes only as events.
class Session : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;
    template <typename T>
    using Reply = std::function<void(Answer<T>)>;

    virtual void start() = 0;
    /// The whole wish list; replaces the last one and is sent again after each reconnect.
    virtual void subscribe(const WishList& wishes) = 0;

    virtual void submitOrder(const OrderRequest& order, QObject* owner, Reply<Order> reply) = 0;
    virtual void previewOrder(const OrderRequest& order, QObject* owner,
                              Reply<OrderPreview> reply) = 0;
    virtual void changeOrder(const OrderChange& change, QObject* owner, Reply<Order> reply) = 0;
    virtual void cancelOrder(const ClientOrderId& order, QObject* owner, Reply<Order> reply) = 0;
    /// Every open order, or those of one symbol. Answers how many cancels were asked for.
    virtual void cancelAll(const Symbol& symbolOrEmpty, QObject* owner, Reply<int> reply) = 0;
    virtual void setTrading(TradingState state, const std::string& reason, QObject* owner,
                            Reply<TradingFacts> reply) = 0;
    virtual void findInstruments(const std::string& query, int limit, QObject* owner,
                                 Reply<std::vector<Instrument>> reply) = 0;
    virtual void fetchQuotes(const std::vector<Symbol>& symbols, QObject* owner,
                             Reply<std::vector<QuoteFacts>> reply) = 0;
    /// The newest `limit` bars.
    virtual void fetchBars(const Symbol& symbol, BarInterval interval, int limit, QObject* owner,
                           Reply<BarSeries> reply) = 0;
    virtual void fetchTimeline(const ClientOrderId& order, QObject* owner,
                               Reply<std::vector<TimelineEvent>> reply) = 0;
    /// Compare with the broker now; what comes of it comes as events. Answers true.
    virtual void reconcile(QObject* owner, Reply<bool> reply) = 0;
    /// Take the broker's word for one difference. Answers what stands afterwards.
    virtual void acceptDifference(const std::string& id, const std::string& reason, QObject* owner,
                                  Reply<TradingFacts> reply) = 0;
    /// Every step of one request, in the order they began.
    virtual void fetchTrace(const std::string& traceId, QObject* owner,
                            Reply<std::vector<Span>> reply) = 0;
    /// The backend's log after this sequence, oldest first, at most `limit` lines.
    virtual void fetchEvents(std::uint64_t after, int limit, QObject* owner,
                             Reply<std::vector<LogEvent>> reply) = 0;

Q_SIGNALS:
    void linkChanged(const qd::client::LinkFacts& link);
    /// Forget everything and begin from this.
    void snapshotArrived(const qd::client::Snapshot& snapshot);
    void eventsArrived(const std::vector<qd::client::StreamEvent>& events);
    /// At most once a frame.
    void marketArrived(const qd::client::MarketBatch& batch);
    void statusArrived(const qd::client::StatusReport& report);
};

} // namespace qd::client

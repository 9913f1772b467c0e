#pragma once

#include "services/client/session.h"
#include "ui/state/scripted_world.h"

namespace qd::ui {

/// A conversation without a network: answers from a ScriptedWorld, does what it is told, and can be
/// put into any state that a real one may get into. Drives the pictures and the interface tests.
class ScriptedSession final : public client::Session {
    Q_OBJECT
public:
    ScriptedSession(ScriptedClock& clock, std::uint64_t seed, QObject* parent = nullptr);

    ScriptedWorld& world() { return m_world; }

    /// Questions are not answered from now on (loading), or are again.
    void setAnswering(bool answering) { m_answering = answering; }
    /// The next preview or submit asks for this confirmation.
    void askOnce(const client::Confirmation& confirmation) { m_ask = confirmation; }
    /// The next submit is refused so.
    void refuseOnce(const client::Problem& problem) { m_refusal = problem; }
    void goOffline(const std::string& why);
    void goOnline();
    /// Prices stop; the feed is `age` old.
    void goStale(Duration age);
    void openBreaker();
    /// The broker disagrees so from now on.
    void disagree(std::vector<client::Difference> differences);
    /// An event that is not sent: it can only be found in the log.
    void keepInLog(client::LogEvent event);
    /// One batch of price moves.
    void tick(int updates);
    void sendEvent(const client::StreamEvent& event);
    const client::WishList& wishes() const { return m_wishes; }
    const std::vector<OrderRequest>& submitted() const { return m_submitted; }
    const std::vector<ClientOrderId>& canceled() const { return m_canceled; }
    /// Why each difference was accepted, in the order they were.
    const std::vector<std::string>& acceptReasons() const { return m_acceptReasons; }

    void start() override;
    void subscribe(const client::WishList& wishes) override;
    void submitOrder(const OrderRequest& order, QObject* owner, Reply<Order> reply) override;
    void previewOrder(const OrderRequest& order, QObject* owner,
                      Reply<client::OrderPreview> reply) override;
    void changeOrder(const client::OrderChange& change, QObject* owner,
                     Reply<Order> reply) override;
    void cancelOrder(const ClientOrderId& order, QObject* owner, Reply<Order> reply) override;
    void cancelAll(const Symbol& symbolOrEmpty, QObject* owner, Reply<int> reply) override;
    void setTrading(client::TradingState state, const std::string& reason, QObject* owner,
                    Reply<client::TradingFacts> reply) override;
    void findInstruments(const std::string& query, int limit, QObject* owner,
                         Reply<std::vector<Instrument>> reply) override;
    void fetchQuotes(const std::vector<Symbol>& symbols, QObject* owner,
                     Reply<std::vector<client::QuoteFacts>> reply) override;
    void fetchBars(const Symbol& symbol, BarInterval interval, int limit, QObject* owner,
                   Reply<client::BarSeries> reply) override;
    void fetchTimeline(const ClientOrderId& order, QObject* owner,
                       Reply<std::vector<client::TimelineEvent>> reply) override;
    void reconcile(QObject* owner, Reply<bool> reply) override;
    void acceptDifference(const std::string& id, const std::string& reason, QObject* owner,
                          Reply<client::TradingFacts> reply) override;
    void fetchTrace(const std::string& traceId, QObject* owner,
                    Reply<std::vector<client::Span>> reply) override;
    void fetchEvents(std::uint64_t after, int limit, QObject* owner,
                     Reply<std::vector<client::LogEvent>> reply) override;

private:
    template <typename T>
    void answer(QObject* owner, const Reply<T>& reply, client::Answer<T> value);
    client::OrderFacts* known(const ClientOrderId& id);
    void tellTrading();
    void moveTo(client::OrderFacts& order, OrderState state, const char* kind);

    ScriptedClock& m_clock;
    ScriptedWorld m_world;
    client::WishList m_wishes;
    client::LinkFacts m_link;
    std::vector<client::OrderFacts> m_orders;
    std::vector<client::LogEvent> m_log;
    client::TradingFacts m_trading;
    std::vector<OrderRequest> m_submitted;
    std::vector<ClientOrderId> m_canceled;
    std::vector<std::string> m_acceptReasons;
    std::optional<client::Confirmation> m_ask;
    std::optional<client::Problem> m_refusal;
    std::uint64_t m_sequence = 812;
    bool m_answering = true;
};

} // namespace qd::ui

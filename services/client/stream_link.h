#pragma once

#include <optional>
#include <string>
#include <vector>

#include <QTimer>
#include <QWebSocket>

#include "services/client/conflater.h"
#include "services/client/net_session.h"

namespace qd::client {

/// The WebSocket side of a conversation: `resources/api.md`, "Stream". `net` thread.
///
///   dial → hello(token, after) → welcome → snapshot, or the events since `after` → live
///
/// Every event names the one before it. If that is not the one we have, something is missing and a
/// hello without `after` fetches everything anew on the same socket. Market frames count by
/// themselves: a missing number means subscribing again, which brings the whole picture. Silence,
/// a close, or an unreadable frame ends the socket; the next try comes after a full-jitter wait.
class StreamLink : public QObject {
    Q_OBJECT
public:
    explicit StreamLink(const NetSettings& settings);

    void start();
    /// Dial this server, at once if started. An empty address: stay away.
    void setServer(ServerAddress server);
    /// For the next hello; an open stream goes on.
    void setToken(runtime::Secret token) { m_server.token = std::move(token); }
    /// Hang up and stay away until `start`; the next greeting fetches everything anew.
    void stop();
    void subscribe(const WishList& wishes);
    /// The receiver of `marketArrived` has dealt with the last batch; until then no other comes.
    void onBatchTaken();

Q_SIGNALS:
    void linkChanged(const qd::client::LinkFacts& link);
    void snapshotArrived(const qd::client::Snapshot& snapshot);
    void eventsArrived(const std::vector<qd::client::StreamEvent>& events);
    void marketArrived(const qd::client::MarketBatch& batch);
    void statusArrived(const qd::client::StatusReport& report);

private:
    enum class Phase {
        Away,     ///< no server, or not started
        Waiting,  ///< for the next try
        Dialling,
        Greeting, ///< hello is sent
        Catching, ///< welcomed; the snapshot or the missed events are coming
        Live,
    };

    void dial();
    void hangUp();
    void lose(const std::string& why);
    void sendHello();
    void sendWishes();
    void sendPing();
    void resynchronise(const std::string& why);
    void goLive();
    void show(LinkState state, std::string detail);
    std::string reasonOfClose() const;
    std::chrono::milliseconds nextDelay();

    void onFrame(std::string_view text);
    void on(const UnknownFrame&) {}
    void on(const Welcome& welcome);
    void on(const Snapshot& snapshot);
    void on(const ChainedEvent& chained);
    void on(MarketFrame frame);
    void on(const StatusReport& report);
    void on(const Pong& pong);
    void on(const Farewell& farewell);
    void flushEvents();
    void flushMarket();

    NetSettings m_settings;
    ServerAddress m_server;
    bool m_started = false;
    Phase m_phase = Phase::Away;
    QWebSocket* m_socket = nullptr;
    LinkFacts m_link;
    std::string m_farewell;        ///< what the server said before it closed
    bool m_wasOnline = false;      ///< ever: the next time is a reconnect
    bool m_socketIsNew = false;    ///< nothing is subscribed on it yet
    Duration m_lostAt{};           ///< when this outage began, by the steady clock
    std::optional<std::uint64_t> m_sequence; ///< of the last event or snapshot
    int m_resyncsInARow = 0;
    WishList m_wishes;
    std::optional<std::uint64_t> m_marketSequence;
    std::vector<StreamEvent> m_events;
    Conflater m_conflater;
    bool m_batchIsOut = false;
    std::int64_t m_pingId = 0;
    Duration m_pingSent{};
    QTimer m_retryTimer{this}, m_welcomeTimer{this}, m_silenceTimer{this}, m_pingTimer{this},
        m_frameTimer{this};
};

} // namespace qd::client

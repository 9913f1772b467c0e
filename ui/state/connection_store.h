#pragma once

#include "services/client/consent_flow.h"
#include "ui/state/status_stores.h"

namespace qd::ui {

/// Which brokers there are, how one is connected to each, and the consent under way. Asked for when
/// somebody looks, and again when something changed that it follows. GUI thread.
class ConnectionStore final : public QObject {
    Q_OBJECT
public:
    enum class Phase { Unasked, Loading, Ready, Failed };
    /// One broker: what is offered, what stands, and what the status report says of it.
    struct Line {
        client::OfferedBroker offered;
        std::optional<client::ConnectionFacts> connection;
    };

    /// Both outlive it.
    ConnectionStore(client::Caller& caller, StatusStore& status,
                    client::ConsentFlow::OpenBrowser openBrowser, QObject* parent = nullptr);

    void refresh();
    Phase phase() const { return m_phase; }
    QString problem() const { return m_problem; }
    int count() const { return int(m_lines.size()); }
    const Line& at(int item) const { return m_lines[std::size_t(item)]; }
    /// -1 if there is none. Without a method, the first one that is offered.
    int itemOf(const BrokerId& broker, std::optional<LinkMethod> method = std::nullopt) const;
    /// Do the backend's orders go by this line? A key that a consent took the place of is not used.
    bool isTradedBy(int item) const;
    /// What the status report says of this broker; null: nothing.
    const client::BrokerFacts* statusOf(const BrokerId& broker) const;
    StatusStore& status() { return m_status; }

    client::ConsentFlow& flow() { return m_flow; }
    void connectTo(int item) { m_flow.start(at(item).offered); }
    void revoke(const BrokerId& broker);
    void takeOver();

Q_SIGNALS:
    void changed();
    /// The lines were made anew: their numbers mean something else.
    void rearranged();
    /// What was asked for is done, or not: for people.
    void told(bool isDone, const QString& title, const QString& text);

private:
    void arrange();
    void fail(const client::Problem& problem);

    client::ConnectionsApi m_api;
    StatusStore& m_status;
    client::ConsentFlow m_flow;
    Phase m_phase = Phase::Unasked;
    QString m_problem;
    std::vector<client::OfferedBroker> m_offered;
    std::vector<client::ConnectionFacts> m_connections;
    std::vector<Line> m_lines;
    int m_waiting = 0; ///< answers that are still to come
};

} // namespace qd::ui

#pragma once

#include <functional>

#include <QObject>
#include <QUrl>

#include "services/client/connections_api.h"
#include "services/client/loopback_listener.h"

namespace qd::client {

/// One consent from its beginning to its end: listen, ask the backend for the broker's address, open
/// it in the browser, take what comes back, hand it to the backend. GUI thread.
///
///   Idle ──start──► Preparing ──► InBrowser ──► Finishing ──► Done
///                       └────────────┴───────────┴──► Failed (retry, or start again)
///
/// Where the broker's address is no port of this machine, the user pastes what the browser ended at.
class ConsentFlow final : public QObject {
    Q_OBJECT
public:
    enum class Stage { Idle, Preparing, InBrowser, Finishing, Done, Failed };
    /// False: there is no browser; the address is shown instead.
    using OpenBrowser = std::function<bool(const QUrl&)>;

    /// `caller` outlives it.
    ConsentFlow(Caller& caller, OpenBrowser openBrowser, LoopbackListener::Settings settings = {},
                QObject* parent = nullptr);

    /// What was under way is given up.
    void start(const OfferedBroker& broker);
    /// The address that the browser ended at, or what follows its "?".
    void paste(const QString& address);
    /// What the browser brought, once more; nobody is asked anew. Only if `mayRetry`.
    void retry();
    /// The address again, in a new window of the browser.
    void openAgain();
    void cancel();

    Stage stage() const { return m_stage; }
    bool isUnderWay() const { return m_stage >= Stage::Preparing && m_stage <= Stage::Finishing; }
    const OfferedBroker& broker() const { return m_broker; }
    QUrl authorizeUrl() const { return m_authorizeUrl; }
    Timestamp expiresAt() const { return m_expiresAt; }
    /// Nothing comes back by itself.
    bool mustPaste() const { return m_mustPaste; }
    bool hasBrowser() const { return m_hasBrowser; }
    /// Why it failed.
    const Problem& problem() const { return m_problem; }
    bool mayRetry() const;

Q_SIGNALS:
    void stageChanged();
    void connected(const qd::client::ConnectionFacts& connection);

private:
    void setStage(Stage stage);
    void fail(Problem problem);
    void takeConsent(const Answer<ConsentFacts>& consent);
    void finish(const std::string& query);

    ConnectionsApi m_api;
    OpenBrowser m_openBrowser;
    LoopbackListener m_listener;
    Stage m_stage = Stage::Idle;
    OfferedBroker m_broker;
    QUrl m_authorizeUrl;
    Timestamp m_expiresAt;
    std::string m_query; ///< what the browser brought
    Problem m_problem;
    bool m_mustPaste = false, m_hasBrowser = true;
    int m_number = 0; ///< answers to an earlier start are dropped
};

} // namespace qd::client

#pragma once

#include "models/accounts/broker_link.h"
#include "services/client/caller.h"

namespace qd::client {

/// A connection to a broker as the backend tells it; words it uses and this version does not know
/// are kept.
struct ConnectionFacts {
    BrokerLink link;
    std::vector<std::string> missingScopes; ///< asked for and not granted
    std::string methodWord, statusWord; ///< only those not known here
    bool needsUser = false;             ///< the user has to consent anew
    bool trades = false;                ///< the backend's orders and market data go by it
};

/// A broker that one may connect to, and by which method.
struct OfferedBroker {
    BrokerId broker;
    std::string name;
    LinkMethod method = LinkMethod::OAuth;
    std::string methodWord;
    bool isConfigured = false;
    std::vector<std::string> missingKeys;
    std::string redirectUri; ///< where the broker sends the browser back to
};

struct ConsentFacts {
    std::string authorizeUrl;
    Timestamp expiresAt;
};

struct EndedFacts {
    ConnectionFacts connection;
    std::string manageUrl; ///< where to remove the access by hand; mostly empty
};

/// The calls of `resources/api.md` on connections. GUI thread; answers as Caller says.
class ConnectionsApi {
public:
    template <typename T>
    using Reply = std::function<void(Answer<T>)>;
    /// `caller` outlives it.
    explicit ConnectionsApi(Caller& caller) : m_caller(caller) {}

    void list(QObject* owner, Reply<std::vector<ConnectionFacts>> reply);
    void offered(QObject* owner, Reply<std::vector<OfferedBroker>> reply);
    /// `redirectPort`: where we listen, if the broker's address leaves it open; else 0.
    void begin(const BrokerId& broker, LinkMethod method, int redirectPort, QObject* owner,
               Reply<ConsentFacts> reply);
    void finish(const BrokerId& broker, const std::string& query, QObject* owner,
                Reply<ConnectionFacts> reply);
    void end(const BrokerId& broker, QObject* owner, Reply<EndedFacts> reply);
    /// Be the one session that the broker allows, in another's place.
    void takeOver(QObject* owner, Reply<bool> reply);

private:
    Caller& m_caller;
};

} // namespace qd::client

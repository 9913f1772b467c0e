// How quarterdeckd is told where its broker is: the same venue, in each of its protocols.
#include "services/drills/stage.h"

namespace qd::drills {

std::vector<std::string> Stage::brokerOptions() const
{
    if (m_options.broker == "tradier")
        // Tradier answers 120 questions a minute, and a comparison is four.
        return {"broker-name=tradier",
                "trading-reconcile-every=10s",
                "tradier-simulated=true",
                "tradier-url=" + through("rest", "http", "/v1"),
                "tradier-stream-url=" + through("stream", "ws", "/v1"),
                "tradier-market-stream-url=" + through("dataStream", "ws", "/v1"),
                "tradier-account=" + m_brokerAccount,
                "tradier-credentials-file=" + m_credentialsFile};
    if (m_options.broker == "ibkr")
        // Its lists of orders and executions are there once in five seconds.
        return {"broker-name=ibkr", "trading-reconcile-every=10s", "ibkr-simulated=true",
                "ibkr-url=" + through("rest", "http", "/v1/api"),
                "ibkr-stream-url=" + through("stream", "ws", "/v1/api/ws")};
    return {"alpaca-trading-url=" + through("rest", "http", ""),
            "alpaca-stream-url=" + through("stream", "ws", "/stream"),
            "alpaca-data-url=" + through("data", "http", ""),
            "alpaca-data-stream-url=" + through("dataStream", "ws", "/v2/iex"),
            "alpaca-crypto-stream-url=" + through("dataStream", "ws", "/v1beta3/crypto/us"),
            "alpaca-credentials-file=" + m_credentialsFile};
}

} // namespace qd::drills

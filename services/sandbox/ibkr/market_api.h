#pragma once

#include <optional>
#include <set>

#include "services/sandbox/ibkr/market_fields.h"
#include "services/sandbox/ibkr/session.h"

namespace qd::sandbox::ibkr {

/// /iserver/marketdata/snapshot and …/history. The first question for a contract's snapshot is only
/// the order to gather it: its answer has no values. One thread.
class MarketApi {
public:
    static constexpr std::size_t kConidsMax = 100;
    static constexpr std::size_t kPointsMax = 1000;

    MarketApi(alpaca::Desk& desk, Session& session, const Contracts& contracts)
        : m_desk(desk), m_session(session), m_contracts(contracts)
    {
    }
    /// Nothing if the path is none of the above.
    std::optional<wire::HttpResponse> answer(const ApiRequest& request);
    /// The brokerage session has ended.
    void forgetGathered() { m_gathered.clear(); }

private:
    wire::HttpResponse snapshot(const ApiRequest& request);
    wire::HttpResponse history(const ApiRequest& request) const;

    alpaca::Desk& m_desk;
    Session& m_session;
    const Contracts& m_contracts;
    std::set<std::int64_t> m_gathered;
};

} // namespace qd::sandbox::ibkr

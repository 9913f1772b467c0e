#pragma once

#include <optional>
#include <string>

#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/ibkr/contracts.h"
#include "services/sandbox/ibkr/session.h"

namespace qd::sandbox::ibkr {

/// /iserver/accounts, /portfolio/accounts and, once that was asked for, /portfolio/{acct}/positions/{page},
/// …/ledger and …/summary. One thread.
class PortfolioApi {
public:
    static constexpr std::size_t kPageSize = 100;

    struct Parts {
        alpaca::Desk& desk;
        Session& session;
        const Contracts& contracts;
        AccountId account;
        std::string accountNumber;
    };
    explicit PortfolioApi(Parts parts) : m_parts(std::move(parts)) {}

    /// Nothing if the path is none of the above.
    std::optional<wire::HttpResponse> answer(const ApiRequest& request);

private:
    wire::HttpResponse tradingAccounts();
    wire::HttpResponse accounts();
    wire::HttpResponse positions(std::string_view page) const;
    wire::HttpResponse ledger() const;
    wire::HttpResponse summary() const;

    Parts m_parts;
};

} // namespace qd::sandbox::ibkr

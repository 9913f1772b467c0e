#pragma once

#include "services/sandbox/alpaca/desk.h"
#include "services/sandbox/tradier/answers.h"

namespace qd::sandbox::tradier {

/// /user/profile and /accounts/{number}/balances, positions.
class AccountApi {
public:
    explicit AccountApi(alpaca::Desk& desk) : m_desk(desk) {}

    wire::HttpResponse profile(const ApiRequest& request) const;
    wire::HttpResponse balances(const ApiRequest& request) const;
    wire::HttpResponse positions(const ApiRequest& request) const;

private:
    alpaca::Desk& m_desk;
};

} // namespace qd::sandbox::tradier

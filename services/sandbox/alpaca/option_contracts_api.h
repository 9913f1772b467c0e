#pragma once

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox::alpaca {

/// /v2/options/contracts and /v2/options/contracts/{symbol or id}: the chains of the market, in its
/// own order, the busiest first. A page's token is the number of contracts before it.
class OptionContractsApi {
public:
    explicit OptionContractsApi(Desk& desk) : m_desk(desk) {}
    wire::HttpResponse answer(const ApiRequest& request) const;

private:
    wire::HttpResponse list(const ApiRequest& request) const;
    void write(json::Writer& out, exchange::InstrumentIndex index) const;

    Desk& m_desk;
};

} // namespace qd::sandbox::alpaca

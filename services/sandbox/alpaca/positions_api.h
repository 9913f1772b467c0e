#pragma once

#include "services/sandbox/alpaca/answers.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox::alpaca {

/// /v2/positions and /v2/positions/{symbol or asset id}.
class PositionsApi {
public:
    explicit PositionsApi(Desk& desk) : m_desk(desk) {}
    wire::HttpResponse answer(const ApiRequest& request);

private:
    wire::HttpResponse list(const ApiRequest& request) const;
    wire::HttpResponse one(const ApiRequest& request) const;
    wire::HttpResponse close(const ApiRequest& request);
    wire::HttpResponse closeAll(const ApiRequest& request);
    void write(json::Writer& out, const exchange::VenuePosition& position) const;

    Desk& m_desk;
};

/// `part ÷ whole` to eight places; 0 when it cannot be said.
Decimal ratioOf(const Money& part, const Money& whole);

} // namespace qd::sandbox::alpaca

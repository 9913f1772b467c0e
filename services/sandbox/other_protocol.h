#pragma once

#include "services/exchange/exchange.h"

namespace qd::sandbox {

/// A further protocol over the venue's exchange: what it hears of it. One thread.
class OtherProtocol : public exchange::ExchangeListener {
public:
    /// Did this order come in by this protocol? Then faults strike it on this protocol's stream, and
    /// the others tell of it as it is.
    virtual bool tookOrder(const exchange::VenueOrder& order) const = 0;
    /// Close its streams: of one key, or all when `keyId` is empty.
    virtual void disconnectTradeStreams(std::string_view keyId) = 0;
    virtual void disconnectDataStreams(std::string_view keyId) = 0;
};

} // namespace qd::sandbox

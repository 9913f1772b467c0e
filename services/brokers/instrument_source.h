#pragma once

#include <functional>

#include "models/base/result.h"
#include "models/market/instrument.h"

namespace qd::brokers {

/// An adapter whose `listInstruments` leaves some out because they are too many (Alpaca's option
/// contracts), and that can be asked for one of those. Same threading as Broker.
class InstrumentSource {
public:
    using Found = std::function<void(Result<Instrument>)>;

    virtual ~InstrumentSource() = default;
    /// Is it one of those that may be missing in the listing?
    virtual bool mayLeaveOut(const Symbol& symbol) const = 0;
    /// Fails with: NotFound "broker.instrument_not_found" (there is none of this symbol), and as any
    /// question does that the venue does not answer.
    virtual void findInstrument(const Symbol& symbol, Found done) = 0;
};

} // namespace qd::brokers

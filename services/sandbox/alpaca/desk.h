#pragma once

#include <functional>
#include <optional>

#include "services/exchange/exchange.h"
#include "services/runtime/executor.h"
#include "services/runtime/random.h"
#include "services/sandbox/alpaca/venue_records.h"
#include "services/sandbox/faults.h"

namespace qd::sandbox::alpaca {

/// What every part of the venue works with. References outlive the parts; one thread.
struct Desk {
    exchange::Exchange& exchange;
    VenueRecords& records;
    FaultBook& faults;
    runtime::Executor& executor;
    runtime::Random& random;
    /// A drill has shut the session: the clock says so and nothing fills.
    bool sessionShut = false;

    std::optional<Fault> strike(std::string_view kind, const FaultSubject& subject = {})
    {
        return faults.strike(kind, subject, executor.clock().steady());
    }
};

} // namespace qd::sandbox::alpaca

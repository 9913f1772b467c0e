#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/result.h"
#include "models/base/timestamp.h"
#include "services/json/json.h"

namespace qd::sandbox {

/// What a fault may be about to strike.
struct FaultSubject {
    std::string_view method, path;             ///< of an HTTP request
    std::string_view symbol, side, clientOrderId; ///< of an order
    std::string_view event;                    ///< of a trade update: "fill"
    std::string_view stream;                   ///< "trade" or "data"
    std::string_view keyId;                    ///< of who asks, by HTTP
};

/// One way in which the venue misbehaves. The kinds are listed in README.md.
struct Fault {
    std::int64_t id = 0;
    std::string kind;
    std::int64_t count = 1; ///< strikes left; 0 = until it is deleted or its time is over
    std::optional<Duration> until; ///< steady time at which it ends by itself
    // Which subjects it strikes; empty = any. `path` is a prefix.
    std::string method, path, symbol, side, clientOrderId, event, stream;
    // What it does, as far as the kind asks for it.
    std::int64_t delayMs = 0;
    int status = 0;
    std::int64_t code = 0;
    std::string message;
    std::string quantity;    ///< fill_partial: what is filled first; empty = half
    std::string keyId;       ///< whose requests it strikes; revoke_key: the key
};

/// The faults that are in force. One thread.
class FaultBook {
public:
    static constexpr std::size_t kFaultsMax = 1000;

    /// Read the body of POST /faults. Fails with: Invalid "fault.kind", "fault.field",
    /// Conflict "fault.too_many".
    Result<Fault> add(const json::Value& body, Duration now);
    bool remove(std::int64_t id);
    void clear() { m_faults.clear(); }
    /// Those in force at `now`.
    const std::vector<Fault>& list(Duration now);

    /// The first fault of that kind that fits, with one strike taken from it.
    std::optional<Fault> strike(std::string_view kind, const FaultSubject& subject, Duration now);

private:
    void expire(Duration now);
    std::vector<Fault> m_faults;
    std::int64_t m_nextId = 1;
};

void writeFault(json::Writer& out, const Fault& fault, Duration now);
/// All kinds that `add` takes.
const std::vector<std::string_view>& faultKinds();

} // namespace qd::sandbox

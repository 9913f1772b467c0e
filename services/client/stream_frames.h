#pragma once

#include <string_view>
#include <variant>

#include "services/client/facts.h"

namespace qd::client {

/// What quarterdeckd says on `/v1/stream`, a frame at a time. Pure; any thread.

struct Welcome {
    std::uint64_t sequence = 0; ///< of the last change it knows
    std::string version;
};
struct ChainedEvent {
    StreamEvent event;
    std::uint64_t previous = 0; ///< the event before it on this stream
};
struct MarketFrame {
    std::uint64_t sequence = 0;
    bool isPicture = false; ///< everything wished for, anew; the sequence starts here
    std::vector<QuoteTick> quotes;
    std::vector<Trade> trades;
    std::vector<BarTick> bars;
    std::int64_t conflated = 0;
};
struct Pong {
    std::int64_t id = 0;
};
struct Farewell {
    std::string detail; ///< why the connection is about to be closed
};
/// A kind that this version does not know; tolerated.
struct UnknownFrame {};

using Frame = std::variant<UnknownFrame, Welcome, Snapshot, ChainedEvent, MarketFrame, StatusReport,
                           Pong, Farewell>;

/// Fails with: Invalid, if it is no JSON object, is larger than `sizeBytesMax`, or a member of a
/// known kind is not what `resources/api.md` says. A frame is believed whole or not at all.
Result<Frame> readFrame(std::string_view text, std::size_t sizeBytesMax);

} // namespace qd::client

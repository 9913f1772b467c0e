#pragma once

#include "services/client/field_reader.h"
#include "services/client/stream_frames.h"

namespace qd::client {

/// `{"type":"market","sequence":99,"quotes":[[…]],"trades":[[…]],"bars":[[…]],"conflated":3}`.
/// Columns stand in `resources/api.md`; more of them than known are tolerated, fewer are not.
MarketFrame readMarketFrame(FieldReader& read, const json::Value& root);

} // namespace qd::client

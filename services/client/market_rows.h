#pragma once

#include "services/client/field_reader.h"
#include "services/client/stream_frames.h"

namespace qd::client {

/// `{"type":"market","sequence":99,"quotes":[[…]],"trades":[[…]],"bars":[[…]],"conflated":3}`.
/// Columns stand in `resources/api.md`; more of them than known are tolerated, fewer are not. Bars
/// of an interval that this version does not know are left out: nobody here asked for them.
MarketFrame readMarketFrame(FieldReader& read, const json::Value& root);

/// The six cells that every row of bars has: `startMs,o,h,l,c,v`. False if there are fewer.
bool readBarCells(FieldReader& read, const std::vector<json::Value>& cells, Bar& bar);

} // namespace qd::client

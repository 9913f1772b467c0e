#pragma once

#include "app/terminal/options.h"
#include "ui/theme/theme.h"

namespace qd {

/// One picture of the terminal over a real market and backend of its own, with orders sent through
/// its ticket: live.png in the folder. Says on the standard output what came of it; options, which
/// nobody takes orders for yet, are pictured with the refusal. Takes seconds, at most two minutes.
/// False: no live prices came, a stock's order was refused or not filled, or nothing was written.
bool shootLive(ui::Theme& theme, const Options& options);

} // namespace qd

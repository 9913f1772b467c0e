#pragma once

namespace qd {

/// The terminal: reads its options, plugs theme, session, desk and window together, and runs until
/// the window is closed. Started alone it brings its own market and backend along.
int runTerminal(int argc, char** argv);

} // namespace qd

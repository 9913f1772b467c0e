#pragma once

#include <QString>

class QCoreApplication;

namespace qd {

/// What the command line asks for.
struct Options {
    QString connectUrl, tokenFile, caFile, replay, shootFolder;
    bool simulate = false;
    QString seed, symbols; ///< of a made-up market; empty: the market's own default
    bool resetPaper = false;
    bool noKeyring = false; ///< keys in private files, as where the desktop has no keyring

    /// Does the market trade something else than the first watchlist's symbols?
    bool hasOwnSymbols() const { return !replay.isEmpty() || !symbols.isEmpty(); }
};

/// Ends the program after --help and --version, and when a word is not understood.
Options readOptions(const QCoreApplication& application);

/// What is wrong with the options; empty: nothing.
QString complaintAbout(const Options& options);

} // namespace qd

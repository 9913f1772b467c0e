#pragma once

#include <chrono>
#include <memory>

#include "services/vault/master_keys.h"

namespace qd::vault {

/// A holder that has not said by then that the keys last is not waited for.
inline constexpr std::chrono::milliseconds kHolderAnswersWithin{20'000};

/// Keys that the parent process holds, in the desktop's secret service for one. `socket` is an end of a
/// Unix stream pair and is closed at the end. What goes over it:
///
///   holder → vault   quarterdeck-key-holder v1
///                    keys <bytes>               the text of the keys (master_key.h) follows; 0: none yet
///   vault → holder   store <number> <bytes>     all keys follow, to take the place of those before
///   holder → vault   stored <number>            they last
///                    refused <number> <why>     nothing was changed; <why> is for people
///
/// One request at a time, numbered 1, 2, 3…; an answer to an earlier one came too late and is passed
/// over. A line has at most kHolderLineMax bytes, a text kKeyTextBytesMax; whoever sees anything else
/// hangs up.
///
/// `add` and `remove` wait for the answer, at most `answersWithin`. Unavailable "vault.key_holder": it
/// refused, is gone or too slow; the keys are what they were, or there is one more that nothing is under.
std::unique_ptr<MasterKeys> keysHeldBehind(
    int socket, std::chrono::milliseconds answersWithin = kHolderAnswersWithin);

inline constexpr std::size_t kHolderLineMax = 512;

} // namespace qd::vault

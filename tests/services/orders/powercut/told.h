#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/orders/store.h"

namespace qd::powercut {

/// One line of what was promised: "ack" when a command was answered, "saw" when a change of an order
/// was shown.
struct Told {
    bool isAnswer = false;
    std::int64_t sequence = 0; ///< of the event that the promise rests on
    std::string clientOrderId, state, quantity, filled;
};
std::string lineOf(const Told& told);
Told toldOf(const Order& order, bool isAnswer);
/// The whole lines of a file; a last one without its end was not fully said.
std::vector<Told> readTold(const std::string& file);

/// Everything that the store's tables hold. Not on `core`.
Result<orders::Loaded> loadFrom(storage::Writer& writer, runtime::Executor& core);

/// What the store has of the promises.
struct Verdict {
    std::size_t answered = 0; ///< orders whose command was answered
    std::size_t told = 0;     ///< all promises
    std::size_t lost = 0;     ///< orders that are missing, or older than was told
    std::string state = "ok"; ///< or the first thing that is wrong with the store itself
};
/// Opens the store as the backend does and compares every promise with it: the order must be there, at
/// the told event or later, and the told event must say the told state and quantities.
Verdict verdictOf(const std::string& database, const std::vector<Told>& told);

} // namespace qd::powercut

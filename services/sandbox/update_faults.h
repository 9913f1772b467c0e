#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "services/exchange/exchange.h"
#include "services/sandbox/alpaca/desk.h"

namespace qd::sandbox {

/// What the faults in force make of the updates of orders on their way to a stream, whatever protocol
/// it speaks: lost, doubled, late, cut, in the wrong order, or in words that nobody knows. One thread;
/// what it is given outlives it.
class UpdateFaults {
public:
    /// How the protocol says it.
    struct Words {
        std::function<std::string(const exchange::OrderUpdate&)> write;
        /// A message of wrong types about an update of that name.
        std::function<std::string(std::string_view event)> malformed;
        std::string unknownStatus; ///< written as the protocol would, and in no document
        std::function<void(const AccountId&, const std::string& message)> deliver;
    };

    UpdateFaults(alpaca::Desk& desk, Words words) : m_desk(desk), m_words(std::move(words)) {}

    void publish(const exchange::OrderUpdate& update);

private:
    void publishFill(const exchange::OrderUpdate& update);
    bool publishInTwo(const exchange::OrderUpdate& update, Duration delay);
    void emit(const exchange::OrderUpdate& update, Duration delay);
    void later(Duration delay, runtime::Task task);

    alpaca::Desk& m_desk;
    Words m_words;
    std::deque<runtime::Timer> m_delayed;
    struct Held {
        AccountId account;
        std::string message;
    };
    std::optional<Held> m_held; ///< a reordered update waits for the next one
};

} // namespace qd::sandbox

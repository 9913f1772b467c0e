#pragma once

#include <deque>
#include <string>
#include <vector>

#include "models/base/timestamp.h"
#include "services/runtime/random.h"
#include "services/sandbox/proxy/toxic.h"

namespace qd::sandbox {

/// What the toxics make of one direction of one connection: bytes go in, timed steps come out.
/// Pure: the caller says what time it is and carries the steps out. One thread.
class ToxicChain {
public:
    /// Bytes held at most before the source must not be read any more (`isFull`).
    static constexpr std::size_t kHeldBytesMax = 1 << 20;

    struct Step {
        enum class Kind {
            Data,   ///< write `bytes` to the far side
            Answer, ///< write `bytes` back to the side they came from, then close
            End,    ///< no more data this way (half close)
            Close,  ///< close the connection in good order
            Reset,  ///< close it with a TCP reset
        };
        Duration at{}; ///< on the steady clock; never before the step in front of it
        Kind kind = Kind::Data;
        std::string bytes;
    };

    ToxicChain(Direction direction, runtime::Random& random);

    /// The proxy's toxics have changed. Those of the other direction are ignored; whether a new one
    /// applies to this connection is drawn once. Taking away a `timeout` closes the connection:
    /// bytes are missing from it.
    void setToxics(const std::vector<Toxic>& toxics, Duration now);
    void push(std::string bytes, Duration now);
    /// Bytes that no toxic touches, and the end of the connection behind them.
    void inject(std::string bytes, Duration now);
    /// The source has ended.
    void end(Duration now);

    bool isFull() const { return m_heldBytes >= kHeldBytesMax; }
    bool isEmpty() const { return m_steps.empty(); }
    const Step& front() const { return m_steps.front(); }
    Step take();

private:
    struct Active {
        Toxic toxic;
        bool applies = true;
        Duration busyUntil{};       ///< bandwidth: when the line is free again
        std::int64_t passedBytes = 0; ///< limit_data, truncate
    };
    using Steps = std::vector<Step>;

    void apply(Active& active, Steps& steps, Duration now);
    void delay(const Active& active, Steps& steps);
    void throttle(Active& active, Steps& steps, Duration now);
    void slice(const Active& active, Steps& steps);
    void limit(Active& active, Steps& steps);
    void truncate(const Active& active, Steps& steps);
    void answerHttp(const Active& active, Steps& steps);
    void enqueue(Steps steps);

    Direction m_direction;
    runtime::Random& m_random;
    std::vector<Active> m_active;
    std::deque<Step> m_steps;
    std::size_t m_heldBytes = 0;
    Duration m_last{};
};

} // namespace qd::sandbox

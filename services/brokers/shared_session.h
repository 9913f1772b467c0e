#pragma once

#include <functional>

#include "models/base/result.h"

namespace qd::brokers {

/// An adapter whose broker lets a user have one session only, which another of the user's programs may
/// take and give back (IBKR: Trader Workstation, the phone). Same threading as Broker.
class SharedSession {
public:
    using Taken = std::function<void(Result<void>)>;

    virtual ~SharedSession() = default;
    /// Another of the user's programs has it.
    virtual bool isCompeting() const = 0;
    /// Take it from there: whoever asks for this knows that the other program loses it. Good for one
    /// attempt; `done` tells what became of it. Asking while it is ours is harmless.
    virtual void takeOver(Taken done) = 0;
};

} // namespace qd::brokers

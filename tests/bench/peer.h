#pragma once

#include <sys/wait.h>

#include <cstdlib>

#include "tests/bench/loopback_client.h"

namespace qd::bench {

/// The other process of a bench, which asks while this one answers. To be started before this one
/// has threads.
struct Peer {
    int commands = -1, results = -1;
    pid_t pid = -1;

    /// `run` reads what to do and writes what came of it, until there is nothing more to read.
    static Peer start(void (*run)(int commands, int results))
    {
        int commands[2], results[2];
        if (::pipe(commands) != 0 || ::pipe(results) != 0) std::exit(1);
        const pid_t pid = ::fork();
        if (pid < 0) std::exit(1);
        if (pid == 0) {
            ::close(commands[1]);
            ::close(results[0]);
            run(commands[0], results[1]);
            _exit(0);
        }
        ::close(commands[0]);
        ::close(results[1]);
        return {commands[1], results[0], pid};
    }
    /// One letter there, one number back; -1 if it has gone.
    std::int64_t ask(char command) const
    {
        std::int64_t result = -1;
        return writeWhole(commands, command) && readWhole(results, result) ? result : -1;
    }
    void end() const
    {
        ::close(commands);
        ::waitpid(pid, nullptr, 0);
    }
};

} // namespace qd::bench

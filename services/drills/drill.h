#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace qd::drills {

class Stage;

/// What a drill saw, line by line, for its report.
class Evidence {
public:
    template <typename... Arguments>
    void note(fmt::format_string<Arguments...> format, Arguments&&... arguments)
    {
        m_lines.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }
    const std::vector<std::string>& lines() const { return m_lines; }

private:
    std::vector<std::string> m_lines;
};

/// Thrown inside this room when a promise does not hold; the runner makes it a failed drill.
struct BrokenPromise {
    std::string what;
};
/// Thrown inside this room when this machine cannot show the fault; the drill is skipped.
struct CannotRun {
    std::string why;
};

template <typename... Arguments>
[[noreturn]] void broken(fmt::format_string<Arguments...> format, Arguments&&... arguments)
{
    throw BrokenPromise{fmt::format(format, std::forward<Arguments>(arguments)...)};
}
/// The promise part that must hold here; the text says what was expected and what was seen.
template <typename... Arguments>
void require(bool holds, fmt::format_string<Arguments...> format, Arguments&&... arguments)
{
    if (!holds) broken(format, std::forward<Arguments>(arguments)...);
}

/// How the world of a drill is set up. Drills with equal options share one world as long as each
/// leaves it as it was.
struct StageOptions {
    std::vector<std::string> sandbox = {}; ///< further options of quarterdeck-sandbox
    std::vector<std::string> backend = {}; ///< further options of quarterdeckd
    bool empty = false;               ///< nothing is started; the drill does what it needs
    bool isPrivate = false;           ///< not shared even with drills that want the same
    std::string broker = "alpaca";    ///< in whose protocol backend and venue talk: tradier, ibkr
    friend bool operator==(const StageOptions&, const StageOptions&) = default;
};

/// One failure mode put to the test: the fault is injected into real processes, the promise is
/// looked at from outside.
struct Drill {
    std::string_view id;      ///< of resources/failure-modes.json: "PE-3.3"
    std::string_view fault;   ///< what is broken on purpose
    std::string_view promise; ///< what must hold all the same
    StageOptions stage;
    std::chrono::seconds limit; ///< ends every wait
    void (*run)(Stage&, Evidence&); ///< throws BrokenPromise or CannotRun
    bool isAlone = false; ///< judges times: no other drill may run beside it
};

/// All of them, in the order of their ids.
const std::vector<Drill>& allDrills();

} // namespace qd::drills

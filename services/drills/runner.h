#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/base/timestamp.h"
#include "services/drills/drill.h"
#include "services/drills/janitor.h"
#include "services/drills/stage.h"

namespace qd::drills {

enum class Outcome { Passed, Failed, Skipped };
/// "passed", "failed", "skipped".
std::string_view toString(Outcome outcome);

/// What became of one drill.
struct DrillResult {
    const Drill* drill = nullptr;
    Outcome outcome = Outcome::Passed;
    std::string reason; ///< why it failed or was skipped; empty when it passed
    std::vector<std::string> evidence;
    Timestamp startedAt;
    Duration took{};
};

/// Runs drills one after the other. Keeps one world for those that want the usual one, as long as
/// each leaves it in order. After each drill everything its world wrote is searched for secrets,
/// and a leak fails the drill. Main thread: the processes end with the thread that started them.
class Runner {
public:
    struct Options {
        Programs programs;
        /// Logs of failed drills go to a folder named after the drill below it; empty = nowhere.
        std::string keepLogsIn;
    };
    explicit Runner(Options options);
    /// Ends all processes, removes all folders. Both happen too when this process is ended otherwise,
    /// by Ctrl+C or SIGKILL.
    ~Runner();

    DrillResult run(const Drill& drill);

private:
    Stage& stageFor(const Drill& drill);
    void perform(const Drill& drill, Evidence& evidence);
    void scan(Evidence& evidence) const;
    void keepLogs(const Drill& drill) const;
    void leave(const DrillResult& result);
    void discardStage();
    std::string freshFolder();

    Options m_options;
    Janitor m_janitor; ///< outlives the stages
    std::unique_ptr<Stage> m_stage;  ///< of the drill that runs, or the usual one between drills
    std::unique_ptr<Stage> m_shared; ///< the usual one, while a drill has a world of its own
    std::vector<std::string> m_folders;
};

} // namespace qd::drills

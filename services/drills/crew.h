#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/drills/runner.h"

namespace qd::drills {

/// Runs drills several at a time, each in a process and a world of its own: most of a drill is
/// waiting. Those that judge times (`Drill::isAlone`) come last, one after the other. A process that
/// dies fails the drill that it ran, and another takes its place.
class Crew {
public:
    /// `jobs`: 1–kJobsMax; with 1 the drills run in this process. More fork it: no thread but the
    /// caller's may run. `catalogue` holds all that is ever wanted, and outlives this.
    Crew(int jobs, Runner::Options options, const std::vector<Drill>& catalogue = allDrills());
    /// Ends everything, in the middle too.
    ~Crew();

    static constexpr int kJobsMax = 16;

    /// Each result as it comes; `told` may be called in another order than that of `wanted`.
    void run(const std::vector<const Drill*>& wanted,
             const std::function<void(const DrillResult&)>& told);

private:
    class Worker;

    std::unique_ptr<Worker> makeWorker() const;
    void runTogether(const std::vector<const Drill*>& wanted, std::size_t jobs,
                     const std::function<void(const DrillResult&)>& told);

    const int m_jobs;
    const Runner::Options m_options;
    const std::vector<Drill>& m_catalogue;
    std::vector<std::unique_ptr<Worker>> m_workers;
};

/// A result as one message between processes, at most kMessageMax bytes: evidence that does not fit is
/// left out, which is said.
inline constexpr std::size_t kMessageMax = 128 * 1024;
std::string packResult(const DrillResult& result);
/// Fails with: Invalid "json.…" or "drill.unknown".
Result<DrillResult> unpackResult(std::string_view message, const std::vector<Drill>& catalogue);

} // namespace qd::drills

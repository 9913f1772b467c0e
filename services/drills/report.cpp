#include "services/drills/report.h"

#include <algorithm>
#include <filesystem>

#include "services/json/json.h"
#include "services/storage/atomic_file.h"

namespace qd::drills {

namespace {

double secondsOf(Duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

std::string oneLine(std::string text)
{
    std::ranges::replace(text, '\n', ' ');
    return text;
}

} // namespace

Tally tally(const std::vector<DrillResult>& results)
{
    Tally sum;
    for (const auto& result : results) {
        sum.passed += result.outcome == Outcome::Passed ? 1 : 0;
        sum.failed += result.outcome == Outcome::Failed ? 1 : 0;
        sum.skipped += result.outcome == Outcome::Skipped ? 1 : 0;
    }
    return sum;
}

std::string resultLine(const DrillResult& result)
{
    const bool passed = result.outcome == Outcome::Passed;
    const std::string outcome = passed ? "passed" : std::string(toString(result.outcome)) + ":";
    return fmt::format("{:<8} {:<8} {:>5.1f} s  {}", result.drill->id, outcome,
                       secondsOf(result.took),
                       passed ? std::string(result.drill->fault) : oneLine(result.reason));
}

std::string tallyLine(const std::vector<DrillResult>& results)
{
    const Tally sum = tally(results);
    return fmt::format("{} passed, {} failed, {} skipped", sum.passed, sum.failed, sum.skipped);
}

std::string reportText(const std::vector<DrillResult>& results, Timestamp startedAt)
{
    std::string text = "Drills of " + startedAt.toString(0) + "\n";
    for (const auto& result : results) {
        text += fmt::format("\n{}  {}  {:.1f} s\n  fault:   {}\n  promise: {}\n", result.drill->id,
                            toString(result.outcome), secondsOf(result.took), result.drill->fault,
                            result.drill->promise);
        if (!result.reason.empty()) text += "  because: " + oneLine(result.reason) + "\n";
        for (const auto& line : result.evidence) text += "  seen:    " + oneLine(line) + "\n";
    }
    return text + "\n" + tallyLine(results) + "\n";
}

std::string reportJson(const std::vector<DrillResult>& results, Timestamp startedAt)
{
    const Tally sum = tally(results);
    json::Writer out;
    out.beginObject()
        .member("startedAt", startedAt)
        .member("passed", sum.passed)
        .member("failed", sum.failed)
        .member("skipped", sum.skipped);
    out.key("drills").beginArray();
    for (const auto& result : results) {
        out.beginObject()
            .member("id", result.drill->id)
            .member("outcome", toString(result.outcome))
            .member("reason", result.reason)
            .member("fault", result.drill->fault)
            .member("promise", result.drill->promise)
            .member("startedAt", result.startedAt)
            .member("durationMs", static_cast<std::int64_t>(secondsOf(result.took) * 1000))
            .array("evidence", result.evidence)
            .endObject();
    }
    return out.endArray().endObject().take() + "\n";
}

Result<std::string> writeReport(const std::string& folder, const std::vector<DrillResult>& results,
                                Timestamp startedAt)
{
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    auto name = startedAt.toString(0);
    std::erase(name, ':');
    const auto base = folder + "/drills-" + name;
    if (auto written = storage::replaceFile(base + ".txt", reportText(results, startedAt)); !written)
        return tl::unexpected(written.error());
    if (auto written = storage::replaceFile(base + ".json", reportJson(results, startedAt)); !written)
        return tl::unexpected(written.error());
    return base;
}

} // namespace qd::drills

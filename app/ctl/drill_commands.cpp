#include "app/ctl/commands.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "services/drills/crew.h"
#include "services/drills/report.h"

namespace qd::ctl {

namespace {

using drills::Drill;
using drills::DrillResult;

struct RunOptions {
    std::vector<std::string> ids;
    bool all = false;
    std::string report;
    int jobs = 1;
};

int listDrills(const Session& session)
{
    if (session.wantsJson()) {
        json::Writer out;
        out.beginArray();
        for (const auto& drill : drills::allDrills())
            out.beginObject()
                .member("id", drill.id)
                .member("fault", drill.fault)
                .member("promise", drill.promise)
                .endObject();
        session.printJson(out.endArray().take());
        return kDone;
    }
    Table table({{"Drill"}, {"Fault"}, {"Promise"}});
    for (const auto& drill : drills::allDrills())
        table.add({std::string(drill.id), std::string(drill.fault), std::string(drill.promise)});
    session.print(table.text());
    return kDone;
}

/// Those that were asked for; an unknown id is told, with the known ones near it.
std::vector<const Drill*> chosen(const RunOptions& options, std::string& unknown)
{
    std::vector<const Drill*> result;
    for (const auto& drill : drills::allDrills())
        if (options.all || std::ranges::find(options.ids, drill.id) != options.ids.end())
            result.push_back(&drill);
    for (const auto& id : options.ids)
        if (std::ranges::find(drills::allDrills(), id, &Drill::id) == drills::allDrills().end())
            unknown = id;
    return result;
}

int runDrills(const Session& session, const RunOptions& options)
{
    std::string unknown;
    const auto wanted = chosen(options, unknown);
    if (!unknown.empty() || wanted.empty()) {
        session.complain(unknown.empty()
                             ? "name drills, or give --all; `quarterdeckctl drill list` shows them"
                             : "there is no drill " + unknown +
                                   "; `quarterdeckctl drill list` shows them");
        return kUsage;
    }
    const auto folder =
        options.report.empty() ? session.dataDirectory() + "/drills" : options.report;
    const Timestamp startedAt = runtime::systemClock().now();
    std::vector<DrillResult> results;
    {
        drills::Crew crew(options.jobs,
                          {drills::Programs::beside("/proc/self/exe"), folder + "/logs"});
        crew.run(wanted, [&](const DrillResult& result) {
            results.push_back(result);
            if (session.wantsJson()) return;
            std::printf("%s\n", drills::resultLine(result).c_str());
            std::fflush(stdout);
        });
    }
    std::ranges::sort(results, {}, &DrillResult::drill); // as in the catalogue, not as they ended
    const auto report = drills::writeReport(folder, results, startedAt);
    if (session.wantsJson()) {
        session.printJson(drills::reportJson(results, startedAt));
    } else {
        if (report) std::printf("The report is in %s.txt and .json\n", report->c_str());
        std::printf("%s\n", drills::tallyLine(results).c_str());
    }
    if (!report) session.complain(describe(report.error()));
    return drills::tally(results).failed == 0 ? kDone : kRefused;
}

} // namespace

void addDrillCommands(CLI::App& app, Session& session, Chosen& chosenAction)
{
    auto* drill = app.add_subcommand("drill", "Break things on purpose and see what holds");
    drill->require_subcommand(1);
    drill->add_subcommand("list", "Every drill, with its fault and its promise")
        ->callback([&] { chosenAction = [&session] { return listDrills(session); }; });
    auto* run = drill->add_subcommand(
        "run", "Run drills against processes of their own; a running backend is not touched");
    const auto options = std::make_shared<RunOptions>();
    run->add_option("id", options->ids, "Drills, such as PE-3.3");
    run->add_flag("--all", options->all, "All of them");
    run->add_option("--jobs", options->jobs,
                    "How many at a time, each in a world of its own; those that judge times run alone")
        ->check(CLI::Range(1, drills::Crew::kJobsMax));
    run->add_option("--report", options->report,
                    "Folder for the report; default: drills in the data folder");
    run->callback([&session, &chosenAction, options] {
        chosenAction = [&session, options] { return runDrills(session, *options); };
    });
}

} // namespace qd::ctl

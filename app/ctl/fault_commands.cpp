// Steps of the backend that a drill can break, where drill.enabled is set.
#include "app/ctl/commands.h"

namespace qd::ctl {

namespace {

struct WantedFault {
    std::string name, kind;
    int delayMs = 0, skip = 0, times = 1;
    bool isCorrupt = false;
};

/// `body` as the method needs it. Only a backend that was started for drills has these addresses.
int askFaults(Session& session, const std::string& method, const std::string& path,
              const std::string& body = {})
{
    const auto answer = session.ask(method, path, body);
    if (answer["code"].stringOr({}) == "request.path") {
        session.complain("this backend lets no step be broken; start it with --drill-enabled true");
        return kRefused;
    }
    if (!answer.isOk()) {
        if (session.wantsJson()) session.printJson(answer.body);
        return session.explain(answer), kRefused;
    }
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Step"}, {"Armed"}, {"Passed", true}, {"Broken", true}, {"When"}});
    for (const auto& point : answer["faults"].items())
        table.add({cell(point["name"]), cell(point["armed"]), cell(point["passed"]),
                   cell(point["acted"]), cell(point["meaning"])});
    session.print(table.text());
    return kDone;
}

int setFault(Session& session, const WantedFault& wanted)
{
    json::Writer out;
    out.beginObject()
        .member("kind", wanted.kind)
        .member("delayMs", wanted.delayMs)
        .member("skip", wanted.skip)
        .member("times", wanted.times)
        .member("corrupt", wanted.isCorrupt)
        .endObject();
    return askFaults(session, "PUT", "/v1/faults/" + wire::percentEncode(wanted.name), out.take());
}

} // namespace

void addFaultCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* fault = app.add_subcommand("fault", "Steps of the backend to break in a drill");
    fault->require_subcommand(1);
    fault->add_subcommand("list", "All of them, and how often each was broken")->callback([&] {
        chosen = [&session] { return askFaults(session, "GET", "/v1/faults"); };
    });
    const auto wanted = std::make_shared<WantedFault>();
    auto* set = fault->add_subcommand("set", "Break one");
    set->add_option("step", wanted->name, "Which, from the list")->required();
    set->add_option("--kind", wanted->kind, "fail, delay or crash")
        ->required()
        ->check(CLI::IsMember({"fail", "delay", "crash"}));
    set->add_option("--delay-ms", wanted->delayMs, "How long, for a delay")
        ->check(CLI::Range(0, 60'000));
    set->add_option("--skip", wanted->skip, "Let so many pass before")->check(CLI::NonNegativeNumber);
    set->add_option("--times", wanted->times, "How often")->check(CLI::PositiveNumber)
        ->capture_default_str();
    set->add_flag("--corrupt", wanted->isCorrupt, "The failure is damage, which no retry mends");
    set->callback([&, wanted] { chosen = [&session, wanted] { return setFault(session, *wanted); }; });
    fault->add_subcommand("clear", "Break none any more")->callback([&] {
        chosen = [&session] { return askFaults(session, "DELETE", "/v1/faults"); };
    });
}

} // namespace qd::ctl

#include "app/ctl/audit.h"
#include "app/ctl/backup.h"
#include "app/ctl/commands.h"

#include <sstream>

#include "services/drills/child.h"

namespace qd::ctl {

namespace {

int health(Session& session)
{
    const auto answer = session.require("GET", "/health/report");
    const bool fine = answer.text("status") != "down";
    if (session.wantsJson()) return session.printJson(answer.body), fine ? kDone : kRefused;
    session.print("quarterdeckd " + cell(answer["version"]) + " is " + cell(answer["status"]));
    Table table({{"Part"}, {"Status"}, {"Latency ms", true}, {"Detail"}, {"Last error"}});
    for (const auto& part : answer["components"].items())
        table.add({cell(part["name"]), cell(part["status"]),
                   Decimal::fromDouble(part["latencyMs"].numberOr(0)).value_or(Decimal()).toFixed(1),
                   cell(part["detail"]), cell(part["lastError"])});
    session.print(table.text());
    return fine ? kDone : kRefused;
}

int breakers(Session& session)
{
    const auto answer = session.require("GET", "/v1/breakers");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Breaker"}, {"State"}, {"Failures %", true}, {"Calls", true}, {"Refused", true},
                 {"Next try"}, {"Reason"}});
    for (const auto& breaker : answer["breakers"].items())
        table.add({cell(breaker["name"]), cell(breaker["state"]), cell(breaker["failureRate"]),
                   cell(breaker["calls"]), cell(breaker["notPermitted"]),
                   cell(breaker["nextAttempt"]), cell(breaker["reason"])});
    session.print(table.text());
    return kDone;
}

int verify(Session& session)
{
    const auto answer = session.require("GET", "/v1/log/verify");
    const bool sound = answer["ok"].booleanOr(false);
    if (session.wantsJson()) return session.printJson(answer.body), sound ? kDone : kRefused;
    if (sound)
        session.print("the log is whole: " + cell(answer["eventCount"]) + " events, head " +
                      cell(answer["head"]));
    else
        session.complain("the log was altered: " + cell(answer["reason"]) + " (first at event " +
                         cell(answer["brokenAt"]) + ")");
    return sound ? kDone : kRefused;
}

struct Tail {
    std::int64_t after = -1;
    int count = 20;
    bool follow = false;
};

void printEvents(const Session& session, const drills::Answer& answer)
{
    if (session.wantsJson()) {
        for (const auto& event : answer["events"].items()) session.printJson(event.dump());
        return;
    }
    for (const auto& event : answer["events"].items())
        session.print(cell(event["sequence"]) + "  " + cell(event["time"]) + "  " +
                      cell(event["kind"]) + "  " + cell(event["subject"]) + "  " +
                      cell(event["actor"]));
}

int tail(Session& session, Tail wanted)
{
    std::int64_t after = wanted.after;
    if (after < 0) { // the last ones: their number is known from the chain's length
        const auto length = session.require("GET", "/v1/log/verify")["eventCount"].integerOr(0);
        after = std::max<std::int64_t>(0, length - wanted.count);
    }
    for (;;) {
        const auto answer = session.require("GET", "/v1/events?after=" + std::to_string(after) +
                                                       "&limit=1000");
        printEvents(session, answer);
        after = std::max(after, answer["lastSequence"].integerOr(0));
        if (answer["events"].size() == 1000) continue;
        if (!wanted.follow) return kDone;
        drills::pauseFor(std::chrono::milliseconds(250));
    }
}

int trace(Session& session, const std::string& id)
{
    const auto answer = session.require("GET", "/v1/traces/" + wire::percentEncode(id));
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Start"}, {"Span"}, {"Took ms", true}, {"Status"}, {"Id"}, {"Parent"}});
    for (const auto& span : answer["spans"].items())
        table.add({cell(span["start"]), cell(span["name"]),
                   Decimal::fromUnits(span["durationNs"].integerOr(0) * 100).toFixed(3),
                   cell(span["status"]), cell(span["spanId"]), cell(span["parentSpanId"])});
    session.print(table.text());
    return kDone;
}

int listSpans(Session& session, int limit)
{
    const auto answer = session.require("GET", "/v1/traces?limit=" + std::to_string(limit));
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    Table table({{"Start"}, {"Span"}, {"Took ms", true}, {"Status"}, {"Trace"}});
    for (const auto& span : answer["spans"].items())
        table.add({cell(span["start"]), cell(span["name"]),
                   Decimal::fromUnits(span["durationNs"].integerOr(0) * 100).toFixed(3),
                   cell(span["status"]), cell(span["traceId"])});
    session.print(table.isEmpty() ? "nothing was traced yet" : table.text());
    return kDone;
}

/// The text as it is; for scripts a line each figure, without the comments.
int metrics(Session& session)
{
    const auto answer = session.require("GET", "/metrics");
    if (!session.wantsJson()) return session.print(answer.body), kDone;
    std::istringstream lines(answer.body);
    for (std::string line; std::getline(lines, line);) {
        const auto space = line.rfind(' ');
        if (line.starts_with('#') || space == std::string::npos) continue;
        json::Writer out;
        out.beginObject().member("figure", line.substr(0, space));
        out.member("value", line.substr(space + 1)).endObject();
        session.printJson(out.take());
    }
    return kDone;
}

int openApi(Session& session)
{
    return session.printJson(session.require("GET", "/v1/openapi.json").body), kDone;
}

void addLogCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* log = app.add_subcommand("log", "The event log: every change of state");
    log->require_subcommand(1);
    const auto audited = std::make_shared<AuditedFile>();
    auto* verifyCommand = log->add_subcommand(
        "verify", "Walk the hash chain and compare it with the signed checkpoints");
    auto* file = verifyCommand->add_option("--file", audited->database,
                                           "Read this database, without asking its backend");
    verifyCommand
        ->add_option("--checkpoints", audited->checkpoints,
                     "Its checkpoints; default: the file beside it")
        ->needs(file);
    verifyCommand
        ->add_option("--key", audited->publicKey,
                     "Your own copy of the public key; default: the one beside the checkpoints")
        ->needs(file);
    verifyCommand->callback([&, audited] {
        chosen = [&session, audited] {
            return audited->database.empty() ? verify(session) : verifyFile(session, *audited);
        };
    });
    const auto wanted = std::make_shared<Tail>();
    auto* tailCommand = log->add_subcommand("tail", "The newest events");
    tailCommand->add_option("-n,--count", wanted->count, "How many")->capture_default_str();
    tailCommand->add_option("--after", wanted->after, "From the event behind this number on");
    tailCommand->add_flag("-f,--follow", wanted->follow, "Go on until Ctrl+C");
    tailCommand->callback([&, wanted] { chosen = [&session, wanted] { return tail(session, *wanted); }; });
}

} // namespace

void addSystemCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    app.add_subcommand("health", "Every part, with latency and last error; 1 when it is down")
        ->callback([&] { chosen = [&session] { return health(session); }; });
    auto* breaker = app.add_subcommand("breaker", "Circuit breakers");
    breaker->require_subcommand(1);
    breaker->add_subcommand("list", "All of them")->callback([&] {
        chosen = [&session] { return breakers(session); };
    });
    addLogCommands(app, session, chosen);

    const auto text = std::make_shared<std::string>();
    auto* traceCommand = app.add_subcommand("trace", "What one request did");
    traceCommand->require_subcommand(1);
    auto* show = traceCommand->add_subcommand("show", "All spans of a trace");
    show->add_option("id", *text, "Trace id, 32 hex digits")->required();
    show->callback([&, text] { chosen = [&session, text] { return trace(session, *text); }; });
    const auto limit = std::make_shared<int>(20);
    auto* list = traceCommand->add_subcommand("list", "The newest spans of all requests");
    list->add_option("--limit", *limit, "At most so many")
        ->check(CLI::Range(1, 2'000))
        ->capture_default_str();
    list->callback([&, limit] { chosen = [&session, limit] { return listSpans(session, *limit); }; });
    app.add_subcommand("metrics", "All figures, as Prometheus reads them")->callback([&] {
        chosen = [&session] { return metrics(session); };
    });
    app.add_subcommand("openapi", "The description of the API, OpenAPI 3 in JSON")->callback([&] {
        chosen = [&session] { return openApi(session); };
    });
    addBackupCommands(app, session, chosen);
}

} // namespace qd::ctl

#include "app/ctl/commands.h"

namespace qd::ctl {

namespace {

void printSession(const Session& session, const drills::Answer& answer)
{
    session.print(cell(answer["broker"]) + ", " + cell(answer["environment"]) + ": " +
                  (answer["authenticated"].booleanOr(false) ? "lets us in" : "does not let us in") +
                  (answer["connected"].booleanOr(false) ? ", its order stream is up"
                                                        : ", its order stream is down"));
    if (const auto word = cell(answer["session"]); !word.empty()) session.print("session: " + word);
    for (const char* member : {"detail", "reauthorizeBy"})
        if (const auto text = cell(answer[member]); !text.empty()) session.print(text);
}

int show(Session& session)
{
    const auto answer = session.require("GET", "/v1/broker/session");
    session.wantsJson() ? session.printJson(answer.body) : printSession(session, answer);
    return kDone;
}

int takeOver(Session& session)
{
    const auto answer = session.require("POST", "/v1/broker/session/take-over", "{}");
    session.wantsJson() ? session.printJson(answer.body) : printSession(session, answer);
    return kDone;
}

} // namespace

void addBrokerCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* broker = app.add_subcommand("broker", "How the broker knows us");
    broker->require_subcommand(1);
    broker->add_subcommand("session", "Whether the broker lets us in, and how to be let in again")
        ->callback([&] { chosen = [&session] { return show(session); }; });
    broker
        ->add_subcommand("take-over",
                         "Take the session from another program of the same user, which loses it")
        ->callback([&] { chosen = [&session] { return takeOver(session); }; });
}

} // namespace qd::ctl

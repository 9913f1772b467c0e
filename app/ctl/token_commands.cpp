#include "app/ctl/commands.h"

namespace qd::ctl {

namespace {

struct WantedToken {
    std::string program;
    std::vector<std::string> roles;
};

/// Alone on its line, so that it can go into a file or a variable.
int issueToken(Session& session, const WantedToken& wanted)
{
    json::Writer out;
    out.beginObject().member("program", wanted.program).array("roles", wanted.roles).endObject();
    const auto answer = session.require("POST", "/v1/internal/token", out.take());
    session.wantsJson() ? session.printJson(answer.body) : session.print(answer.text("token"));
    return kDone;
}

int rotateKey(Session& session)
{
    const auto answer = session.require("POST", "/v1/internal/rotate", "{}");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print("tokens are signed with key " + answer.text("key") + " now; key " +
                  answer.text("retiring") + " retires within a minute or two");
    return kDone;
}

} // namespace

void addTokenCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* token = app.add_subcommand("token", "Tokens for other programs, good for a minute");
    token->require_subcommand(1);
    const auto wanted = std::make_shared<WantedToken>();
    auto* issue = token->add_subcommand("issue", "Print a token for a program");
    issue->add_option("program", wanted->program, "Which one, as it stands in the log")->required();
    issue
        ->add_option("--role", wanted->roles,
                     "viewer, trader, support or operator; may be given several times")
        ->required();
    issue->callback(
        [&, wanted] { chosen = [&session, wanted] { return issueToken(session, *wanted); }; });
    token->add_subcommand("rotate", "Sign them with another key from now on")->callback([&] {
        chosen = [&session] { return rotateKey(session); };
    });
}

} // namespace qd::ctl

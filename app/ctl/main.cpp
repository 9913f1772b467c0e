// quarterdeckctl: everything the backend's API offers, for people and scripts.
// Exit codes: 0 done · 1 refused or failed · 2 the command line is wrong · 3 no backend could be
// reached · 4 nothing was done, a confirmation is needed.
#include "app/ctl/commands.h"

int main(int argc, char** argv)
{
    using namespace qd::ctl;
    CLI::App app("Works with a Quarterdeck backend from the command line", "quarterdeckctl");
    app.require_subcommand(1);
    app.set_version_flag("--version", "quarterdeckctl 0.1.0");
    app.fallthrough();
    app.footer("Exit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 no backend reached,\n"
               "4 confirmation needed (nothing was done).");

    Session session;
    Chosen chosen;
    auto& connection = session.connection;
    app.add_option("--url", connection.url, "Backend, e.g. http://127.0.0.1:8080; default: the local one");
    app.add_option("--token-file", connection.tokenFile, "File with the token; default: the local one's");
    app.add_option("--ca-file", connection.caFile,
                   "PEM file with the authorities to trust over https; default: the machine's");
    app.add_option("--data-dir", connection.dataDirectory, "Data folder of the local backend");
    app.add_flag("--json", connection.json, "Print the API's answers as JSON, a line each");
    addOrderCommands(app, session, chosen);
    addMarketCommands(app, session, chosen);
    addSystemCommands(app, session, chosen);
    addTradingCommands(app, session, chosen);
    addTokenCommands(app, session, chosen);
    addUserCommands(app, session, chosen);
    addBrokerCommands(app, session, chosen);
    addVaultCommands(app, session, chosen);
    addConnectionCommands(app, session, chosen);
    addFaultCommands(app, session, chosen);
    addDrillCommands(app, session, chosen);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool asked = error.get_exit_code() == 0; // --help, --version
        app.exit(error);
        return asked ? kDone : kUsage;
    }
    try {
        return chosen ? chosen() : kUsage;
    } catch (const Ended& ended) {
        return ended.exitCode;
    }
}

#include "app/ctl/commands.h"

#include <unistd.h>

namespace qd::ctl {

namespace {

struct NewUser {
    std::string email, name;
    std::vector<std::string> roles;
    bool isInvited = false;
};

struct RoleChange {
    std::string email;
    std::vector<std::string> granted, revoked;
};

std::string joined(const json::Value& array)
{
    std::string text;
    for (const auto& each : array.items()) text += (text.empty() ? "" : ", ") + cell(each);
    return text;
}

void printUser(const Session& session, const json::Value& user)
{
    const bool isOff = user["disabled"].booleanOr(false);
    session.print(facts({{"e-mail", cell(user["email"])},
                         {"name", cell(user["displayName"])},
                         {"id", cell(user["id"])},
                         {"roles", joined(user["roles"])},
                         {"verified", cell(user["emailVerified"])},
                         {"second factor", cell(user["secondFactor"])},
                         {"state", isOff ? "disabled" : "enabled"},
                         {"since", cell(user["createdAt"])}}));
}

int showAnswer(const Session& session, const drills::Answer& user)
{
    session.wantsJson() ? session.printJson(user.body) : printUser(session, user.root());
    return kDone;
}

void printSessions(const Session& session, const drills::Answer& answer)
{
    if (session.wantsJson()) return session.printJson(answer.body);
    Table table({{"Session"}, {"Device"}, {"Network"}, {"Since"}, {"Last used"}, {"Ends"}, {""}});
    for (const auto& each : answer["sessions"].items())
        table.add({cell(each["id"]), cell(each["device"]), cell(each["network"]),
                   cell(each["createdAt"]), cell(each["lastUsedAt"]), cell(each["expiresAt"]),
                   each["current"].booleanOr(false) ? "this one" : ""});
    session.print(table.text());
}

/// "/v1/users/<id>" of the account with this address. Throws Ended where there is none.
std::string pathOf(Session& session, const std::string& email)
{
    const auto answer = session.require("GET", "/v1/users?email=" + wire::percentEncode(email));
    if (answer["users"].size() == 0) {
        session.complain("there is no account with the address " + email);
        throw Ended{kRefused};
    }
    return "/v1/users/" + cell(answer["users"].at(0)["id"]);
}

int addUser(Session& session, const NewUser& wanted)
{
    runtime::Secret password;
    if (!wanted.isInvited) password = session.prompt.askNew("Password for " + wanted.email);
    json::Writer out;
    out.beginObject()
        .member("email", wanted.email)
        .member("displayName", wanted.name.empty() ? wanted.email.substr(0, wanted.email.find('@'))
                                                   : wanted.name);
    if (!wanted.isInvited) out.member("password", password.revealForUse());
    out.array("roles", wanted.roles);
    return showAnswer(session, session.require("POST", "/v1/users", out.endObject().take()));
}

int listUsers(Session& session)
{
    Table table({{"E-mail"}, {"Name"}, {"Roles"}, {"Verified"}, {"2nd factor"}, {"State"}});
    std::string after;
    do {
        const auto answer = session.require("GET", "/v1/users?limit=500&after=" + after);
        if (session.wantsJson())
            for (const auto& user : answer["users"].items()) session.printJson(user.dump());
        for (const auto& user : answer["users"].items())
            table.add({cell(user["email"]), cell(user["displayName"]), joined(user["roles"]),
                       cell(user["emailVerified"]), cell(user["secondFactor"]),
                       user["disabled"].booleanOr(false) ? "disabled" : "enabled"});
        after = cell(answer["nextAfter"]);
    } while (!after.empty());
    if (!session.wantsJson()) session.print(table.text());
    return kDone;
}

int changeRoles(Session& session, const RoleChange& change)
{
    const auto path = pathOf(session, change.email);
    for (const auto& role : change.granted)
        session.require("PUT", path + "/roles/" + wire::percentEncode(role));
    for (const auto& role : change.revoked)
        session.require("DELETE", path + "/roles/" + wire::percentEncode(role));
    return showAnswer(session, session.require("GET", path));
}

int changePassword(Session& session, const std::string& email, bool withCode)
{
    json::Writer out;
    if (withCode) { // of a mail: nobody is signed in
        const auto code = session.prompt.ask("Code of the mail");
        const auto fresh = session.prompt.askNew("New password");
        out.beginObject().member("token", code.revealForUse());
        out.member("password", fresh.revealForUse()).endObject();
        const auto answer = session.askOpenly("POST", "/v1/password/reset", out.take());
        if (answer.isOk()) return session.print("the password is set; sign in"), kDone;
        return session.explain(answer), kRefused;
    }
    if (!email.empty()) {
        out.beginObject().member("email", email).endObject();
        const auto answer = session.askOpenly("POST", "/v1/password/forgot", out.take());
        if (!answer.isOk()) return session.explain(answer), kRefused;
        session.print("if there is such an account, a mail is on its way to it");
        return kDone;
    }
    const auto current = session.prompt.ask("Present password");
    const auto fresh = session.prompt.askNew("New password");
    session.prove("PUT", "/v1/password", /*openly=*/false, [&](const Session::Proof& proof) {
        json::Writer body;
        body.beginObject()
            .member("current", current.revealForUse())
            .member("password", fresh.revealForUse())
            .member("proof", proof.puzzle)
            .endObject();
        return body.take();
    });
    session.print("changed; your other devices are signed out");
    return kDone;
}

int signOut(Session& session, const std::string& email, const std::string& id)
{
    if (!email.empty())
        session.require("DELETE", pathOf(session, email) + "/sessions");
    else if (!id.empty())
        session.require("DELETE", "/v1/sessions/" + wire::percentEncode(id));
    else
        session.require("DELETE", "/v1/sessions");
    session.print(email.empty() && id.empty() ? "your other devices are signed out" : "signed out");
    return kDone;
}

int whoAmI(Session& session)
{
    const auto answer = session.require("GET", "/v1/session");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    const bool isOwner = answer["owner"].booleanOr(false);
    session.print(facts({{"acting as", cell(answer["actor"])},
                         {"e-mail", isOwner ? "the owner of the installation, by the token file"
                                            : cell(answer["user"]["email"])},
                         {"roles", joined(answer["roles"])},
                         {"device", cell(answer["session"]["device"])},
                         {"signed in until", cell(answer["session"]["expiresAt"])}}));
    return kDone;
}

std::string hostName()
{
    char name[256] = {};
    return ::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "a machine";
}

int logOut(Session& session)
{
    if (session.login() == nullptr) return session.print("nobody is signed in there"), kDone;
    session.require("DELETE", "/v1/session");
    session.forgetLogin();
    session.print("signed out");
    return kDone;
}

int showMailbox(Session& session)
{
    const auto answer = session.require("GET", "/v1/mailbox");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    if (answer.text("delivery") != "local")
        session.print("mails go to the mail server; none are kept here");
    for (const auto& mail : answer["messages"].items())
        session.print(cell(mail["createdAt"]) + "  to " + cell(mail["to"]) + "\n" +
                      cell(mail["subject"]) + "\n\n" + cell(mail["text"]));
    return kDone;
}

/// `user NAME EMAIL`, which does `act` with the path of the account.
void addForOne(CLI::App& user, Session& session, Chosen& chosen, const char* name,
               const char* help, std::function<int(Session&, const std::string& path)> act)
{
    const auto email = std::make_shared<std::string>();
    auto* command = user.add_subcommand(name, help);
    command->add_option("email", *email, "Address of the account")->required();
    command->callback([&session, &chosen, email, act = std::move(act)] {
        chosen = [&session, email, act] { return act(session, pathOf(session, *email)); };
    });
}

void addAccountCommands(CLI::App& user, Session& session, Chosen& chosen)
{
    const auto wanted = std::make_shared<NewUser>();
    auto* add = user.add_subcommand("add", "Make an account; the first one is an administrator");
    add->add_option("email", wanted->email, "Address, which is also the name to sign in with")
        ->required();
    add->add_option("--name", wanted->name, "Name for people; default: the address before the @");
    add->add_option("--role", wanted->roles,
                    "viewer, trader, support, operator or admin; may be given several times");
    add->add_flag("--invite", wanted->isInvited,
                  "Without a password: a mail brings a code to set one with");
    add->callback([&, wanted] { chosen = [&session, wanted] { return addUser(session, *wanted); }; });
    user.add_subcommand("list", "All accounts")->callback([&] {
        chosen = [&session] { return listUsers(session); };
    });
    addForOne(user, session, chosen, "show", "One account", [](Session& asked, const std::string& path) {
        return showAnswer(asked, asked.require("GET", path));
    });
    addForOne(user, session, chosen, "disable", "Let somebody in no more, at once",
              [](Session& asked, const std::string& path) {
                  return showAnswer(asked, asked.require("POST", path + "/disable"));
              });
    addForOne(user, session, chosen, "enable", "Let somebody in again",
              [](Session& asked, const std::string& path) {
                  return showAnswer(asked, asked.require("POST", path + "/enable"));
              });
    const auto change = std::make_shared<RoleChange>();
    auto* roles = user.add_subcommand("roles", "What somebody may do; takes effect at once");
    roles->add_option("email", change->email, "Address of the account")->required();
    roles->add_option("--grant", change->granted, "A role to give; several times");
    roles->add_option("--revoke", change->revoked, "A role to take away; several times");
    roles->callback(
        [&, change] { chosen = [&session, change] { return changeRoles(session, *change); }; });
}

void addSessionCommands(CLI::App& user, Session& session, Chosen& chosen)
{
    struct Words {
        std::string email, id;
        bool withCode = false;
    };
    const auto words = std::make_shared<Words>();
    auto* password = user.add_subcommand(
        "password", "Change yours; with an address: have a mail sent to set another one");
    password->add_option("email", words->email, "Whose, if it is forgotten");
    password->add_flag("--with-code", words->withCode, "Set one with the code of such a mail");
    password->callback([&, words] {
        chosen = [&session, words] {
            return changePassword(session, words->email, words->withCode);
        };
    });
    auto* sessions = user.add_subcommand("sessions", "Where you, or somebody, are signed in");
    sessions->add_option("email", words->email, "Somebody else");
    sessions->callback([&, words] {
        chosen = [&session, words] {
            const auto path = words->email.empty() ? std::string("/v1")
                                                   : pathOf(session, words->email);
            printSessions(session, session.require("GET", path + "/sessions"));
            return kDone;
        };
    });
    auto* out = user.add_subcommand("sign-out",
                                    "End your other sessions, one of them, or all of somebody's");
    auto* whose = out->add_option("email", words->email, "Somebody else");
    out->add_option("--session", words->id, "This one of yours")->excludes(whose);
    out->callback([&, words] {
        chosen = [&session, words] { return signOut(session, words->email, words->id); };
    });
}

} // namespace

void addUserCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    app.add_option("--password-fd", session.prompt.descriptor,
                   "Descriptor to read passwords and codes from, a line each; default: the terminal");
    auto* user = app.add_subcommand("user", "Accounts of people, and their sessions");
    user->require_subcommand(1);
    addAccountCommands(*user, session, chosen);
    addSessionCommands(*user, session, chosen);
    addOwnAccountCommands(*user, session, chosen);

    struct Words {
        std::string email, device = hostName();
    };
    const auto words = std::make_shared<Words>();
    auto* login = app.add_subcommand("login", "Sign in; further commands act as this account");
    login->add_option("email", words->email, "Address of the account")->required();
    login->add_option("--device", words->device, "What this machine is called")
        ->capture_default_str();
    login->callback([&, words] {
        chosen = [&session, words] {
            session.signIn(words->email, words->device);
            session.print("signed in as " + words->email);
            return kDone;
        };
    });
    app.add_subcommand("logout", "Sign out; the local owner's token is used again")->callback([&] {
        chosen = [&session] { return logOut(session); };
    });
    app.add_subcommand("whoami", "Who the commands act as, and with which roles")->callback([&] {
        chosen = [&session] { return whoAmI(session); };
    });
    app.add_subcommand("mailbox", "Mails that no mail server took; for the owner")->callback([&] {
        chosen = [&session] { return showMailbox(session); };
    });
}

} // namespace qd::ctl

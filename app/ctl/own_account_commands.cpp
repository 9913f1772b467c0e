// What people do for their own account: ask for one, prove its address, a second factor.
#include "app/ctl/commands.h"
#include "app/ctl/qr_text.h"

#include <unistd.h>

namespace qd::ctl {

namespace {

struct Newcomer {
    std::string email, name;
};

/// For calls of nobody: the answer, or the refusal told and Ended(kRefused).
drills::Answer requireOpenly(Session& session, const std::string& path, const std::string& body)
{
    auto answer = session.askOpenly("POST", path, body);
    if (session.wantsJson()) session.printJson(answer.body);
    if (answer.isOk()) return answer;
    session.explain(answer);
    throw Ended{kRefused};
}

int signUp(Session& session, const Newcomer& wanted)
{
    const auto password = session.prompt.askNew("Password for " + wanted.email);
    json::Writer out;
    out.beginObject()
        .member("email", wanted.email)
        .member("displayName", wanted.name.empty() ? wanted.email.substr(0, wanted.email.find('@'))
                                                   : wanted.name)
        .member("password", password.revealForUse())
        .endObject();
    requireOpenly(session, "/v1/sign-up", out.take());
    if (!session.wantsJson())
        session.print("a mail is on its way to " + wanted.email +
                      "; quarterdeckctl user verify asks for its code");
    return kDone;
}

int verifyAddress(Session& session)
{
    const auto code = session.prompt.ask("Code of the mail");
    json::Writer out;
    out.beginObject().member("token", code.revealForUse()).endObject();
    requireOpenly(session, "/v1/email/verify", out.take());
    if (!session.wantsJson())
        session.print("the address is verified; sign in: quarterdeckctl login");
    return kDone;
}

int enrol(Session& session, bool wantsPicture)
{
    const auto answer = session.require("POST", "/v1/totp", "{}");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    const auto uri = answer.text("uri");
    if (wantsPicture || ::isatty(STDOUT_FILENO) != 0) session.print(qrText(uri));
    session.print(facts({{"for the authenticator", uri}, {"or typed", answer.text("secret")}}));
    session.print("told this once; then quarterdeckctl user second-factor confirm, with its code");
    return kDone;
}

int confirm(Session& session)
{
    const auto code = session.prompt.ask("Code of the authenticator");
    json::Writer out;
    out.beginObject().member("code", code.revealForUse()).endObject();
    const auto answer = session.require("POST", "/v1/totp/confirm", out.take());
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    session.print("from now on signing in asks for a code. For the day the phone is gone, each of "
                  "these serves once; they are told once:");
    for (const auto& one : answer["recoveryCodes"].items()) session.print("  " + cell(one));
    return kDone;
}

int removeFactor(Session& session)
{
    const auto answer = session.require("DELETE", "/v1/totp");
    session.wantsJson() ? session.printJson(answer.body)
                        : session.print("the second factor is gone: the password alone signs in");
    return kDone;
}

void addSecondFactor(CLI::App& user, Session& session, Chosen& chosen)
{
    auto* factor = user.add_subcommand("second-factor", "Your authenticator, asked for when you sign in");
    factor->require_subcommand(1);
    const auto wantsPicture = std::make_shared<bool>(false);
    auto* enrolCommand = factor->add_subcommand("enrol", "A new secret, as a text and as a QR code");
    enrolCommand->add_flag("--qr", *wantsPicture,
                           "The QR code too where the output is no terminal");
    enrolCommand->callback([&, wantsPicture] {
        chosen = [&session, wantsPicture] { return enrol(session, *wantsPicture); };
    });
    factor->add_subcommand("confirm", "Prove that the authenticator has it: from now on it counts")
        ->callback([&] { chosen = [&session] { return confirm(session); }; });
    factor->add_subcommand("remove", "Sign in with the password alone")->callback([&] {
        chosen = [&session] { return removeFactor(session); };
    });
}

} // namespace

void addOwnAccountCommands(CLI::App& user, Session& session, Chosen& chosen)
{
    const auto wanted = std::make_shared<Newcomer>();
    auto* join = user.add_subcommand("sign-up", "Ask for an account of your own");
    join->add_option("email", wanted->email, "Your address")->required();
    join->add_option("--name", wanted->name, "Name for people; default: the address before the @");
    join->callback([&, wanted] { chosen = [&session, wanted] { return signUp(session, *wanted); }; });
    user.add_subcommand("verify", "Prove that the address is yours, with the code of the mail")
        ->callback([&] { chosen = [&session] { return verifyAddress(session); }; });
    addSecondFactor(user, session, chosen);
}

} // namespace qd::ctl

#include "app/ctl/commands.h"

namespace qd::ctl {

namespace {

/// "3 d", "5 h", "12 s".
std::string ageText(std::int64_t seconds)
{
    constexpr std::int64_t kHour = 3'600, kDay = 24 * kHour;
    if (seconds >= 2 * kDay) return std::to_string(seconds / kDay) + " d";
    if (seconds >= 2 * kHour) return std::to_string(seconds / kHour) + " h";
    return std::to_string(seconds) + " s";
}

void printVault(const Session& session, const drills::Answer& answer)
{
    const auto key = answer["masterKey"];
    session.print("master key " + cell(key["id"]) + " since " + cell(key["since"]) + ", from " +
                  cell(key["source"]) + (key["overdue"].booleanOr(false) ? ", overdue" : ""));
    Table table({{"Secret"},
                 {"Owner"},
                 {"Purpose"},
                 {"Version", true},
                 {"Age", true},
                 {"Limit", true},
                 {"Changed"},
                 {"Rotated"},
                 {"State"}});
    for (const auto& secret : answer["secrets"].items())
        table.add({cell(secret["id"]), cell(secret["owner"]), cell(secret["purpose"]),
                   cell(secret["version"]), ageText(secret["ageSeconds"].integerOr(0)),
                   ageText(secret["ageMaxSeconds"].integerOr(0)), cell(secret["changedAt"]),
                   cell(secret["rotatedAt"]),
                   secret["overdue"].booleanOr(false) ? "overdue" : "ok"});
    session.print(table.text());
    for (const auto& one : answer["damaged"].items())
        session.print(cell(one["id"]) + " does not open: " + cell(one["code"]));
    for (const auto& one : answer["brokerKeys"].items())
        for (const char* problem : {"problem", "notTaken"})
            if (const auto text = cell(one[problem]); !text.empty())
                session.print(cell(one["id"]) + ": " + text);
}

int listSecrets(Session& session)
{
    const auto answer = session.require("GET", "/v1/vault");
    session.wantsJson() ? session.printJson(answer.body) : printVault(session, answer);
    return kDone;
}

struct WantedRotation {
    std::string id;
    bool isDataKeys = false;
};

int rotate(Session& session, const WantedRotation& wanted)
{
    const bool isDataKeys = wanted.isDataKeys || !wanted.id.empty();
    json::Writer out;
    out.beginObject().member("what", isDataKeys ? "data-keys" : "master-key");
    if (!wanted.id.empty()) out.member("id", wanted.id);
    out.endObject();
    const auto answer = session.require("POST", "/v1/vault/rotate", out.take());
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    const auto progress = answer[isDataKeys ? "dataKeys" : "rotation"];
    if (progress["underWay"].booleanOr(false))
        session.print("under way: " + cell(progress["done"]) + " of " + cell(progress["total"]) +
                      "; it goes on by itself");
    else
        printVault(session, answer);
    return kDone;
}

int bringInKeys(Session& session)
{
    const auto answer = session.require("POST", "/v1/vault/import", "{}");
    if (session.wantsJson()) return session.printJson(answer.body), kDone;
    const auto count = answer["broughtIn"].integerOr(0);
    session.print(count == 0
                      ? "nothing new: the vault has what its file or settings say"
                      : std::to_string(count) + " brought in and in use; what they came from "
                                                "may be removed");
    return kDone;
}

} // namespace

void addVaultCommands(CLI::App& app, Session& session, Chosen& chosen)
{
    auto* vault = app.add_subcommand("vault", "Secrets at rest: what there is, never a value");
    vault->require_subcommand(1);
    vault->add_subcommand("list", "Every secret with its age")->callback([&] {
        chosen = [&session] { return listSecrets(session); };
    });
    const auto wanted = std::make_shared<WantedRotation>();
    auto* rotateCommand = vault->add_subcommand("rotate", "A new master key, or new data keys");
    rotateCommand->add_option("id", wanted->id, "A new data key for this secret alone");
    rotateCommand->add_flag("--data-keys", wanted->isDataKeys, "New data keys for all secrets");
    rotateCommand->callback(
        [&, wanted] { chosen = [&session, wanted] { return rotate(session, *wanted); }; });
    vault
        ->add_subcommand("import",
                         "Take in the broker's key from its file or settings, if it works")
        ->callback([&] { chosen = [&session] { return bringInKeys(session); }; });
}

} // namespace qd::ctl

// Secrets at rest: where they come from, how they change, and what happens when they cannot be had.
#include <filesystem>
#include <optional>
#include <set>

#include <sys/stat.h>
#include <unistd.h>

#include "services/drills/cases/cases.h"
#include "services/storage/atomic_file.h"
#include "services/storage/database.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int kRefusedStart = 78; ///< EX_CONFIG
constexpr const char* kSecretId = "alpaca/paper/key";
/// Nobody's: what a service that is not root runs as, when the drill itself is root.
constexpr ::uid_t kNobody = 65'534;
constexpr const char* kAsNobody = "/usr/bin/setpriv";

std::string masterKeyFile(const Stage& stage)
{
    return stage.dataDirectory() + "/quarterdeck.vault.key";
}

/// The value of a member of a credentials file.
std::string memberOf(const std::string& file, const char* name)
{
    const auto document = json::Document::parse(slurp(file));
    require(document.has_value(), "{} is no JSON", file);
    return std::string((*document)[name].stringOr({}));
}

void writePrivate(const std::string& path, const std::string& text)
{
    require(storage::replaceFile(path, text).has_value(), "{} cannot be written", path);
    require(::chmod(path.c_str(), 0600) == 0, "{} cannot be made private", path);
}

void fillOne(Stage& stage, const char* symbol)
{
    stage.awaitState(stage.place({.symbol = symbol}), "filled");
}

/// What quarterdeckctl says; its exit code must be `expected`.
std::string ctl(Stage& stage, std::vector<std::string> words, int expected = 0)
{
    words.insert(words.end(), {"--data-dir", stage.dataDirectory()});
    const auto child = stage.run("ctl", stage.programs().ctl, words);
    const auto exit = child->waitFor(40s);
    const auto said = child->output() + child->errors();
    require(exit && exit->code == expected,
            "expected exit code {} of quarterdeckctl {} {}, was {}: {}", expected, words[0],
            words[1], exit ? exit->code : -1, said);
    return said;
}

/// A member of what /v1/vault says of the broker's key.
std::string kept(Stage& stage, const char* member)
{
    for (const auto& secret : stage.get("/v1/vault")["secrets"].items())
        if (secret["id"].stringOr({}) == kSecretId) return secret[member].dump();
    broken("the vault does not list {}", kSecretId);
}

/// Starts that must be refused at once, each complaint naming all of `words`; what lies in the data
/// folder must be untouched.
void requireRefused(Stage& stage, Evidence& evidence, const std::string& fault,
                    std::initializer_list<std::string> words)
{
    const auto before = slurp(stage.databaseFile());
    const bool hadKey = fs::exists(masterKeyFile(stage));
    const auto child = stage.run("refused", stage.programs().backend, stage.backendArguments());
    const auto exit = child->waitFor(15s);
    require(exit && exit->code == kRefusedStart, "{}: expected exit code 78, was {} {}", fault,
            exit ? exit->code : -1, child->output());
    for (const auto& word : words)
        require(child->errors().find(word) != std::string::npos,
                "{}: the complaint lacks \"{}\": {}", fault, word, child->errors());
    require(slurp(stage.databaseFile()) == before, "{}: the refused start changed the database",
            fault);
    require(fs::exists(masterKeyFile(stage)) == hadKey, "{}: the refused start made a key", fault);
    const auto said = child->errors();
    evidence.note("{}: {}", fault, said.substr(0, std::min<std::size_t>(said.find('\n'), 200)));
}

// ── PE-10.7 ──────────────────────────────────────────────────────────────────────────────────────

/// The first start has the key in its environment; it must say that this is no place for one.
void startFromEnvironment(Stage& stage)
{
    auto arguments = stage.backendArguments({"alpaca-credentials-file"});
    const auto child = stage.run(
        "environment", stage.programs().backend, std::move(arguments),
        {"QUARTERDECK_ALPACA_KEY_ID=" + memberOf(stage.credentialsFile(), "keyId"),
         "QUARTERDECK_ALPACA_SECRET_KEY=" + memberOf(stage.credentialsFile(), "secretKey")});
    const auto ready = json::Document::parse(child->firstLine(30s));
    require(ready.has_value(), "no start with the key in the environment: {}", child->errors());
    require(child->terminate(10s), "it did not stop");
    require(slurp(stage.logFile()).find("start without it from now on") != std::string::npos,
            "the log does not say that the environment is no place for a secret");
}

/// Of the process that trades: what others on the machine may see of it.
void requireNothingToSee(Stage& stage, const std::string& secret)
{
    const auto process = "/proc/" + std::to_string(stage.backend().pid());
    for (const char* place : {"/environ", "/cmdline"})
        require(slurp(process + place).find(secret) == std::string::npos, "the key is in {}",
                place);
}

void secretsInTheEnvironment(Stage& stage, Evidence& evidence)
{
    stage.startSandbox();
    const auto secret = memberOf(stage.credentialsFile(), "secretKey");
    startFromEnvironment(stage);
    stage.addBackendOption("alpaca-credentials-file=");
    stage.startBackend();
    stage.awaitSettled();
    stage.awaitLiveQuote("KO");
    fillOne(stage, "KO");
    requireNothingToSee(stage, secret);
    evidence.note(
        "the key came in the environment once; then started without it: orders go, nothing "
        "of it in environment or arguments");
    const auto database = slurp(stage.databaseFile()) + slurp(stage.databaseFile() + "-wal");
    require(database.find("vault_secrets") != std::string::npos,
            "the vault is not in the database");
    require(database.find(secret) == std::string::npos, "the key is readable in the database");
    struct stat status {};
    require(::stat(masterKeyFile(stage).c_str(), &status) == 0 && (status.st_mode & 077) == 0,
            "the master key's file has mode {:o}", status.st_mode & 0777);
    const auto old = stage.folder() + "/before.key";
    fs::copy_file(masterKeyFile(stage), old);
    ctl(stage, {"vault", "rotate"});
    ctl(stage, {"vault", "rotate", "--data-keys"});
    require(kept(stage, "version") == "2", "a new data key is version {}", kept(stage, "version"));
    fillOne(stage, "KO");
    stage.stopBackend();
    stage.addBackendOption("vault-key-file=" + old);
    requireRefused(stage, evidence, "started with the master key of before the rotation",
                   {"vault.key_missing", old, "nothing was changed"});
    stage.addBackendOption("vault-key-file=");
    stage.startBackend();
    stage.awaitSettled();
    stage.awaitLiveQuote("KO");
    fillOne(stage, "KO");
    evidence.note(
        "master key and data keys rotated while it ran; the old master key opens nothing");
}

// ── TB-4.4 ───────────────────────────────────────────────────────────────────────────────────────

/// Starts the backend as a user who is not root, and takes files from that user and gives them
/// back.
class Ordinary {
public:
    explicit Ordinary(Stage& stage) : m_stage(stage), m_isRoot(::geteuid() == 0)
    {
        if (m_isRoot && !fs::exists(kAsNobody))
            throw CannotRun{std::string("root may do everything, and there is no ") + kAsNobody};
        if (m_isRoot) ::chmod(stage.folder().c_str(), 0711); // the way to the data folder
    }
    void allow(const fs::path& path) const
    {
        const bool isFolder = fs::is_directory(path);
        if (m_isRoot) change(::chown(path.c_str(), kNobody, kNobody), path);
        change(::chmod(path.c_str(), isFolder ? 0700 : 0600), path);
    }
    void deny(const fs::path& path) const
    {
        const bool isFolder = fs::is_directory(path);
        if (m_isRoot) return change(::chown(path.c_str(), 0, 0), path);
        change(::chmod(path.c_str(), isFolder ? 0500 : 0000), path);
    }
    std::unique_ptr<Child> start(std::vector<std::string> arguments) const
    {
        auto program = m_stage.programs().backend;
        if (m_isRoot) {
            const std::string id = std::to_string(kNobody);
            arguments.insert(arguments.begin(), {"--reuid=" + id, "--regid=" + id, "--clear-groups",
                                                 "--pdeathsig=KILL", program});
            program = kAsNobody;
        }
        return m_stage.run("ordinary", program, std::move(arguments));
    }

private:
    static void change(int result, const fs::path& path)
    {
        require(result == 0, "{} cannot be given away", path.string());
    }
    Stage& m_stage;
    const bool m_isRoot;
};

std::set<std::string> filesIn(const std::string& folder)
{
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.insert(entry.path().string());
    return found;
}

void permissionDenied(Stage& stage, Evidence& evidence)
{
    const Ordinary user(stage);
    stage.stopBackend();
    const auto credentials = stage.folder() + "/credentials-ordinary.json";
    writePrivate(credentials, slurp(stage.credentialsFile()));
    stage.addBackendOption("alpaca-credentials-file=" + credentials);
    const auto folder = stage.dataDirectory();
    for (const auto& entry : fs::recursive_directory_iterator(folder)) user.allow(entry.path());
    user.allow(folder);
    const std::vector<std::string> denied = {masterKeyFile(stage), credentials,
                                             stage.databaseFile()};
    for (const auto& path : denied) user.deny(path);
    const auto before = filesIn(folder);
    const auto database = slurp(stage.databaseFile());
    auto child = user.start(stage.backendArguments());
    auto exit = child->waitFor(15s);
    require(exit && exit->code == kRefusedStart, "expected exit code 78, was {} {}",
            exit ? exit->code : -1, child->errors());
    for (const char* setting : {"vault.key_file", "alpaca.credentials_file", "storage.database"})
        require(child->errors().find(setting) != std::string::npos,
                "preflight does not name {}: {}", setting, child->errors());
    require(filesIn(folder) == before && slurp(stage.databaseFile()) == database,
            "a start that was refused left something behind");
    evidence.note(
        "key, credentials and database denied: all three named at once, nothing was touched");
    for (const auto& path : denied) user.allow(path);
    const auto locked = stage.folder() + "/locked";
    fs::create_directories(locked);
    user.allow(locked);
    user.deny(locked);
    auto elsewhere = stage.backendArguments({"data-dir"});
    elsewhere.push_back("--data-dir=" + locked + "/data");
    child = user.start(elsewhere);
    exit = child->waitFor(15s);
    require(exit && exit->code == kRefusedStart &&
                child->errors().find("data_dir") != std::string::npos,
            "a folder that may not be written: {} {}", exit ? exit->code : -1, child->errors());
    require(fs::is_empty(locked), "something was made in the locked folder");
    evidence.note("data folder denied: {}", child->errors().substr(0, child->errors().find('\n')));
    child = user.start(stage.backendArguments());
    require(!child->firstLine(30s).empty(), "with its files given back: {}", child->errors());
    require(child->terminate(10s), "it did not stop");
    evidence.note("given back: it starts");
}

// ── TB-4.6 ───────────────────────────────────────────────────────────────────────────────────────

void storeDown(Stage& stage, Evidence& evidence)
{
    const auto pid = stage.backend().pid();
    stage.awaitLiveQuote("PG");
    stage.armFault("vault.read", R"({"kind":"fail","times":1})");
    stage.await("one failed question passes", 10s, [&] {
        return stage.call("GET", "/metrics").body.find("outcome=\"stale\"} 0") ==
                   std::string::npos &&
               stage.componentStatus("vault") == "ok";
    });
    const auto before = runtime::systemClock().steady();
    stage.armFault("vault.read", R"({"kind":"fail","times":-1})");
    stage.await("health says that the store is down", 10s,
                [&] { return stage.componentStatus("vault") == "degraded"; });
    fillOne(stage, "PG");
    evidence.note("the store is down: {}; an order was filled meanwhile",
                  stage.component("vault", "detail"));
    stage.await("the key is taken away", 45s,
                [&] { return stage.componentStatus("vault") == "down"; });
    const auto after = millisOf(runtime::systemClock().steady() - before);
    const auto refused = Stage::newId();
    const auto answer = stage.submit({.symbol = "PG", .id = refused});
    require(answer.status == 401, "expected 401 without a key, was {} {}", answer.status,
            answer.body);
    require(after >= 10'000, "the key was taken away after {:.0f} ms: memory must bridge 12 s",
            after);
    const auto why = stage.component("vault", "detail");
    require(stage.componentStatus("vault") == "down" &&
                why.find("is not served from memory") != std::string::npos,
            "health does not say why: {}", why);
    evidence.note("after {:.0f} ms: 401 {}; {}", after, answer.text("code"), why.substr(0, 160));
    stage.call("DELETE", "/v1/faults");
    stage.await("the key is back", 20s, [&] { return stage.componentStatus("vault") == "ok"; });
    stage.awaitSettled();
    fillOne(stage, "PG");
    require(stage.venueOrderCount(refused) == 0, "the refused order is at the venue");
    require(stage.backend().pid() == pid, "it was started again");
    evidence.note("the store is back: orders go again, without a restart");
}

// ── TB-6.1 ───────────────────────────────────────────────────────────────────────────────────────

std::string keyText(const std::string& id)
{
    return R"({"keyId":")" + id + R"(","secretKey":")" + Stage::newId() + "\"}";
}

/// A key that the venue does not know must not cost the one that works.
void requireOldOneStays(Stage& stage, const std::string& file, Evidence& evidence)
{
    writePrivate(file, keyText("PKUNKNOWN"));
    const auto said = ctl(stage, {"vault", "import"}, 1);
    require(said.find("is not taken") != std::string::npos, "the refusal says {}", said);
    require(kept(stage, "version") == "1", "a key that does not work went over the old one");
    fillOne(stage, "UNH");
    evidence.note("a new key that the broker refuses: the old one stays, orders go");
}

/// The venue shuts the stream of a key that it revokes; it is connected again with the new one, and
/// orders are taken then.
void requireOrdersGo(Stage& stage)
{
    Ticket ticket{.symbol = "UNH"};
    stage.await("an order is taken", 60s, [&] {
        pauseFor(400ms); // the limit of orders a minute is the venue's
        ticket.id = Stage::newId();
        return stage.submit(ticket).status == 202;
    });
    stage.awaitState(ticket.id, "filled");
}

void neverRotated(Stage& stage, Evidence& evidence)
{
    const auto file = stage.folder() + "/credentials-rotated.json";
    writePrivate(file, slurp(stage.credentialsFile()));
    stage.stopBackend();
    stage.addBackendOption("alpaca-credentials-file=" + file);
    stage.startBackend();
    stage.awaitSettled();
    stage.awaitLiveQuote("UNH");
    const auto pid = stage.backend().pid();
    stage.await("the age is told", 20s, [&] {
        return kept(stage, "overdue") == "true" && stage.componentStatus("vault") == "degraded";
    });
    const auto metrics = stage.call("GET", "/metrics").body;
    require(metrics.find("quarterdeck_vault_overdue_secrets{purpose=\"broker-key\"} 1") !=
                std::string::npos,
            "/metrics does not tell of the overdue key");
    evidence.note("older than the limit: {}", stage.component("vault", "detail"));
    requireOldOneStays(stage, file, evidence);
    const auto oldId = memberOf(stage.credentialsFile(), "keyId");
    const auto text = keyText("PKROTATED");
    stage.admin("POST", "/keys", text);
    writePrivate(file, text);
    ctl(stage, {"vault", "import"});
    require(kept(stage, "version") == "2" && kept(stage, "overdue") == "false",
            "after the import: {}", stage.get("/v1/vault").body);
    stage.fault(R"({"kind":"revoke_key","keyId":")" + oldId + "\"}");
    require(stage.venue("GET", "/v2/account").status >= 400,
            "the old key still works at the venue");
    requireOrdersGo(stage);
    require(stage.backend().pid() == pid && stage.backend().isRunning(), "it was started again");
    evidence.note("a new key: tried out, taken over, the old one revoked; orders go, same process");
    stage.clearFaults(); // the drill's own questions use the first key
    const auto key = stage.get("/v1/vault")["masterKey"].dump();
    ctl(stage, {"vault", "rotate"});
    requireOrdersGo(stage);
    require(stage.get("/v1/vault")["masterKey"].dump() != key, "the master key is the same");
    evidence.note("the master key rotated in the running program");
}

// ── TB-6.4 ───────────────────────────────────────────────────────────────────────────────────────

/// A key of another database, under which nothing here was sealed.
std::string foreignKey(Stage& stage)
{
    const auto folder = stage.folder() + "/foreign";
    auto arguments = stage.backendArguments({"data-dir"});
    arguments.push_back("--data-dir=" + folder);
    const auto child = stage.run("foreign", stage.programs().backend, arguments);
    require(!child->firstLine(30s).empty(), "no second database: {}", child->errors());
    require(child->terminate(10s), "the second backend did not stop");
    return slurp(folder + "/quarterdeck.vault.key");
}

void spoilSecret(Stage& stage)
{
    auto database = storage::Database::open(stage.databaseFile());
    require(database.has_value(), "the database cannot be opened for the fault");
    const auto spoilt = database->execute(
        std::string("UPDATE vault_secrets SET sealed = zeroblob(length(sealed)) WHERE id = '") +
        kSecretId + "'");
    require(spoilt.has_value(), "the secret cannot be spoilt");
}

void storeRefuses(Stage& stage, Evidence& evidence)
{
    fillOne(stage, "KO");
    stage.stopBackend();
    const auto file = masterKeyFile(stage);
    const auto key = slurp(file);
    require(fs::remove(file), "there is no master key at {}", file);
    requireRefused(stage, evidence, "the master key is gone", {"vault.key_missing", file});
    writePrivate(file, key);
    ::chmod(file.c_str(), 0644);
    requireRefused(stage, evidence, "others may read it", {"vault.key_file", "chmod 600"});
    writePrivate(file, foreignKey(stage));
    requireRefused(stage, evidence, "it is another database's", {"vault.key_missing", file});
    writePrivate(file, "not a key\n");
    requireRefused(stage, evidence, "it is no key", {"vault.key_file", file});
    writePrivate(file, key);
    spoilSecret(stage);
    { // a first start after the fault may still tidy the database up
        const auto child = stage.run("altered", stage.programs().backend, stage.backendArguments());
        const auto exit = child->waitFor(15s);
        require(exit && exit->code == kRefusedStart &&
                    child->errors().find("vault.altered") != std::string::npos,
                "an altered secret: {} {}", exit ? exit->code : -1, child->errors());
    }
    evidence.note("an altered secret: refused, though the credentials file holds the key in clear");
    stage.addBackendOption("vault-overwrite-damaged=true");
    stage.startBackend();
    stage.awaitSettled();
    stage.awaitLiveQuote("KO");
    fillOne(stage, "KO");
    evidence.note("with the word of its owner the key is taken from its file again: orders go");
}

} // namespace

std::vector<Drill> secretDrills()
{
    return {
        {"PE-10.7",
         "the broker's key comes in the environment",
         "it goes into an encrypted vault (AES-256-GCM, envelope keys, rotation) and is not needed "
         "there "
         "again; only what unlocks the vault comes from outside",
         {.empty = true},
         150s,
         secretsInTheEnvironment},
        {"TB-4.4",
         "master key, credentials, database and data folder denied to the user",
         "preflight names all of them with what to do; no partial work",
         {.isPrivate = true},
         90s,
         permissionDenied},
        {"TB-4.6",
         "the store of secrets fails once, then for long, while orders go",
         "the key is used from memory for a bounded time; then a clear failure; back without a "
         "restart",
         {.backend = {"vault-look-every=300ms", "vault-fresh-for=200ms", "vault-stale-for=12s"},
          .isPrivate = true},
         120s,
         storeDown},
        {"TB-6.1",
         "the broker's key and the master key get old",
         "age is tracked, rotation without restart, the new one is tested before the old one goes",
         {.backend = {"vault-age-max=15s"}, .isPrivate = true},
         200s,
         neverRotated},
        {"TB-6.4",
         "the master key is gone, exposed, another's or none; a secret was altered",
         "fails closed with a clear error: no start, no new key, no way around by the file in "
         "clear",
         {.isPrivate = true},
         120s,
         storeRefuses},
    };
}

} // namespace qd::drills

// Who may do what, what is encrypted, and what of it is seen.
#include <filesystem>
#include <fstream>

#include "models/accounts/role.h"
#include "services/drills/cases/cases.h"
#include "services/drills/cases/people.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;

constexpr int kRefusedConfig = 78; ///< EX_CONFIG

CallOptions bearerOptions(const std::string& token)
{
    CallOptions options;
    options.headers.set("Authorization", "Bearer " + token);
    return options;
}

int statusAs(Stage& stage, const std::string& token, const std::string& method,
             const std::string& path, const std::string& body = {}, std::string* code = nullptr)
{
    const auto answer = stage.api().call(method, path, body, bearerOptions(token));
    require(answer.has_value(), "{} {} was not answered: {}", method, path, whyNot(answer));
    if (code != nullptr) *code = answer->text("code");
    return answer->status;
}

// ── PE-6.2 ───────────────────────────────────────────────────────────────────────────────────────

/// The bytes of base64url text without padding (RFC 4648 §5).
std::string fromBase64Url(std::string_view text)
{
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string bytes;
    unsigned held = 0, bits = 0;
    for (const char letter : text) {
        const auto digit = kDigits.find(letter);
        require(digit != std::string_view::npos, "the token is no base64url");
        held = held << 6U | static_cast<unsigned>(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(held >> bits & 0xFFU);
    }
    return bytes;
}

/// A member of the claims inside a token, as everybody can read them.
std::int64_t claimOf(const std::string& token, const char* name)
{
    const auto from = token.find('.') + 1;
    const auto claims =
        json::Document::parse(fromBase64Url(token.substr(from, token.find('.', from) - from)));
    require(claims.has_value(), "the token has no claims");
    return (*claims)[name].integerOr(0);
}

void internalCalls(Stage& stage, Evidence& evidence)
{
    const auto issue = [&](const char* roles) {
        return stage.call("POST", "/v1/internal/token",
                          std::string(R"({"program":"backup-job","roles":)") + roles + "}");
    };
    require(issue(R"(["admin"])").status == 422, "a program became an administrator");
    const auto issued = issue(R"(["viewer"])");
    require(issued.status == 201, "no token: {} {}", issued.status, issued.body);
    const auto token = issued.text("token");
    std::string code;
    require(statusAs(stage, token, "GET", "/v1/positions") == 200, "the token is not good");
    require(statusAs(stage, token, "POST", "/v1/backup", "{}", &code) == 403 && code == "auth.role",
            "a viewer's token made a backup");
    require(statusAs(stage, token, "GET", "/v1/vault") == 403, "a viewer's token saw the vault");
    require(statusAs(stage, token, "POST", "/v1/internal/token", "{}") == 403,
            "a program gave itself another token");
    evidence.note("a token for viewer reads positions; backup, vault and further tokens: 403");
    const auto life = claimOf(token, "exp") - claimOf(token, "iat");
    require(life > 0 && life <= 60, "a token is good for {} s", life);
    auto altered = token;
    altered[altered.size() - 10] = altered[altered.size() - 10] == 'A' ? 'B' : 'A';
    require(statusAs(stage, altered, "GET", "/v1/positions") == 401, "an altered token is taken");
    evidence.note("good for {} s; with another signature: 401", life);
    const auto rotated = stage.call("POST", "/v1/internal/rotate", "{}");
    require(rotated.status == 200, "no rotation: {}", rotated.body);
    require(statusAs(stage, token, "GET", "/v1/positions") == 200,
            "the rotation broke off a token that is still good");
    const auto fresh = issue(R"(["operator"])");
    require(fresh.text("key") == rotated.text("key") && fresh.text("key") != issued.text("key"),
            "the next token is signed with the old key");
    stage.restartBackend();
    require(statusAs(stage, token, "GET", "/v1/positions") == 401,
            "the retired key still opens after a restart");
    require(statusAs(stage, fresh.text("token"), "POST", "/v1/backup", R"({"path":"drill.db"})") != 401,
            "the new key is not the one that was kept");
    evidence.note("key {} took over from {} without a restart; after kill -9 the old one is unknown, "
                  "the new one kept",
                  rotated.text("key"), rotated.text("retiring"));
}

// ── TB-2.4 ───────────────────────────────────────────────────────────────────────────────────────

void requireRefusedFor(Stage& stage, std::vector<std::string> arguments,
                       std::vector<std::string> environment, const std::string& named,
                       const std::string& secret = {})
{
    const auto child =
        stage.run("refused", stage.programs().backend, std::move(arguments), std::move(environment));
    const auto exit = child->waitFor(10s);
    const auto said = child->errors();
    require(exit && exit->code == kRefusedConfig, "expected exit code 78 over {}, was {}: {}", named,
            exit ? exit->code : -1, said);
    require(said.find(named) != std::string::npos, "the complaint does not name {}: {}", named, said);
    require(secret.empty() || said.find(secret) == std::string::npos, "the complaint quotes it");
}

void placeholders(Stage& stage, Evidence& evidence)
{
    for (const char* value : {"changeme", "<your key>", "YOUR_API_KEY", "${ALPACA_KEY}", "xxxxxxxx"})
        requireRefusedFor(stage, stage.backendArguments({"alpaca-credentials-file"}),
                          {std::string("QUARTERDECK_ALPACA_KEY_ID=") + value,
                           "QUARTERDECK_ALPACA_SECRET_KEY=0123456789abcdef"},
                          "alpaca.key_id");
    evidence.note("changeme, <your key>, YOUR_API_KEY, ${{ALPACA_KEY}}, xxxxxxxx as the key: exit 78");
    const auto file = stage.folder() + "/placeholder.json";
    std::ofstream(file) << R"({"keyId":"PKTEST","secretKey":"<secret key>"})";
    std::filesystem::permissions(file, std::filesystem::perms::owner_read |
                                           std::filesystem::perms::owner_write);
    auto arguments = stage.backendArguments({"alpaca-credentials-file", "data-dir"});
    arguments.push_back("--alpaca-credentials-file=" + file);
    arguments.push_back("--data-dir=" + stage.folder() + "/never");
    requireRefusedFor(stage, arguments, {}, "placeholder");
    evidence.note("in the credentials file: exit 78 as well");
    require(stage.get("/v1/account").text("environment") == "paper",
            "nothing was said of money, and it is not paper");
    auto live = stage.backendArguments({"alpaca-trading-url"});
    live.push_back("--alpaca-trading-url=https://api.alpaca.markets");
    requireRefusedFor(stage, live, {}, "trading.live");
    auto both = stage.backendArguments();
    both.push_back("--trading-live=true");
    requireRefusedFor(stage, both, {}, "trading.live");
    evidence.note("without a word of it: paper; the live address without trading.live, and the switch "
                  "without the address: exit 78");
}

// ── TB-6.3 ───────────────────────────────────────────────────────────────────────────────────────

/// A path with something in its places.
std::string filled(std::string path)
{
    while (path.find('{') != std::string::npos) {
        const auto from = path.find('{');
        path.replace(from, path.find('}') - from + 1, "SPY");
    }
    return path;
}

struct Walk {
    int endpoints = 0, served = 0, denied = 0, strangers = 0, stepUps = 0;
};

/// One endpoint with one role. Whoever is let in may be refused for any other reason.
void askAs(Stage& stage, Walk& walk, const std::string& method, const std::string& path,
           const json::Value& operation, Role held, const std::string& token)
{
    const auto asked = parseRole(operation["x-role"].stringOr({})).value_or(Role::Admin);
    const bool mayCall = includes(held, asked);
    const bool wantsProof = operation["x-step-up"].booleanOr(false);
    std::string code;
    const int status = statusAs(stage, token, method, filled(path), "{}", &code);
    require(status != 401, "{} {} does not know {}", method, path, toString(held));
    const bool isDenied = status == 403 && code == "auth.role";
    require(isDenied == !mayCall, "{} {} asks for {} and answered {} with {} {}", method, path,
            toString(asked), toString(held), status, code);
    if (mayCall && wantsProof) {
        require(status == 403 && code == "auth.step_up_required",
                "{} {} was served without a fresh proof: {}", method, path, status);
        ++walk.stepUps;
    }
    ++(mayCall ? walk.served : walk.denied);
}

void everyEndpointWithEveryRole(Stage& stage, Evidence& evidence)
{
    People people(stage);
    std::map<Role, std::string> tokens;
    for (const Role role : {Role::Admin, Role::Viewer, Role::Trader, Role::Support, Role::Operator}) {
        const auto email = std::string(toString(role)) + "@example.org";
        people.make(email, "[\"" + std::string(toString(role)) + "\"]");
        tokens[role] = people.signIn(email).access;
    }
    const auto document = stage.get("/v1/openapi.json");
    Walk walk;
    for (const auto& path : document["paths"].members())
        for (const auto& operation : path.value.members()) {
            const std::string where(path.key);
            std::string method(operation.key);
            for (char& letter : method) letter = static_cast<char>(letter - 'a' + 'A');
            ++walk.endpoints;
            const bool isAnyones = operation.value["x-role"].stringOr({}) == "anyone";
            if (!isAnyones || operation.value["x-any-session"].booleanOr(false)) {
                const auto stranger = stage.api().call(method, filled(where), "{}", bearerOptions("none"));
                require(stranger && stranger->status == 401, "{} {} let a stranger in", method, where);
                ++walk.strangers;
            }
            if (isAnyones) continue; // whatever the roles are
            for (const auto& [held, token] : tokens)
                askAs(stage, walk, method, where, operation.value, held, token);
        }
    require(walk.endpoints > 50 && walk.denied > 50, "only {} endpoints, {} denials: nothing walked",
            walk.endpoints, walk.denied);
    evidence.note("{} endpoints: {} refuse strangers; with five roles {} calls passed the door, {} "
                  "were denied for their role, {} wanted a fresh proof",
                  walk.endpoints, walk.strangers, walk.served, walk.denied, walk.stepUps);
    require(statusAs(stage, tokens[Role::Admin], "GET", "/v1/mailbox") == 403,
            "an administrator reads other people's mails");
    evidence.note("an administrator cannot read the mailbox: it is the owner's");
}

// ── TB-6.5 ───────────────────────────────────────────────────────────────────────────────────────

constexpr const char* kOpenSsl = "/usr/bin/openssl";

int openSsl(Stage& stage, std::vector<std::string> words)
{
    const auto child = stage.run("openssl", kOpenSsl, std::move(words));
    const auto exit = child->waitFor(20s);
    return exit ? exit->code : -1;
}

/// Does the program take this version of TLS?
bool takes(Stage& stage, const std::string& address, const char* version)
{
    return openSsl(stage, {"s_client", "-connect", address, version, "-brief", "-cipher",
                           "ALL:@SECLEVEL=0", "-no_ign_eof"}) == 0;
}

std::string optionOf(std::string key)
{
    for (char& letter : key)
        if (letter == '.' || letter == '_') letter = '-';
    return key;
}

/// No key, token or trace leaves the machine in clear, whoever the address belongs to.
void requireNoClearText(Stage& stage, Evidence& evidence)
{
    const std::initializer_list<std::pair<const char*, const char*>> addresses = {
        {"alpaca.trading_url", "http://paper-api.alpaca.markets"},
        {"alpaca.stream_url", "ws://paper-api.alpaca.markets/stream"},
        {"alpaca.data_url", "http://data.alpaca.markets"},
        {"alpaca.data_stream_url", "ws://stream.data.alpaca.markets/v2/iex"},
        {"alpaca.crypto_stream_url", "ws://stream.data.alpaca.markets/v1beta3/crypto/us"},
        {"tradier.url", "http://sandbox.tradier.com/v1"},
        {"tradier.stream_url", "ws://sandbox-ws.tradier.com/v1"},
        {"tradier.market_stream_url", "ws://ws.tradier.com/v1"},
        {"ibkr.url", "http://localhost:5000/v1/api"},
        {"ibkr.stream_url", "ws://192.0.2.7:5000/v1/api/ws"},
        {"oauth.alpaca.server_url", "http://127.0.0.1.evil.example"},
        {"oauth.alpaca.redirect_uri", "http://desk.example/callback"},
        {"otlp.url", "http://collector.example:4318/v1/traces"},
    };
    for (const auto& [key, address] : addresses) {
        const auto option = optionOf(key);
        auto arguments = stage.backendArguments({option, "data-dir"});
        arguments.push_back("--" + option + "=" + address);
        arguments.push_back("--data-dir=" + stage.folder() + "/never");
        requireRefusedFor(stage, arguments, {}, std::string(key) + ": is not encrypted");
    }
    auto live = stage.backendArguments({"alpaca-trading-url", "alpaca-stream-url", "data-dir"});
    for (const char* more : {"--trading-live=true", "--alpaca-trading-url=http://api.alpaca.markets",
                             "--alpaca-stream-url=wss://api.alpaca.markets/stream"})
        live.emplace_back(more);
    live.push_back("--data-dir=" + stage.folder() + "/never");
    requireRefusedFor(stage, live, {}, "alpaca.trading_url: is not encrypted");
    evidence.note("{} addresses of other machines without TLS, and the live one: exit 78 each",
                  addresses.size());
}

void requireTls(Stage& stage, Evidence& evidence)
{
    requireNoClearText(stage, evidence);
    auto open = stage.backendArguments({"listen-address", "data-dir"});
    open.push_back("--listen-address=0.0.0.0");
    open.push_back("--data-dir=" + stage.folder() + "/never");
    requireRefusedFor(stage, open, {}, "listen.certificate_file");
    evidence.note("beyond loopback without a certificate: exit 78");
    if (!std::filesystem::exists(kOpenSsl)) throw CannotRun{"there is no openssl to speak old TLS"};
    const auto key = stage.folder() + "/tls.key", certificate = stage.folder() + "/tls.pem";
    require(openSsl(stage, {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out",
                            certificate}) == 0,
            "no certificate could be made");
    stage.stopBackend();
    auto arguments = stage.backendArguments();
    arguments.push_back("--listen-certificate-file=" + certificate);
    arguments.push_back("--listen-key-file=" + key);
    const auto child = stage.run("tls", stage.programs().backend, arguments);
    const auto ready = json::Document::parse(child->firstLine(30s));
    require(ready.has_value(), "no start with a certificate: {}", child->errors());
    const std::string url((*ready)["url"].stringOr({}));
    const auto address = url.substr(url.find("//") + 2);
    require(url.starts_with("https://"), "with a certificate it is {}", url);
    require(takes(stage, address, "-tls1_3") && takes(stage, address, "-tls1_2"),
            "TLS 1.2 or 1.3 is refused");
    require(!takes(stage, address, "-tls1_1") && !takes(stage, address, "-tls1"),
            "TLS 1.1 or older is taken");
    evidence.note("with one: TLS 1.3 and 1.2 are spoken, 1.1 and 1.0 refused");
    child->kill();
    stage.startBackend();
}

/// Everything that the backend wrote.
std::string filesOf(const Stage& stage)
{
    std::string all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(stage.dataDirectory()))
        if (entry.is_regular_file()) all += slurp(entry.path().string());
    return all;
}

void encrypted(Stage& stage, Evidence& evidence)
{
    People people(stage);
    people.make("planted.owner@example.org", R"(["admin"])");
    const auto ann = people.make("planted.ann@example.org", R"(["viewer"])");
    people.signIn("planted.ann@example.org");
    people.openly("POST", "/v1/password/forgot", R"({"email":"planted.ann@example.org"})");
    stage.stopBackend();
    const auto files = filesOf(stage);
    require(files.find(ann) != std::string::npos, "the account is nowhere: nothing was looked at");
    const auto credentials = json::Document::parse(slurp(stage.credentialsFile()));
    const std::string secret((*credentials)["secretKey"].stringOr({}));
    for (const std::string& planted :
         {std::string("planted.ann"), std::string("planted.owner"), std::string("a drill's desk"),
          std::string("Planted Name"), std::string(kPeoplesPassword), secret})
        require(files.find(planted) == std::string::npos, "\"{}\" lies readable in the data folder",
                planted == secret ? "the broker's key" : planted);
    evidence.note("{} KiB of data folder: no address, name, device, password or broker key in them",
                  files.size() >> 10);
    stage.startBackend();
    require(stage.get("/v1/users?email=planted.ann%40example.org")["users"].size() == 1,
            "the address is not found any more");
    evidence.note("they are there all the same: found by address after the restart");
    requireTls(stage, evidence);
}

// ── TB-6.7 ───────────────────────────────────────────────────────────────────────────────────────

struct Seen {
    int count = 0;
    std::string last;
};

Seen eventsOf(Stage& stage, std::string_view kind, std::string_view holding = {})
{
    Seen seen;
    for (const auto& event : stage.get("/v1/events?limit=1000")["events"].items())
        if (event["kind"].stringOr({}) == kind &&
            event.dump().find(holding) != std::string::npos) {
            ++seen.count;
            seen.last = event["payload"].dump();
        }
    return seen;
}

std::string awaitAlert(const StreamListener& ear, const std::string& title)
{
    const auto heard = ear.waitFor(10s, [&](const json::Value& message) {
        return message["kind"].stringOr({}) == "security.alert" &&
               message["notice"]["title"].stringOr({}) == title;
    });
    require(!heard.empty(), "expected the alert \"{}\" on the stream", title);
    return title;
}

void securityEvents(Stage& stage, Evidence& evidence)
{
    People people(stage);
    people.make("owner@example.org", R"(["admin"])");
    people.make("ann@example.org", R"(["viewer"])");
    const auto ear = stage.listen();
    require(!ear->waitFor(5s, [](const json::Value& message) {
                    return message["type"].stringOr({}) == "snapshot";
                }).empty(),
            "no snapshot");
    const auto ann = people.signIn("ann@example.org");
    const auto opened = eventsOf(stage, "session.opened", "\"newDevice\":true");
    require(opened.count == 1, "{} sign-ins on a new device in the log", opened.count);
    evidence.note("a new device: event session.opened {}, alert \"{}\"", opened.last,
                  awaitAlert(*ear, "Somebody signed in on a new device"));
    for (int i = 0; i < 5; ++i)
        people.openly("POST", "/v1/session",
                      People::credentials("ann@example.org", "a wrong guess once more"));
    const auto refused = eventsOf(stage, "session.refused");
    require(refused.count == 5, "{} of 5 failed sign-ins in the log", refused.count);
    evidence.note("five failed sign-ins: events session.refused {}, alert \"{}\"", refused.last,
                  awaitAlert(*ear, "Sign-ins are being refused"));
    for (int i = 0; i < 5; ++i) people.as(ann, "GET", "/v1/vault");
    stage.await("a denied call in the log", 5s,
                [&] { return eventsOf(stage, "access.denied", "/v1/vault").count == 1; });
    evidence.note("denied calls: event access.denied {}, alert \"{}\"",
                  eventsOf(stage, "access.denied", "/v1/vault").last,
                  awaitAlert(*ear, "Calls are being denied"));
    const auto used = eventsOf(stage, "vault.used");
    require(used.count > 0, "the use of the broker's key is not in the log");
    const auto rotated = stage.call("POST", "/v1/vault/rotate", R"({"what":"data-keys"})");
    require(rotated.status == 200 || rotated.status == 202, "no rotation: {}", rotated.body);
    evidence.note("{} uses of keys are events; a rotation is one too, alert \"{}\"", used.count,
                  awaitAlert(*ear, "Keys of the vault were rotated"));
    const auto metrics = stage.get("/metrics").body;
    for (const char* series :
         {"security_events_total{kind=\"session.refused\"} 5", "security_alerts_total",
          "auth_attempts_total", "identity_throttled_total", "identity_hashes{state=\"waiting\"}",
          "identity_access_tokens 1", "mail_waiting 0"})
        require(metrics.find(series) != std::string::npos, "/metrics lacks {}", series);
    evidence.note("/metrics counts them by kind, for a pager's rules");
}

} // namespace

std::vector<Drill> securityDrills()
{
    return {
        {"PE-6.2", "a program's token is used beyond its scope, altered, and after its key retired",
         "signed, a minute long, for named roles alone; keys rotate without a restart",
         {.isPrivate = true}, 60s, internalCalls},
        {"TB-2.4", "placeholders stand where keys belong; the live address without the switch",
         "no start on placeholders; paper by default; live only when it is said", {}, 60s,
         placeholders},
        {"TB-6.3", "every endpoint is called with every role, and without any",
         "each endpoint lets in the role that it declares, and no lesser one", {.isPrivate = true},
         120s, everyEndpointWithEveryRole},
        {"TB-6.5",
         "the data folder is read by somebody else; clients speak old TLS, or none; servers are named "
         "without TLS",
         "personal data and secrets are encrypted at rest; TLS 1.2 or newer beyond loopback, in and "
         "out",
         {.isPrivate = true}, 90s, encrypted},
        {"TB-6.7", "sign-ins fail, calls are denied, a new device appears, keys are used",
         "each is an event in the log, counted, and told to operators as an alert",
         {.isPrivate = true}, 60s, securityEvents},
    };
}

} // namespace qd::drills

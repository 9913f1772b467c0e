// People: accounts, passwords, guesses and sessions.
#include <algorithm>
#include <set>
#include <thread>

#include "models/accounts/proof_of_work.h"
#include "services/drills/cases/cases.h"
#include "services/drills/cases/people.h"
#include "services/drills/local_caller.h"
#include "services/storage/database.h"

namespace qd::drills {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

void runSql(Stage& stage, const char* sql)
{
    auto database = storage::Database::open(stage.databaseFile(), storage::Durability::Off);
    require(database.has_value(), "the database cannot be opened: {}", whyNot(database));
    const auto done = database->execute(sql);
    require(done.has_value(), "\"{}\" failed: {}", sql, whyNot(done));
}

std::int64_t rowsOf(Stage& stage, const std::string& table)
{
    auto database = storage::Database::openReadOnly(stage.databaseFile());
    require(database.has_value(), "the database cannot be read: {}", whyNot(database));
    auto statement = database->prepare("SELECT count(*) FROM " + table);
    require(statement.has_value() && statement->step().value_or(false), "no count of {}", table);
    return statement->integer(0);
}

std::string cellsOf(const json::Value& texts)
{
    std::string all;
    for (const auto& text : texts.items())
        all += (all.empty() ? "" : ", ") + std::string(text.stringOr({}));
    return all;
}

// ── PE-1.2 ───────────────────────────────────────────────────────────────────────────────────────

/// What is stored of every password, but for its salt and its tag.
void requireCostlyHashes(Stage& stage, Evidence& evidence)
{
    const std::string head = "$argon2id$v=19$m=65536,t=3,p=1,keyid=";
    auto database = storage::Database::openReadOnly(stage.databaseFile());
    require(database.has_value(), "the database cannot be read: {}", whyNot(database));
    auto statement = database->prepare("SELECT password FROM identity_users");
    require(statement.has_value(), "the hashes cannot be read: {}", whyNot(statement));
    int hashes = 0;
    for (; statement->step().value_or(false); ++hashes) {
        const std::string stored(statement->text(0));
        require(stored.starts_with(head), "a password is stored as {}…", stored.substr(0, 40));
    }
    require(hashes > 1, "expected the hash of who signed up too, were {}", hashes);
    evidence.note("{} passwords are stored as {}…", hashes, head);
}

void profileNotWritten(Stage& stage, Evidence& evidence)
{
    People people(stage);
    people.make("owner@example.org", R"(["admin"])");
    const auto body = People::newcomer("ann@example.org", kPeoplesPassword);
    runSql(stage, "CREATE TRIGGER drill_no_profile BEFORE INSERT ON identity_profiles BEGIN"
                  " SELECT RAISE(ABORT, 'the profile cannot be written'); END");
    const auto refused = people.openly("POST", "/v1/sign-up", body);
    require(refused.status == 503, "expected 503 while profiles cannot be written, was {} {}",
            refused.status, refused.body);
    require(!refused.headers.find("Retry-After").empty() && !refused.text("code").empty(),
            "nothing to act on: {}", refused.body);
    const auto users = rowsOf(stage, "identity_users"), profiles = rowsOf(stage, "identity_profiles");
    require(users == 1 && profiles == 1, "expected the owner alone, were {} accounts, {} profiles",
            users, profiles);
    require(rowsOf(stage, "identity_outbox") == 0, "a mail was queued for an account that is not there");
    evidence.note("no profile can be written: {} {} ({}), Retry-After {}; {} account, {} profile",
                  refused.status, refused.text("code"), refused.text("title"),
                  refused.headers.find("Retry-After"), users, profiles);
    runSql(stage, "DROP TRIGGER drill_no_profile");
    const auto again = people.openly("POST", "/v1/sign-up", body);
    require(again.status == 202, "the same sign-up again was refused: {} {}", again.status,
            again.body);
    require(rowsOf(stage, "identity_users") == 2 && rowsOf(stage, "identity_profiles") == 2,
            "expected an account with its profile");
    evidence.note("the same sign-up again: {}; account and profile are there", again.status);
    stage.restartBackend();
    require(people.count() == 2, "after kill -9 there are {} accounts", people.count());
    evidence.note("both are there after kill -9 too");
    requireCostlyHashes(stage, evidence);
}

// ── PE-1.3 ───────────────────────────────────────────────────────────────────────────────────────

/// How `origin` fares over HTTP and as a WebSocket; empty: a program without one.
struct Fares {
    int http = 0, webSocket = 0;
};
Fares faresOf(Stage& stage, const std::string& origin)
{
    CallOptions options;
    if (!origin.empty()) options.headers.set("Origin", origin);
    const auto answer = stage.api().call("GET", "/v1/positions", {}, options);
    const auto upgraded =
        LocalCaller("127.0.0.1", stage.api().baseUrl()).upgrade("/v1/stream", origin);
    require(answer && upgraded, "no answer: {} {}", whyNot(answer), whyNot(upgraded));
    return {answer->status, *upgraded};
}

void foreignOrigins(Stage& stage, Evidence& evidence)
{
    const auto closed = faresOf(stage, "https://desk.example");
    require(closed.http == 403 && closed.webSocket == 403,
            "no origin is allowed, and one was let in: {} {}", closed.http, closed.webSocket);
    evidence.note("none set: https://desk.example gets 403 and 403");
    auto arguments = stage.backendArguments({"data-dir"});
    arguments.push_back("--data-dir=" + stage.folder() + "/never");
    arguments.push_back("--api-allowed-origins=https://desk.example,*");
    const auto child = stage.run("wildcard", stage.programs().backend, arguments);
    const auto exit = child->waitFor(10s);
    require(exit && exit->code == 78 &&
                child->errors().find("api.allowed_origins") != std::string::npos,
            "expected a refused start that names api.allowed_origins, was {}", child->errors());
    evidence.note("\"*\" among them: the start is refused, exit code 78");

    stage.stopBackend();
    stage.addBackendOption("api-allowed-origins=https://desk.example");
    stage.startBackend();
    for (const char* origin : {"https://evil.example", "null", "https://desk.example.evil",
                               "http://desk.example", "https://desk.example:444"}) {
        const auto fares = faresOf(stage, origin);
        require(fares.http == 403 && fares.webSocket == 403, "{} was let in: {} {}", origin,
                fares.http, fares.webSocket);
    }
    evidence.note("five foreign origins: 403 on HTTP and on the WebSocket upgrade");
    const auto named = faresOf(stage, "https://desk.example");
    require(named.http == 200 && named.webSocket == 101, "the named origin is refused: {} {}",
            named.http, named.webSocket);
    require(faresOf(stage, "").http == 200, "programs without an origin are refused");
    evidence.note("https://desk.example, named in api.allowed_origins: 200 and 101");
}

// ── PE-1.4 ───────────────────────────────────────────────────────────────────────────────────────

void weakPasswords(Stage& stage, Evidence& evidence)
{
    People people(stage);
    people.make("owner@example.org", R"(["admin"])");
    struct Weak {
        const char* password;
        const char* reason;
    };
    const Weak weak[] = {
        {"short1!", "too_short"},
        {"password1234", "common"},
        {"P@ssw0rd2024!", "common"},
        {"qwertyuiop123", "common"},
        {"aaaaaaaaaaaaaaaa", "common"},
        {"abcdefghijklmn", "too_guessable"},
        {"ann@example.org", "user_word"},
        {"quarterdeck2026", "user_word"},
    };
    for (const auto& each : weak) {
        const auto refused =
            people.openly("POST", "/v1/sign-up", People::newcomer("ann@example.org", each.password));
        require(refused.status == 422 && refused.text("code") == "identity.weak_password",
                "\"{}\" was answered {} {}", each.password, refused.status, refused.body);
        const auto reasons = refused["reasons"].strings();
        require(reasons && std::ranges::find(*reasons, each.reason) != reasons->end(),
                "\"{}\": expected the reason {}, was {}", each.password, each.reason, refused.body);
        require(refused["suggestions"].size() > 0, "\"{}\": no suggestion", each.password);
        evidence.note("\"{}\": score {}, {}; {}", each.password, refused["score"].integerOr(-1),
                      fmt::join(*reasons, ", "), cellsOf(refused["suggestions"]));
    }
    require(people.count() == 1, "an account was made with a weak password");
    const auto taken =
        people.openly("POST", "/v1/sign-up", People::newcomer("ann@example.org", kPeoplesPassword));
    require(taken.status == 202, "a strong one was refused: {}", taken.body);
    const auto in = people.signIn("owner@example.org");
    const auto changed = people.as(in, "PUT", "/v1/password",
                                   std::string(R"({"current":")") + kPeoplesPassword +
                                       R"(","password":"password1234"})");
    require(changed.status == 422, "a weak one was taken in a change: {}", changed.body);
    evidence.note("\"{}\" is taken; in a change of password the same rules hold", kPeoplesPassword);
}

// ── PE-1.5 ───────────────────────────────────────────────────────────────────────────────────────

constexpr int kGuesses = 100, kFloods = 5, kFreeGuesses = 5;
constexpr milliseconds kVictimWaitsMax = 1s;

struct Guessing {
    std::vector<Answer> answers;
    int judged = 0, held = 0, puzzles = 0;
};

/// All at once, each from a network of its own.
Guessing guessInParallel(Stage& stage, const std::string& email)
{
    std::vector<std::thread> threads;
    Guessing guessing;
    guessing.answers.resize(kGuesses);
    const auto url = stage.api().baseUrl();
    for (int i = 0; i < kGuesses; ++i)
        threads.emplace_back([&guessing, i, url, email] {
            const LocalCaller caller("127.1." + std::to_string(i + 1) + ".1", url);
            auto answer = caller.call("POST", "/v1/session",
                                      People::credentials(email, "a wrong guess, number " +
                                                                     std::to_string(i)));
            if (answer) guessing.answers[static_cast<std::size_t>(i)] = std::move(*answer);
        });
    for (auto& thread : threads) thread.join();
    for (const auto& answer : guessing.answers) {
        const auto code = answer.text("code");
        guessing.judged += code == "identity.wrong_credentials";
        guessing.puzzles += code == "identity.proof_needed";
        guessing.held += code == "identity.wait" || code == "gateway.rate_limited" ||
                         code == "identity.busy";
    }
    return guessing;
}

/// The text of an answer without what differs each time.
std::string wordsOf(const Answer& answer)
{
    return answer.text("title") + "|" + answer.text("code") + "|" + answer.text("detail");
}

double medianMs(std::vector<double> values)
{
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Known and unknown addresses, turn by turn, each from a network of its own so that none waits.
void requireAlike(Stage& stage, Evidence& evidence)
{
    std::vector<double> known, unknown;
    for (int i = 0; i < 8; ++i) {
        const auto from = [&](int side) {
            return "127." + std::to_string(20 + i) + "." + std::to_string(side) + ".1";
        };
        // A fresh account each time: five failures of one would bring a puzzle.
        const auto email = "timed" + std::to_string(i / 4) + "@example.org";
        const auto url = stage.api().baseUrl();
        const auto wrong = LocalCaller(from(1), url).call(
            "POST", "/v1/session", People::credentials(email, "not the password, surely"));
        const auto nobody = LocalCaller(from(2), url).call(
            "POST", "/v1/session",
            People::credentials("nobody" + std::to_string(i / 4) + "@example.org",
                                "not the password, surely"));
        require(wrong && nobody, "no answer: {} {}", whyNot(wrong), whyNot(nobody));
        require(wrong->status == 403 && nobody->status == 403 && wordsOf(*wrong) == wordsOf(*nobody),
                "they differ: {} | {}", wrong->body, nobody->body);
        known.push_back(millisOf(wrong->took));
        unknown.push_back(millisOf(nobody->took));
    }
    const double ratio = medianMs(known) / medianMs(unknown);
    require(ratio > 0.6 && ratio < 1.67, "known {:.0f} ms, unknown {:.0f} ms: the time tells",
            medianMs(known), medianMs(unknown));
    evidence.note("known and unknown addresses: the same words; median {:.0f} and {:.0f} ms",
                  medianMs(known), medianMs(unknown));
}

/// One network alone, against many accounts and the form for newcomers.
void requireNetworkIsHeld(Stage& stage, Evidence& evidence)
{
    const LocalCaller caller("127.66.1.1", stage.api().baseUrl());
    int passed = 0, held = 0;
    for (int i = 0; i < 60 && held < 5; ++i) {
        const auto answer =
            caller.call("POST", "/v1/password/forgot",
                        R"({"email":"spray)" + std::to_string(i) + R"(@example.org"})");
        require(answer.has_value(), "no answer: {}", whyNot(answer));
        passed += answer->status == 202;
        held += answer->status == 429 && !answer->headers.find("Retry-After").empty();
    }
    require(held >= 5 && passed <= 31, "one network: {} passed, {} were held", passed, held);
    const auto newcomer = caller.call("POST", "/v1/sign-up",
                                      People::newcomer("spray@example.org", kPeoplesPassword));
    require(newcomer && newcomer->status == 429, "the form for newcomers is still open: {}",
            newcomer ? newcomer->body : whyNot(newcomer));
    evidence.note("one network that tries many addresses: {} passed, then 429 with Retry-After, for "
                  "newcomers too",
                  passed);
}

/// One guesser at one account, who waits as told and solves what is asked.
void requireWaitsGrow(Stage& stage, Evidence& evidence, const std::string& email)
{
    const LocalCaller guesser("127.77.1.1", stage.api().baseUrl());
    std::vector<std::int64_t> waits;
    std::string proof;
    for (int i = 0; i < 40 && waits.size() < 3; ++i) {
        const auto answer = guesser.call(
            "POST", "/v1/session",
            People::credentials(email, "wrong once more, alas", R"(,"proof":")" + proof + "\""));
        require(answer.has_value(), "no answer: {}", whyNot(answer));
        proof.clear();
        if (answer->status == 429) {
            waits.push_back((*answer)["retryAfterMs"].integerOr(0));
            pauseFor(std::chrono::milliseconds(waits.back() + 50));
        } else if (answer->text("code") == "identity.proof_needed") {
            const auto challenge = ProofChallenge::parse(answer->text("challenge"));
            require(challenge.has_value(), "no challenge in {}", answer->body);
            proof = solveProof(*challenge, [] { return false; }).value().text();
        }
    }
    require(waits.size() == 3 && waits[2] > waits[0], "the waits do not grow: {}",
            fmt::join(waits, ", "));
    evidence.note("one guesser at one account waits {} ms after the failures from the 5th on",
                  fmt::join(waits, ", "));
}

/// The owner of an account signs in from their own network, on a device that is known.
Result<Answer> signInKnown(const std::string& url, const std::string& email,
                           const std::string& deviceKey)
{
    return LocalCaller("127.99.1.1", url)
        .call("POST", "/v1/session",
              People::credentials(email, kPeoplesPassword,
                                  R"(,"deviceKey":")" + deviceKey + "\""));
}

milliseconds tookOf(const Result<Answer>& answer)
{
    require(answer && answer->status == 200, "the account's owner: {}",
            answer ? std::to_string(answer->status) + " " + answer->text("code")
                   : whyNot(answer));
    return std::chrono::duration_cast<milliseconds>(answer->took);
}

void requireHeld(const Guessing& guessing, int judgedMax, Evidence& evidence)
{
    require(guessing.judged > 0 && guessing.judged <= judgedMax,
            "{} of {} parallel guesses were judged, the limit is {}", guessing.judged, kGuesses,
            judgedMax);
    require(guessing.judged + guessing.held + guessing.puzzles == kGuesses,
            "{} judged, {} held, {} puzzles of {}", guessing.judged, guessing.held,
            guessing.puzzles, kGuesses);
    evidence.note("{} guesses side by side at one account, from as many networks: {} judged, {} "
                  "asked for a proof of work, {} told to wait",
                  kGuesses, guessing.judged, guessing.puzzles, guessing.held);
}

/// A hundred guesses at an account that nobody uses meanwhile. Then strangers work; its owner does
/// not.
void requireOwnerIsNotLockedOut(Stage& stage, Evidence& evidence)
{
    const std::string email = "guessed@example.org";
    People people(stage);
    people.make(email, R"(["viewer"])");
    const auto own = people.signIn(email);
    requireHeld(guessInParallel(stage, email), kFreeGuesses, evidence);
    const auto url = stage.api().baseUrl();
    const auto puzzle =
        LocalCaller("127.78.1.1", url)
            .call("POST", "/v1/session", People::credentials(email, kPeoplesPassword));
    require(puzzle && puzzle->text("code") == "identity.proof_needed" &&
                !puzzle->text("challenge").empty(),
            "after {} failures a stranger needs a proof of work, was {}", kFreeGuesses,
            puzzle ? puzzle->body : whyNot(puzzle));
    const auto took = tookOf(signInKnown(url, email, own.deviceKey));
    evidence.note("after {} failures a stranger with the right password: {}; the owner on a known "
                  "device: signed in after {} ms",
                  kFreeGuesses, puzzle->text("code"), took.count());
}

/// A hundred guesses at the account of somebody who signs in meanwhile, and how long that took. Their
/// success forgives the failures so far, so there are free guesses before it and after it.
milliseconds floodTheOwner(Stage& stage, Evidence& evidence, const std::string& email)
{
    People people(stage);
    people.make(email, R"(["viewer"])");
    const auto own = people.signIn(email);
    Result<Answer> owner = fail(ErrorKind::Unavailable, "drill.call", "not asked");
    std::thread other([&owner, &own, &email, url = stage.api().baseUrl()] {
        pauseFor(50ms); // in the middle of it
        owner = signInKnown(url, email, own.deviceKey);
    });
    const auto guessing = guessInParallel(stage, email);
    other.join();
    requireHeld(guessing, 2 * kFreeGuesses, evidence);
    return tookOf(owner);
}

void unlimitedGuesses(Stage& stage, Evidence& evidence)
{
    People people(stage);
    people.make("owner@example.org", R"(["admin"])");
    people.make("timed0@example.org", R"(["viewer"])");
    people.make("timed1@example.org", R"(["viewer"])");
    people.make("slow@example.org", R"(["viewer"])");
    people.make("valid@example.org", R"(["viewer"])");
    const auto own = people.signIn("valid@example.org");
    requireAlike(stage, evidence);
    requireOwnerIsNotLockedOut(stage, evidence);

    const auto alone =
        tookOf(signInKnown(stage.api().baseUrl(), "valid@example.org", own.deviceKey));
    milliseconds best = 1h; // the machine may be shared: the best of so many counts
    for (int i = 0; i < kFloods && best >= kVictimWaitsMax; ++i)
        best = std::min(best, floodTheOwner(stage, evidence,
                                            "flooded" + std::to_string(i) + "@example.org"));
    require(best < kVictimWaitsMax, "the owner meanwhile waited {} ms, alone {} ms", best.count(),
            alone.count());
    evidence.note("the owner on a known device meanwhile: signed in after {} ms, alone after {} ms",
                  best.count(), alone.count());

    requireWaitsGrow(stage, evidence, "slow@example.org");
    requireNetworkIsHeld(stage, evidence);
}

// ── PE-1.6 ───────────────────────────────────────────────────────────────────────────────────────

void parallelRefresh(Stage& stage, Evidence& evidence)
{
    constexpr int kClients = 20;
    People people(stage);
    people.make("owner@example.org", R"(["admin"])");
    const auto in = people.signIn("owner@example.org");
    std::vector<std::future<Result<wire::HttpResponse>>> asked;
    for (int i = 0; i < kClients; ++i)
        asked.push_back(stage.api().begin("POST", "/v1/session/refresh", in.refreshBody()));
    std::set<std::string> accessTokens, refreshTokens;
    for (auto& each : asked) {
        const auto answer = ApiClient::finish(each.get());
        require(answer && answer->status == 200, "a refresh was refused: {}",
                answer ? answer->body : whyNot(answer));
        accessTokens.insert(answer->text("accessToken"));
        refreshTokens.insert(answer->text("refreshToken"));
    }
    require(accessTokens.size() == 1 && refreshTokens.size() == 1,
            "{} clients got {} access and {} refresh tokens", kClients, accessTokens.size(),
            refreshTokens.size());
    int rotations = 0;
    for (const auto& event : stage.get("/v1/events?limit=1000")["events"].items())
        rotations += event["kind"].stringOr({}) == "session.refreshed";
    require(rotations == 1, "{} rotations are in the log", rotations);
    evidence.note("{} clients at once: one rotation in the log, everyone got the same two tokens",
                  kClients);
    SignedInDevice next = in;
    next.access = *accessTokens.begin();
    next.refresh = *refreshTokens.begin();
    require(people.as(next, "GET", "/v1/session").status == 200, "the new token is not good");
    const auto ear = std::make_unique<StreamListener>(stage.link(), stage.api().baseUrl(),
                                                      next.access);
    require(!ear->waitFor(5s, [](const json::Value& message) {
                    return message["type"].stringOr({}) == "snapshot";
                }).empty(),
            "no snapshot on the session's stream");
    pauseFor(10'500ms); // the grace is 10 seconds
    const auto replayed = people.openly("POST", "/v1/session/refresh", in.refreshBody());
    require(replayed.status == 401, "a replay after the grace was answered {} {}", replayed.status,
            replayed.body);
    require(people.as(next, "GET", "/v1/session").status == 401, "the family is still alive");
    require(people.openly("POST", "/v1/session/refresh", next.refreshBody()).status == 401,
            "the newest refresh token of the family still works");
    stage.await("the stream of the session ends", 3s, [&] { return ear->isClosed(); });
    evidence.note("replayed after its grace: refused, and access token, newest refresh token and "
                  "open stream of the family ended with it");
}

} // namespace

std::vector<Drill> accountDrills()
{
    return {
        {"PE-1.2", "profiles cannot be written while somebody signs up",
         "account and profile both exist or neither; an answer to act on; the same again works",
         {.isPrivate = true}, 60s, profileNotWritten},
        {"PE-1.3", "web pages of foreign origins call, over HTTP and WebSocket",
         "403, unless named; \"*\" is refused at start; none set means none",
         {.isPrivate = true}, 60s, foreignOrigins},
        {"PE-1.4", "people choose weak passwords",
         "short, guessable and common ones are refused with reason and suggestion",
         {.isPrivate = true}, 60s, weakPasswords},
        {"PE-1.5", "a hundred guesses at once, and one network that tries many addresses",
         "the limit is never passed, strangers work for their tries, known and unknown addresses "
         "answer alike, and the owner of a guessed account waits less than a second on a known "
         "device",
         {.isPrivate = true}, 120s, unlimitedGuesses, /*isAlone=*/true},
        {"PE-1.6", "twenty clients refresh one session at once; later a used token comes again",
         "one rotation and one answer for all; the replay ends the whole family",
         {.isPrivate = true}, 60s, parallelRefresh},
    };
}

} // namespace qd::drills

#include <algorithm>

#include <QDir>
#include <QFileInfo>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "models/accounts/proof_of_work.h"
#include "services/client/identity.h"
#include "services/client/net_session.h"
#include "services/client/people_api.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"
#include "tests/services/client/fake_gateway.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;
using namespace std::chrono_literals;

namespace {

const QByteArray kUser =
    R"({"id":"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0001","email":"ann@example.org",)"
    R"("displayName":"Ann","roles":["viewer","trader"],"emailVerified":true,"disabled":false,)"
    R"("secondFactor":"none","createdAt":"2026-01-05T15:00:00Z"})";

QByteArray tokens(const char* access, const char* refresh, int forMs, bool withUser)
{
    QByteArray body = QByteArray("{\"session\":\"s1\",\"accessToken\":\"") + access +
                      "\",\"accessExpiresInMs\":" + QByteArray::number(forMs) +
                      ",\"refreshToken\":\"" + refresh +
                      "\",\"refreshExpiresAt\":\"2026-02-05T15:00:00Z\"";
    if (withUser) body += ",\"deviceKey\":\"device-1\",\"user\":" + kUser;
    return body + "}";
}

QByteArray refusal(const char* code, const QByteArray& members = {})
{
    return QByteArray("{\"title\":\"No\",\"status\":403,\"code\":\"") + code + "\"" + members + "}";
}

QByteArray who(const char* roles)
{
    return QByteArray("{\"actor\":\"user:7c1f\",\"owner\":false,\"roles\":") + roles +
           ",\"user\":" + kUser + ",\"session\":null,\"steppedUpForMs\":0}";
}

/// A terminal that nobody has signed in to yet, before a backend of bytes.
struct Terminal {
    Terminal()
        : session({gateway.url(), runtime::Secret()}), keys(folder.filePath(QStringLiteral("keys"))),
          identity(session, keys, {.device = "desk, left", .retryMin = 10ms})
    {
        gateway.answers["POST /v1/session"] = {200, tokens("access-1", "refresh-1", 600'000, true)};
        gateway.answers["GET /v1/session"] = {200, who(R"(["viewer","trader"])")};
        gateway.answers["DELETE /v1/session"] = {200, "{}"};
    }
    std::optional<Answer<bool>> signIn(const char* code = "")
    {
        std::optional<Answer<bool>> kept;
        Credentials credentials{"ann@example.org", runtime::Secret("correct horse battery"),
                                runtime::Secret(code)};
        identity.signIn(std::move(credentials), &owner,
                        [&](const Answer<bool>& answer) { kept = answer; });
        (void)QTest::qWaitFor([&] { return kept.has_value(); }, kWithin);
        return kept;
    }
    int count(const QByteArray& verb, const QByteArray& target) const
    {
        return int(std::count_if(gateway.requests.begin(), gateway.requests.end(),
                                 [&](const auto& one) {
                                     return one.verb == verb && one.target == target;
                                 }));
    }
    QByteArray lastHeaders(const QByteArray& target) const
    {
        for (auto one = gateway.requests.rbegin(); one != gateway.requests.rend(); ++one) {
            if (one->target == target) return one->headers;
        }
        return {};
    }

    QTemporaryDir folder;
    test::FakeGateway gateway;
    NetSession session;
    FileKeyStore keys;
    Identity identity;
    QObject owner;
};

QByteArray puzzle()
{
    ProofChallenge challenge;
    challenge.salt = std::string(32, 'a');
    challenge.iterations = 10;
    challenge.tries = 40;
    challenge.expiresAt = Timestamp::of("2030-01-01T00:00:00Z");
    challenge.signature = std::string(64, 'b');
    return QByteArray::fromStdString(challenge.text());
}

} // namespace

/// Who sits at the terminal, over real sockets: tokens, puzzles, refusals that are taken care of.
class IdentityTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void signingInTellsWhoAndCarriesTheToken()
    {
        Terminal terminal;
        QSignalSpy in(&terminal.identity, &Identity::signedIn);
        const auto answer = terminal.signIn();
        QVERIFY(answer && *answer);
        QCOMPARE(in.count(), 1);
        QVERIFY(terminal.identity.state() == Identity::State::SignedIn);
        QVERIFY(terminal.identity.may(Role::Trader));
        QVERIFY(!terminal.identity.may(Role::Admin));
        QTRY_COMPARE(terminal.count("GET", "/v1/session"), 1);
        QVERIFY(terminal.lastHeaders("/v1/session").contains("Authorization: Bearer access-1"));
        const auto& sign = terminal.gateway.requests.front();
        QVERIFY(!sign.headers.contains("Authorization"));
        QVERIFY(sign.body.contains("\"device\":\"desk, left\""));
        QVERIFY(sign.body.contains("\"deviceKey\":null"));
    }

    void theRefreshTokenIsInAPrivateFileAndTheAccessTokenIsNot()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        const QDir keys(terminal.folder.filePath(QStringLiteral("keys")));
        QByteArray all;
        for (const QFileInfo& file : keys.entryInfoList(QDir::Files)) {
            QVERIFY2(!(file.permissions() & (QFile::ReadGroup | QFile::ReadOther)),
                     qPrintable(file.fileName()));
            QFile open(file.filePath());
            QVERIFY(open.open(QIODevice::ReadOnly));
            all += open.readAll();
        }
        QVERIFY(all.contains("refresh-1"));
        QVERIFY(all.contains("device-1"));
        QVERIFY(!all.contains("access-1"));
    }

    void theSameDeviceSignsInByItselfAtTheNextStart()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        NetSession session({terminal.gateway.url(), runtime::Secret()});
        Identity next(session, terminal.keys, {});
        terminal.gateway.answers["POST /v1/session/refresh"] = {
            200, tokens("access-2", "refresh-2", 600'000, false)};
        std::optional<bool> isIn;
        next.resume([&](bool in) { isIn = in; });
        QTRY_VERIFY_WITH_TIMEOUT(isIn.has_value(), kWithin);
        QVERIFY(*isIn);
        QTRY_VERIFY_WITH_TIMEOUT(next.may(Role::Trader), kWithin);
        QVERIFY(terminal.gateway.requests.size() >= 3);
    }

    void aPuzzleIsSolvedAndSentAlongWithoutAnybodyDoingAnything()
    {
        Terminal terminal;
        terminal.gateway.answers["POST /v1/session"] = {
            403, refusal("identity.proof_needed", ",\"challenge\":\"" + puzzle() + "\"")};
        QSignalSpy stages(&terminal.identity, &Identity::stageChanged);
        connect(&terminal.identity, &Identity::stageChanged, &terminal.owner, [&] {
            if (terminal.identity.stage() != Identity::Stage::Solving) return;
            terminal.gateway.answers["POST /v1/session"] = {
                200, tokens("access-1", "refresh-1", 600'000, true)};
        });
        const auto answer = terminal.signIn();
        QVERIFY(answer && *answer);
        QByteArray body;
        for (const auto& one : terminal.gateway.requests) {
            if (one.verb == "POST" && one.body.contains("\"proof\":\"")) body = one.body;
        }
        const auto at = body.indexOf("\"proof\":\"") + 9;
        const auto proof = Proof::parse(body.mid(at, body.indexOf('"', at) - at).toStdString());
        QVERIFY(proof);
        QVERIFY(isSolved(*proof));
        QVERIFY(terminal.identity.stage() == Identity::Stage::Idle);
    }

    void aBackendThatAlwaysWantsAnotherPuzzleIsLeftAlone()
    {
        Terminal terminal;
        terminal.gateway.answers["POST /v1/session"] = {
            403, refusal("identity.proof_needed", ",\"challenge\":\"" + puzzle() + "\"")};
        const auto answer = terminal.signIn();
        QVERIFY(answer && !*answer);
        QCOMPARE(answer->error().code, std::string("identity.proof_needed"));
        QVERIFY(terminal.gateway.requests.size() <= 4);
    }

    void aCancelledPuzzleIsNotAnswered()
    {
        Terminal terminal;
        ProofChallenge endless = *ProofChallenge::parse(puzzle().toStdString());
        endless.iterations = ProofChallenge::kIterationsMax;
        endless.tries = ProofChallenge::kTriesMax;
        terminal.gateway.answers["POST /v1/session"] = {
            403, refusal("identity.proof_needed",
                         ",\"challenge\":\"" + QByteArray::fromStdString(endless.text()) + "\"")};
        bool wasAnswered = false;
        terminal.identity.signIn({"ann@example.org", runtime::Secret("x"), {}}, &terminal.owner,
                                 [&](const Answer<bool>&) { wasAnswered = true; });
        QTRY_VERIFY_WITH_TIMEOUT(terminal.identity.stage() == Identity::Stage::Solving, kWithin);
        terminal.identity.cancelProof();
        QVERIFY(terminal.identity.stage() == Identity::Stage::Idle);
        QCoreApplication::processEvents();
        QVERIFY(!wasAnswered);
    }

    void theTokenIsRenewedBeforeItEnds()
    {
        Terminal terminal;
        terminal.gateway.answers["POST /v1/session"] = {200,
                                                        tokens("access-1", "refresh-1", 400, true)};
        terminal.gateway.answers["POST /v1/session/refresh"] = {
            200, tokens("access-2", "refresh-2", 600'000, false)};
        QVERIFY(*terminal.signIn());
        QTRY_COMPARE_WITH_TIMEOUT(terminal.count("POST", "/v1/session/refresh"), 1, kWithin);
        QTRY_VERIFY_WITH_TIMEOUT(
            terminal.lastHeaders("/v1/session").contains("Bearer access-2"), kWithin);
    }

    void aCallThatCameTooLateIsRenewedForAndRepeatedOnce()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        QTRY_COMPARE_WITH_TIMEOUT(terminal.count("GET", "/v1/session"), 1, kWithin);
        terminal.gateway.answers["GET /v1/sessions"] = {
            401, R"({"title":"No","status":401,"code":"auth.invalid_token"})"};
        terminal.gateway.answers["POST /v1/session/refresh"] = {
            200, tokens("access-2", "refresh-2", 600'000, false)};
        int answers = 0;
        PeopleApi api(terminal.session);
        for (int i = 0; i < 3; ++i) {
            api.devices(&terminal.owner,
                        [&](const Answer<std::vector<DeviceFacts>>&) { ++answers; });
        }
        QTRY_COMPARE_WITH_TIMEOUT(answers, 3, kWithin);
        QCOMPARE(terminal.count("POST", "/v1/session/refresh"), 1); // one for all of them
        QCOMPARE(terminal.count("GET", "/v1/sessions"), 6);         // each repeated once, not more
        QVERIFY(terminal.lastHeaders("/v1/sessions").contains("Bearer access-2"));
    }

    void aSessionThatIsNoMoreEndsHereToo()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        QSignalSpy out(&terminal.identity, &Identity::signedOut);
        const QByteArray gone = R"({"title":"No","status":401,"code":"auth.invalid_token"})";
        terminal.gateway.answers["GET /v1/session"] = {401, gone};
        terminal.gateway.answers["POST /v1/session/refresh"] = {
            401, R"({"title":"No","status":401,"code":"identity.token_refused"})"};
        terminal.identity.lookAgain();
        QTRY_COMPARE_WITH_TIMEOUT(out.count(), 1, kWithin);
        QVERIFY(!out[0][0].toString().isEmpty());
        QVERIFY(terminal.identity.state() == Identity::State::Nobody);
        QVERIFY(!terminal.identity.may(Role::Viewer));
        std::optional<bool> isIn;
        terminal.identity.resume([&](bool in) { isIn = in; });
        QVERIFY(isIn && !*isIn); // its key is gone from the store
    }

    void aBackendThatIsAwayEndsNothing()
    {
        Terminal terminal;
        terminal.gateway.answers["POST /v1/session"] = {200,
                                                        tokens("access-1", "refresh-1", 100, true)};
        terminal.gateway.answers["POST /v1/session/refresh"] = {
            503, R"({"title":"Busy","status":503,"code":"identity.busy"})"};
        QVERIFY(*terminal.signIn());
        QTRY_VERIFY_WITH_TIMEOUT(terminal.count("POST", "/v1/session/refresh") >= 3, kWithin);
        QVERIFY(terminal.identity.state() == Identity::State::SignedIn);
        terminal.gateway.answers["POST /v1/session/refresh"] = {
            200, tokens("access-2", "refresh-2", 600'000, false)};
        QTRY_VERIFY_WITH_TIMEOUT(
            terminal.lastHeaders("/v1/session").contains("Bearer access-2"), kWithin);
    }

    void whatNeedsAnotherProofIsDoneByItselfAfterIt()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        terminal.gateway.answers["DELETE /v1/totp"] = {403, refusal("auth.step_up_required")};
        terminal.gateway.answers["POST /v1/session/step-up"] = {200, "{\"steppedUpForMs\":300000}"};
        QSignalSpy wanted(&terminal.identity, &Identity::stepUpWanted);
        PeopleApi api(terminal.session);
        std::optional<Answer<bool>> removed;
        api.removeTotp(&terminal.owner, [&](const Answer<bool>& answer) { removed = answer; });
        QTRY_COMPARE_WITH_TIMEOUT(wanted.count(), 1, kWithin);
        QVERIFY(!removed);
        terminal.gateway.answers["DELETE /v1/totp"] = {200, "{\"secondFactor\":\"none\"}"};
        terminal.identity.stepUp({{}, runtime::Secret("correct horse battery"), {}},
                                 &terminal.owner, [](const Answer<bool>&) {});
        QTRY_VERIFY_WITH_TIMEOUT(removed.has_value(), kWithin);
        QVERIFY(*removed);
    }

    void theTypedCallsAreRepeatedAfterAProofToo()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        terminal.gateway.answers["PUT /v1/trading"] = {403, refusal("auth.step_up_required")};
        terminal.gateway.answers["POST /v1/session/step-up"] = {200, "{\"steppedUpForMs\":300000}"};
        QSignalSpy wanted(&terminal.identity, &Identity::stepUpWanted);
        std::optional<Answer<TradingFacts>> resumed;
        terminal.session.setTrading(TradingState::Halted, "test", &terminal.owner,
                                    [&](const Answer<TradingFacts>& facts) { resumed = facts; });
        QTRY_COMPARE_WITH_TIMEOUT(wanted.count(), 1, kWithin);
        terminal.gateway.answers["PUT /v1/trading"] = {
            200, R"({"state":"halted","reason":"test","since":null,"differences":[]})"};
        terminal.identity.stepUp({{}, runtime::Secret("correct horse battery"), {}},
                                 &terminal.owner, [](const Answer<bool>&) {});
        QTRY_VERIFY_WITH_TIMEOUT(resumed.has_value(), kWithin);
        QVERIFY(*resumed);
    }

    void aProofThatIsNotGivenRefusesWhatWaitedForIt()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        terminal.gateway.answers["DELETE /v1/totp"] = {403, refusal("auth.step_up_required")};
        QSignalSpy wanted(&terminal.identity, &Identity::stepUpWanted);
        PeopleApi api(terminal.session);
        std::optional<Answer<bool>> removed;
        api.removeTotp(&terminal.owner, [&](const Answer<bool>& answer) { removed = answer; });
        QTRY_COMPARE_WITH_TIMEOUT(wanted.count(), 1, kWithin);
        terminal.identity.refuseStepUps();
        QVERIFY(removed && !*removed);
        QCOMPARE(removed->error().code, std::string("auth.step_up_required"));
        QCOMPARE(terminal.count("DELETE", "/v1/totp"), 1);
    }

    void signingOutTellsTheBackendAndForgetsTheKey()
    {
        Terminal terminal;
        QVERIFY(*terminal.signIn());
        QSignalSpy out(&terminal.identity, &Identity::signedOut);
        terminal.identity.signOut();
        QCOMPARE(out.count(), 1);
        QTRY_COMPARE_WITH_TIMEOUT(terminal.count("DELETE", "/v1/session"), 1, kWithin);
        QVERIFY(terminal.lastHeaders("/v1/session").contains("Bearer access-1"));
        QVERIFY(!QFileInfo::exists(
            terminal.folder.filePath(QStringLiteral("keys/session.refresh.key"))));
    }

    void aKeyThatMayNotBeReadIsToldOf()
    {
        Terminal terminal;
        QVERIFY(QDir().mkpath(terminal.folder.filePath(QStringLiteral("keys"))));
        QFile file(terminal.folder.filePath(QStringLiteral("keys/session.refresh.key")));
        QVERIFY(file.open(QIODevice::WriteOnly) && file.write("refresh-0") > 0);
        file.close();
        QVERIFY(file.setPermissions(QFileDevice::ReadOwner | QFileDevice::ReadOther));
        QSignalSpy problems(&terminal.identity, &Identity::keysProblemMet);
        std::optional<bool> resumed;
        terminal.identity.resume([&](bool isSignedIn) { resumed = isSignedIn; });
        QTRY_VERIFY_WITH_TIMEOUT(resumed.has_value(), kWithin);
        QVERIFY(!*resumed);
        QCOMPARE(problems.count(), 1);
    }

    void whoSignsInWhileTheKeyringIsBeingUnlockedIsNotDisturbedByWhatItHeld()
    {
        /// Somebody is asked for its password, and takes his time.
        class LockedKeys final : public KeyStore {
        public:
            void read(const std::string&, Found found) override { waiting.push_back(std::move(found)); }
            void write(const std::string& name, const runtime::Secret& value, Done done) override
            {
                written[name] = std::string(value.revealForUse());
                done({});
            }
            QString whereItIs() const override { return QStringLiteral("in a test"); }
            std::vector<Found> waiting;
            std::map<std::string, std::string> written;
        };
        Terminal terminal;
        LockedKeys keys;
        Identity identity(terminal.session, keys, {.device = "desk, left"});
        std::optional<bool> resumed;
        identity.resume([&](bool isSignedIn) { resumed = isSignedIn; });
        QVERIFY(!keys.waiting.empty() && !resumed);
        std::optional<Answer<bool>> in;
        identity.signIn({"ann@example.org", runtime::Secret("correct horse battery"), {}},
                        &terminal.owner, [&](const Answer<bool>& answer) { in = answer; });
        QTRY_VERIFY_WITH_TIMEOUT(in.has_value(), kWithin);
        QVERIFY(*in && resumed == true);
        for (const auto& found : keys.waiting) found(runtime::Secret("of last time"));
        for (int calls = 1; calls <= 3; ++calls) { // what was asked before them has come by then
            QTRY_COMPARE_WITH_TIMEOUT(terminal.count("GET", "/v1/session"), calls, kWithin);
            identity.lookAgain();
        }
        QCOMPARE(terminal.count("POST", "/v1/session/refresh"), 0);
        QCOMPARE(keys.written["session.refresh"], std::string("refresh-1"));
    }

    void aKeyFileThatOthersCanReadIsNotUsed()
    {
        const QTemporaryDir folder;
        FileKeyStore keys(folder.path());
        keys.write("session.refresh", runtime::Secret("token"), [](const Result<void>&) {});
        const QString path = folder.filePath(QStringLiteral("session.refresh.key"));
        QVERIFY(QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner |
                                                QFile::ReadGroup));
        std::optional<Result<runtime::Secret>> read;
        keys.read("session.refresh",
                  [&](Result<runtime::Secret> secret) { read.emplace(std::move(secret)); });
        QVERIFY(read && !*read);
        QCOMPARE(read->error().code, std::string("client.key_store"));
    }
};

QD_QT_SUITE(IdentityTest)
#include "identity_test.moc"

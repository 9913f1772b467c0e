// The conversation follows who sits at the terminal: real sockets, a backend of bytes.
#include <set>

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/identity.h"
#include "services/client/net_session.h"
#include "services/client/presence.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"
#include "tests/services/client/fake_gateway.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;
using namespace std::chrono_literals;

namespace {

const QByteArray kBen =
    R"({"id":"7c1f1f2e-5f0a-4d7b-9a54-3f6f6b1c0002","email":"ben@example.org",)"
    R"("displayName":"Ben","roles":["viewer"],"emailVerified":true,"disabled":false,)"
    R"("secondFactor":"none","createdAt":"2026-01-05T15:00:00Z"})";

NetSettings soon()
{
    NetSettings settings;
    settings.retryMin = 10ms;
    settings.retryMax = 50ms;
    settings.silenceMax = 10min; // nothing begins anew for want of news
    return settings;
}

struct Seat {
    Seat()
        : session({gateway.url(), runtime::Secret()}, soon()),
          keys(folder.filePath(QStringLiteral("keys"))), identity(session, keys, {.retryMin = 10ms})
    {
        followIdentity(session, identity);
        gateway.answers["POST /v1/session"] = {
            200, R"({"session":"s1","accessToken":"access-1","accessExpiresInMs":600000,)"
                 R"("refreshToken":"refresh-1","refreshExpiresAt":"2036-02-05T15:00:00Z",)"
                 R"("deviceKey":"device-1","user":)" + kBen + "}"};
        gateway.answers["GET /v1/session"] = {
            200, R"({"actor":"user:7c1f","owner":false,"roles":["viewer"],"user":)" + kBen +
                     R"(,"session":null,"steppedUpForMs":0})"};
        gateway.answers["DELETE /v1/session"] = {200, "{}"};
        gateway.answers["GET /v1/instruments"] = {200, R"({"instruments":[]})"};
        gateway.expectedToken = "access-1";
        QObject::connect(&session, &Session::linkChanged, &owner,
                         [this](const LinkFacts& facts) { link = facts.state; });
    }
    void signIn()
    {
        identity.signIn({"ben@example.org", runtime::Secret("correct horse battery"), {}}, &owner,
                        [](const Answer<bool>&) {});
    }
    bool isOnline() const { return link == LinkState::Online; }

    QTemporaryDir folder;
    FakeGateway gateway;
    NetSession session;
    FileKeyStore keys;
    Identity identity;
    QObject owner;
    std::optional<LinkState> link;
};

} // namespace

class PresenceTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingIsAskedForBeforeSomebodySignsIn()
    {
        Seat seat;
        QTest::qWait(100); // that nothing comes is what is looked for
        QCOMPARE(seat.gateway.connections, 0);
        seat.signIn();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
        QCOMPARE(seat.gateway.hellos.back()[QStringLiteral("token")].toString(),
                 QStringLiteral("access-1"));
    }

    void signingOutEndsTheStreamAndForgetsTheToken()
    {
        Seat seat;
        seat.signIn();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
        QSignalSpy hungUp(seat.gateway.socket, &QWebSocket::disconnected);
        const int before = seat.gateway.connections;
        seat.identity.signOut();
        QTRY_COMPARE_WITH_TIMEOUT(hungUp.count(), 1, kWithin);
        QTRY_VERIFY_WITH_TIMEOUT(seat.link == LinkState::Offline, kWithin);
        QTest::qWait(200); // many times the wait between two tries
        QCOMPARE(seat.gateway.connections, before); // nobody comes back
        answerOf<std::string>(
            [&](auto reply) { seat.session.call({"GET", "/v1/instruments"}, &seat.owner, reply); });
        QVERIFY(!seat.gateway.requests.back().headers.contains("access-1"));
    }

    void whoSignsInNextIsGreetedAnew()
    {
        Seat seat;
        seat.signIn();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
        seat.identity.signOut();
        QTRY_VERIFY_WITH_TIMEOUT(seat.link == LinkState::Offline, kWithin);
        seat.gateway.expectedToken = "access-2";
        auto& answer = seat.gateway.answers["POST /v1/session"].body;
        answer.replace("access-1", "access-2");
        QSignalSpy pictures(&seat.session, &Session::snapshotArrived);
        seat.signIn();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
        QCOMPARE(seat.gateway.hellos.back()[QStringLiteral("token")].toString(),
                 QStringLiteral("access-2"));
        QTRY_COMPARE_WITH_TIMEOUT(pictures.count(), 1, kWithin); // not the rest of another's
    }

    void whoComesBackIsLetInOnceItIsKnownWhatTheyMayDo()
    {
        Seat seat;
        seat.signIn();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
        seat.gateway.answers["POST /v1/session/refresh"] = {
            200, R"({"session":"s1","accessToken":"access-2","accessExpiresInMs":600000,)"
                 R"("refreshToken":"refresh-2","refreshExpiresAt":"2036-02-05T15:00:00Z"})"};
        const auto who = seat.gateway.answers["GET /v1/session"];
        seat.gateway.answers["GET /v1/session"] = {503, R"({"title":"Busy","status":503,"code":"x"})"};
        seat.gateway.expectedToken = "access-2";
        NetSession session({seat.gateway.url(), runtime::Secret()}, soon());
        Identity next(session, seat.keys, {.retryMin = 10ms});
        followIdentity(session, next);
        int letIn = 0;
        bool mayLook = false;
        connect(&next, &Identity::signedIn, &seat.owner, [&] {
            ++letIn;
            mayLook = next.may(Role::Viewer);
        });
        next.resume([](bool) {});
        QTRY_VERIFY_WITH_TIMEOUT(next.state() == Identity::State::SignedIn, kWithin);
        QTest::qWait(50); // the backend does not say it yet, though it is asked
        QCOMPARE(letIn, 0);
        seat.gateway.answers["GET /v1/session"] = who;
        QTRY_COMPARE_WITH_TIMEOUT(letIn, 1, kWithin);
        QVERIFY(mayLook);
    }

    void theOwnerIsConnectedWithTheTokenOfTheFile()
    {
        Seat seat;
        seat.gateway.expectedToken = "owners";
        seat.session.setServer({seat.gateway.url(), runtime::Secret("owners")});
        seat.identity.beOwner();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
    }

    void whoSignsInWhereTheOwnerSatIsGreetedAsThemselves()
    {
        Seat seat;
        seat.gateway.expectedToken = "owners";
        seat.session.setServer({seat.gateway.url(), runtime::Secret("owners")});
        seat.identity.beOwner();
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
        seat.gateway.expectedToken = "access-1";
        seat.signIn();
        QTRY_COMPARE_WITH_TIMEOUT(seat.gateway.hellos.back()[QStringLiteral("token")].toString(),
                                  QStringLiteral("access-1"), kWithin);
        QTRY_VERIFY_WITH_TIMEOUT(seat.isOnline(), kWithin);
    }

    void eachBackendHasKeysOfItsOwn()
    {
        QCOMPARE(keyNameOf({}), std::string("embedded"));
        QCOMPARE(keyNameOf(QUrl(QStringLiteral("wss://desk.example.org"))),
                 std::string("backend-desk.example.org-443"));
        std::set<std::string> names;
        for (const char* url : {"wss://desk.example.org", "wss://desk.example.org:8443",
                                "wss://desk_example.org", "wss://desk-example.org", "wss://[::1]",
                                "wss://[1::]", "wss://127.0.0.1"})
            names.insert(keyNameOf(QUrl(QLatin1String(url))));
        QCOMPARE(names.size(), std::size_t(7));
        QCOMPARE(keyNameOf(QUrl(QStringLiteral("https://DESK.example.org:443"))),
                 std::string("backend-desk.example.org-443")); // one however it is written
        QTemporaryDir folder;
        FileKeyStore keys(folder.filePath(QStringLiteral("keys")));
        for (const std::string& name : names) { // each makes a file
            Result<void> kept;
            keys.write(name + ".refresh", runtime::Secret("x"), [&](Result<void> done) { kept = done; });
            QVERIFY(kept.has_value());
        }
    }
};

QD_QT_SUITE(PresenceTest)
#include "presence_test.moc"

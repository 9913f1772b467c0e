// People before the real backend, as the terminal lets them in.
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/identity.h"
#include "services/client/people_api.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;

namespace {

constexpr const char* kEmail = "ann@example.org";
constexpr const char* kPassword = "umbrella clockwork fjord";

/// A backend of its own, its owner, and a terminal elsewhere that nobody has signed in to.
struct House {
    House() : embedded(embeddedIn(folder)), owner({}), elsewhere({})
    {
        embedded.start();
    }
    bool open()
    {
        if (!QTest::qWaitFor([this] { return embedded.isReady(); }, kWithin)) return false;
        auto address = embedded.address();
        if (!address) return false;
        elsewhere.setServer({address->url, runtime::Secret()});
        owner.setServer(std::move(*address));
        return true;
    }
    Answer<User> makeAnn()
    {
        NewUser user{kEmail, "Ann", runtime::Secret(kPassword),
                     {Role::Viewer, Role::Trader, Role::Admin}};
        return answerOf<User>(
            [&](auto reply) { PeopleApi(owner).createUser(user, &context, reply); });
    }
    Answer<bool> signIn(Identity& identity, const char* password)
    {
        return answerOf<bool>([&](auto reply) {
            identity.signIn({kEmail, runtime::Secret(password), {}}, &context, reply);
        });
    }

    QTemporaryDir folder;
    EmbeddedBackend embedded;
    NetSession owner, elsewhere;
    QObject context;
};

} // namespace

class PeopleLiveTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void anAccountIsMadeUsedProvenAndItsSessionEndedByAnother()
    {
        if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        House house;
        QVERIFY(house.open());
        const auto ann = house.makeAnn();
        QVERIFY2(ann, ann ? "" : ann.error().code.c_str());

        FileKeyStore keys(house.folder.filePath(QStringLiteral("keys")));
        Identity identity(house.elsewhere, keys, {.device = "desk, left"});
        std::optional<LinkState> link;
        connect(&house.elsewhere, &Session::linkChanged, &house.context,
                [&](const LinkFacts& facts) {
                    link = facts.state;
                    identity.takeLink(facts);
                });
        const auto wrong = house.signIn(identity, "umbrella clockwork fjards");
        QVERIFY(!wrong);
        QCOMPARE(wrong.error().code, std::string("identity.wrong_credentials"));
        const auto right = house.signIn(identity, kPassword);
        QVERIFY2(right, right ? "" : right.error().code.c_str());
        QVERIFY(identity.may(Role::Admin));
        house.elsewhere.rejoin();
        QTRY_VERIFY_WITH_TIMEOUT(link == LinkState::Online, kWithin);

        const auto devices = answerOf<std::vector<DeviceFacts>>(
            [&](auto reply) { PeopleApi(house.elsewhere).devices(&house.context, reply); });
        QVERIFY(devices);
        QCOMPARE(devices->size(), std::size_t(1));
        QVERIFY(devices->front().isCurrent);
        QCOMPARE(devices->front().session.device.text(), std::string("desk, left"));

        // What wants a proof gets it, and is done by itself.
        connect(&identity, &Identity::stepUpWanted, &house.context, [&] {
            identity.stepUp({{}, runtime::Secret(kPassword), {}}, &house.context,
                            [](const Answer<bool>&) {});
        });
        const auto totp = answerOf<std::shared_ptr<TotpFacts>>(
            [&](auto reply) { PeopleApi(house.elsewhere).enrolTotp(&house.context, reply); });
        QVERIFY2(totp, totp ? "" : totp.error().code.c_str());
        QVERIFY((*totp)->uri.revealForUse().starts_with("otpauth://totp/"));

        QSignalSpy out(&identity, &Identity::signedOut);
        const auto ended = answerOf<bool>([&](auto reply) {
            PeopleApi(house.owner).endDevicesOf(ann->id, &house.context, reply);
        });
        QVERIFY2(ended, ended ? "" : ended.error().code.c_str());
        QTRY_COMPARE_WITH_TIMEOUT(out.count(), 1, kWithin); // the stream told
        QVERIFY(!out[0][0].toString().isEmpty());
    }

    void aDeviceThatIsKnownComesBackWithoutAPassword()
    {
        if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        House house;
        QVERIFY(house.open());
        QVERIFY(house.makeAnn());
        FileKeyStore keys(house.folder.filePath(QStringLiteral("keys")));
        {
            Identity first(house.elsewhere, keys, {});
            QVERIFY(house.signIn(first, kPassword));
        }
        Identity second(house.elsewhere, keys, {});
        std::optional<bool> isIn;
        second.resume([&](bool in) { isIn = in; });
        QTRY_VERIFY_WITH_TIMEOUT(isIn.has_value(), kWithin);
        QVERIFY(*isIn);
        QTRY_VERIFY_WITH_TIMEOUT(second.may(Role::Trader), kWithin);
    }
};

QD_QT_SUITE(PeopleLiveTest)
#include "people_live_test.moc"

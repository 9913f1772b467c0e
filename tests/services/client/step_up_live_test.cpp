// What asks for a fresh proof, and the way through it, before the real backend.
#include <chrono>

#include <QMessageAuthenticationCode>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/identity.h"
#include "services/client/people_api.h"
#include "services/json/json.h"
#include "tests/qt/suite.h"
#include "tests/services/client/client_stage.h"

using namespace qd;
using namespace qd::client;
using namespace qd::test;

namespace {

constexpr const char* kAnnsAddress = "ann@example.org";
constexpr const char* kBobsAddress = "bob@example.org";
constexpr const char* kAnnsPassword = "umbrella clockwork fjord";

QByteArray fromBase32(std::string_view text)
{
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    QByteArray bytes;
    quint32 bits = 0;
    int count = 0;
    for (const char digit : text) {
        bits = (bits << 5) | quint32(kDigits.find(digit));
        count += 5;
        if (count < 8) continue;
        count -= 8;
        bytes.append(char((bits >> count) & 0xff));
    }
    return bytes;
}

/// What an authenticator shows at a step of 30 seconds (RFC 6238).
std::string authenticatorCode(const runtime::Secret& seed, quint64 step)
{
    QByteArray counter(8, '\0');
    for (int i = 7; i >= 0; --i, step >>= 8) counter[i] = char(step & 0xff);
    const QByteArray mac = QMessageAuthenticationCode::hash(
        counter, fromBase32(seed.revealForUse()), QCryptographicHash::Sha1);
    const int at = mac.back() & 0xf;
    quint32 number = 0;
    for (int i = 0; i < 4; ++i) number = (number << 8) | quint8(mac[at + i]);
    const auto digits = std::to_string((number & 0x7fffffff) % 1'000'000);
    return std::string(6 - digits.size(), '0') + digits;
}

quint64 stepNow()
{
    using namespace std::chrono;
    return quint64(duration_cast<seconds>(system_clock::now().time_since_epoch()).count() / 30);
}

/// The real backend with one administrator, who sits at a terminal of her own.
struct Office {
    Office() { embedded.start(); }
    bool open()
    {
        if (!QTest::qWaitFor([this] { return embedded.isReady(); }, kWithin)) return false;
        auto address = embedded.address();
        if (!address) return false;
        desk.setServer({address->url, runtime::Secret()});
        owner.setServer(std::move(*address));
        return makeUser(owner, kAnnsAddress, {Role::Viewer, Role::Admin}).has_value();
    }
    Answer<User> makeUser(Caller& by, const char* email, Roles roles)
    {
        const NewUser user{email, "Somebody", runtime::Secret(kAnnsPassword), roles};
        return answerOf<User>([&](auto reply) { PeopleApi(by).createUser(user, &context, reply); });
    }
    Answer<bool> signIn(const std::string& code = {})
    {
        return answerOf<bool>([&](auto reply) {
            identity.signIn({kAnnsAddress, runtime::Secret(kAnnsPassword), runtime::Secret(code)},
                            &context, reply);
        });
    }
    Answer<bool> prove(const char* password, const std::string& code = {})
    {
        return answerOf<bool>([&](auto reply) {
            identity.stepUp({{}, runtime::Secret(password), runtime::Secret(code)}, &context, reply);
        });
    }
    /// As the owner reads the log: how often this was done.
    int events(const std::string& kind)
    {
        const auto text = answerOf<std::string>([&](auto reply) {
            owner.call({.target = "/v1/events?limit=500"}, &context, reply);
        });
        const auto page = json::Document::parse(text ? *text : "{}");
        int found = 0;
        if (!page) return -1;
        for (const auto& event : page->root()["events"].items())
            found += event["kind"].stringOr({}) == kind;
        return found;
    }

    QTemporaryDir folder;
    EmbeddedBackend embedded{embeddedIn(folder)};
    NetSession owner{{}}, desk{{}};
    FileKeyStore keys{folder.filePath(QStringLiteral("keys"))};
    Identity identity{desk, keys, {}};
    QSignalSpy wanted{&identity, &Identity::stepUpWanted};
    QObject context;
};

/// A call that waits for a proof; `answer` comes when it is settled.
template <typename T>
struct Waiting {
    std::optional<Answer<T>> answer;
    std::function<void(Answer<T>)> reply()
    {
        return [this](Answer<T> given) { answer = std::move(given); };
    }
};

} // namespace

class StepUpLiveTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void aCallWaitsForAProofIsRefusedWithoutAndMadeOnceWithThePassword()
    {
        if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        Office office;
        QVERIFY(office.open());
        QVERIFY(office.signIn());
        const NewUser bob{kBobsAddress, "Bob", runtime::Secret(kAnnsPassword), {Role::Viewer}};
        const int accounts = office.events("account.created");

        Waiting<User> first;
        PeopleApi(office.desk).createUser(bob, &office.context, first.reply());
        QTRY_COMPARE_WITH_TIMEOUT(office.wanted.count(), 1, kWithin);
        const auto wrong = office.prove("umbrella clockwork fjards");
        QVERIFY(!wrong);
        QCOMPARE(wrong.error().code, std::string("identity.wrong_credentials"));
        QVERIFY2(!first.answer, "a wrong password settles nothing");
        QCOMPARE(office.identity.stepUpsWaiting(), 1);
        office.identity.refuseStepUps(); // she thinks better of it
        QVERIFY(first.answer && !*first.answer);
        QCOMPARE(first.answer->error().code, std::string("auth.step_up_required"));
        QCOMPARE(office.events("account.created"), accounts);

        Waiting<User> second;
        PeopleApi(office.desk).createUser(bob, &office.context, second.reply());
        QTRY_COMPARE_WITH_TIMEOUT(office.wanted.count(), 2, kWithin);
        QVERIFY(!second.answer);
        const auto proven = office.prove(kAnnsPassword);
        QVERIFY2(proven, proven ? "" : proven.error().code.c_str());
        QTRY_VERIFY_WITH_TIMEOUT(second.answer.has_value(), kWithin);
        // Made a second time it would have been told that the address is taken.
        QVERIFY2(*second.answer, *second.answer ? "" : second.answer->error().code.c_str());
        QCOMPARE(office.events("account.created"), accounts + 1);

        const auto user = (*second.answer)->id;
        const auto granted = answerOf<User>([&](auto reply) {
            PeopleApi(office.desk).setRole(user, Role::Trader, true, &office.context, reply);
        });
        QVERIFY2(granted, "within five minutes of the proof nothing is asked");
        QCOMPARE(office.wanted.count(), 2);
    }

    void whereThereIsAnAuthenticatorItsCodeBelongsToTheProof()
    {
        if (!areBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        Office office;
        QVERIFY(office.open());
        const auto bob = office.makeUser(office.owner, kBobsAddress, {Role::Viewer});
        QVERIFY(bob);
        QVERIFY(office.signIn());
        Waiting<std::shared_ptr<TotpFacts>> enrolled;
        PeopleApi(office.desk).enrolTotp(&office.context, enrolled.reply());
        QTRY_COMPARE_WITH_TIMEOUT(office.wanted.count(), 1, kWithin);
        QVERIFY(office.prove(kAnnsPassword));
        QTRY_VERIFY_WITH_TIMEOUT(enrolled.answer.has_value(), kWithin);
        QVERIFY(*enrolled.answer);
        const runtime::Secret& seed = (**enrolled.answer)->secret;
        const auto step = stepNow();
        const auto recovery = answerOf<std::vector<std::string>>([&](auto reply) {
            PeopleApi(office.desk).confirmTotp(runtime::Secret(authenticatorCode(seed, step)),
                                               &office.context, reply);
        });
        QVERIFY2(recovery, recovery ? "" : recovery.error().code.c_str());
        office.identity.signOut();
        QVERIFY(office.signIn(recovery->front()));

        Waiting<User> granted;
        PeopleApi(office.desk).setRole(bob->id, Role::Trader, true, &office.context, granted.reply());
        QTRY_COMPARE_WITH_TIMEOUT(office.wanted.count(), 2, kWithin);
        const auto half = office.prove(kAnnsPassword);
        QVERIFY(!half);
        QCOMPARE(half.error().code, std::string("identity.code_needed"));
        const auto used = office.prove(kAnnsPassword, authenticatorCode(seed, step));
        QVERIFY2(!used, "a code is good once");
        QCOMPARE(used.error().code, std::string("identity.wrong_code"));
        QVERIFY(!granted.answer);
        QCOMPARE(office.events("account.role_granted"), 0);

        const auto whole = office.prove(kAnnsPassword, authenticatorCode(seed, step + 1));
        QVERIFY2(whole, whole ? "" : whole.error().code.c_str());
        QTRY_VERIFY_WITH_TIMEOUT(granted.answer.has_value(), kWithin);
        QVERIFY2(*granted.answer, *granted.answer ? "" : granted.answer->error().code.c_str());
        QVERIFY(includes((*granted.answer)->roles, Role::Trader));
        QCOMPARE(office.events("account.role_granted"), 1);
        QCOMPARE(office.wanted.count(), 2);
    }
};

QD_QT_SUITE(StepUpLiveTest)
#include "step_up_live_test.moc"

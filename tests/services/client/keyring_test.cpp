// Secrets in a real keyring, and the real backend on a key from there.
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QFileInfo>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "services/client/desktop_key_store.h"
#include "services/client/embedded_backend.h"
#include "services/json/json.h"
#include "tests/qt/suite.h"
#include "tests/services/client/test_keyring.h"

using namespace qd;
using namespace qd::client;
using namespace std::chrono_literals;

namespace {

constexpr const char* kWithoutBus = "QUARTERDECK_TEST_WITHOUT_BUS";
constexpr int kKeyringWithin = 60'000; // ms; a limit, not a wait
constexpr auto kKeys = "quarterdeck-vault-key v1\n0123456789abcdef "
                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
const QString kProgramFolder = QStringLiteral(QD_BINARY_DIR "/bin");

/// The value, or "!" and the code of the error.
std::string readFrom(KeyStore& store, const std::string& name)
{
    std::optional<std::string> kept;
    store.read(name, [&](const Result<runtime::Secret>& secret) {
        kept = secret ? std::string(secret->revealForUse()) : "!" + secret.error().code;
    });
    if (!QTest::qWaitFor([&] { return kept.has_value(); }, kKeyringWithin)) qFatal("no answer");
    return *kept;
}

/// "ok", or the code of the error.
std::string writeTo(KeyStore& store, const std::string& name, const std::string& value)
{
    std::optional<std::string> kept;
    store.write(name, runtime::Secret(value),
                [&](const Result<void>& done) { kept = done ? "ok" : done.error().code; });
    if (!QTest::qWaitFor([&] { return kept.has_value(); }, kKeyringWithin)) qFatal("no answer");
    return *kept;
}

SecretServiceStore::Limits shortLimits() { return {5s, 5s}; }

/// What is found for a database: "keyring <keys>", "file", or the words of a wait.
std::string findKeys(VaultKeys& keys, const VaultKeys::Place& place)
{
    std::optional<std::string> kept;
    keys.find(place, [&](const Result<VaultKeys::Found>& found) {
        if (!found) kept = "wait: " + found.error().detail;
        else if (!found->isInKeyring) kept = "file";
        else kept = "keyring " + std::string(found->keys.revealForUse());
    });
    if (!QTest::qWaitFor([&] { return kept.has_value(); }, kKeyringWithin)) qFatal("no answer");
    return *kept;
}

void writePrivateFile(const QString& path, const char* text)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) qFatal("cannot write");
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    file.write(text);
}

/// A keyring that kills a process when it is told to write, once, before or after it has written.
class KillingStore final : public KeyStore {
public:
    explicit KillingStore(KeyStore& store) : m_store(store) {}
    void read(const std::string& name, Found found) override { m_store.read(name, std::move(found)); }
    void write(const std::string& name, const runtime::Secret& value, Done done) override
    {
        const bool isNow = --writesUntil == 0;
        if (isNow && isBefore) killNow();
        m_store.write(name, value, [this, isNow, done = std::move(done)](const Result<void>& kept) {
            if (isNow && !isBefore) killNow();
            done(kept);
        });
    }
    QString whereItIs() const override { return m_store.whereItIs(); }

    std::function<qint64()> victim;
    int writesUntil = 0;
    bool isBefore = false, hasKilled = false;

private:
    void killNow()
    {
        hasKilled = true;
        ::kill(pid_t(victim()), SIGKILL);
    }
    KeyStore& m_store;
};

/// A keyring that says that it took something, and has nothing.
class ForgetfulStore final : public KeyStore {
public:
    void read(const std::string&, Found found) override { found(runtime::Secret()); }
    void write(const std::string&, const runtime::Secret&, Done done) override { done({}); }
    QString whereItIs() const override { return QStringLiteral("nowhere"); }
};

/// A terminal of one's own whose backend has its key from a keyring.
struct KeyedWorld {
    explicit KeyedWorld(KeyStore* keyring, const QString& data) : session({})
    {
        EmbeddedBackend::Options options;
        options.folder = kProgramFolder;
        options.dataFolder = data;
        options.marketOptions = {QStringLiteral("--seed"), QStringLiteral("7"),
                                 QStringLiteral("--symbols"), QStringLiteral("20")};
        options.restartDelay = 10ms;
        options.restartsMax = 20;
        options.keyring = keyring;
        embedded = std::make_unique<EmbeddedBackend>(options);
        QObject::connect(embedded.get(), &EmbeddedBackend::ready, &session, [this] {
            if (auto address = embedded->address()) session.setServer(std::move(*address));
            ++timesReady;
        });
        QObject::connect(embedded.get(), &EmbeddedBackend::held, &session,
                         [this](const QString& text) { held << text; });
        QObject::connect(embedded.get(), &EmbeddedBackend::failed, &session,
                         [this](const QString& text) { failure = text; });
    }
    bool awaitReady(int times)
    {
        return QTest::qWaitFor([&] { return timesReady >= times || !failure.isEmpty(); },
                               kKeyringWithin) &&
               failure.isEmpty();
    }
    bool awaitHeld(int times)
    {
        return QTest::qWaitFor([&] { return held.size() >= times; }, kKeyringWithin);
    }
    /// The status, and the answer or the code of the problem.
    Answer<std::string> call(const char* verb, const char* target, const char* body = "")
    {
        std::optional<Answer<std::string>> kept;
        session.call({verb, target, body}, &session,
                     [&](const Answer<std::string>& answer) { kept = answer; });
        if (!QTest::qWaitFor([&] { return kept.has_value(); }, kKeyringWithin)) qFatal("no answer");
        return *kept;
    }
    Answer<std::string> rotate() { return call("POST", "/v1/vault/rotate", "{}"); }
    /// Of the key in force, once the backend says that the vault is open and whole.
    std::string masterKey()
    {
        std::string id;
        (void)QTest::qWaitFor(
            [&] {
                const auto text = call("GET", "/v1/vault");
                const auto state = text ? json::Document::parse(*text) : tl::unexpected(Error());
                if (!state || !state->root()["open"].boolean().value_or(false)) return false;
                if (!state->root()["damaged"].items().empty()) return false;
                id = state->root()["masterKey"]["id"].stringOr({});
                return !id.empty();
            },
            kKeyringWithin);
        return id;
    }
    qint64 backend() const { return embedded->processId(EmbeddedBackend::Child::Backend); }

    NetSession session;
    std::unique_ptr<EmbeddedBackend> embedded;
    int timesReady = 0;
    QStringList held;
    QString failure;
};

bool areProgramsBuilt()
{
    return QFileInfo::exists(kProgramFolder + QStringLiteral("/quarterdeckd")) &&
           QFileInfo::exists(kProgramFolder + QStringLiteral("/quarterdeck-sandbox"));
}

QString onlyFile(const QString& folder, const char* pattern)
{
    const auto found = QDir(folder).entryList({QString::fromLatin1(pattern)}, QDir::Files);
    return found.size() == 1 ? found.front() : QString();
}

QByteArray contentsOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// The name of the entry that a data folder's only database has in the keyring.
std::string entryOf(const QString& data)
{
    return contentsOf(QDir(data).filePath(onlyFile(data, "*.vault.keyring"))).trimmed().toStdString();
}

} // namespace

class KeyringTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void init()
    {
        if (qEnvironmentVariableIsSet(kWithoutBus)) return;
        if (const QString why = qd::test::TestKeyring::whyNot(); !why.isEmpty())
            QSKIP(qPrintable(QStringLiteral("no secret service here: ") + why));
    }

    void aSecretGoesThereAndBack()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        SecretServiceStore store(shortLimits());
        QCOMPARE(readFrom(store, "session"), std::string());
        QCOMPARE(writeTo(store, "session", "one"), std::string("ok"));
        QCOMPARE(writeTo(store, "session", "two\nlines"), std::string("ok"));
        QCOMPARE(writeTo(store, "other", "three"), std::string("ok"));
        QCOMPARE(readFrom(store, "session"), std::string("two\nlines"));
        QCOMPARE(writeTo(store, "session", ""), std::string("ok"));
        QCOMPARE(readFrom(store, "session"), std::string());
        QVERIFY(keyring.start()); // from the disk
        QCOMPARE(readFrom(store, "other"), std::string("three"));
    }

    void withoutAServiceFilesAreUsedAndPeopleAreTold()
    {
        const QTemporaryDir folder;
        SecretServiceStore service(shortLimits());
        DesktopKeyStore store(service, folder.filePath(QStringLiteral("keys")));
        QCOMPARE(readFrom(service, "session"), std::string("!client.keys_no_service"));
        QCOMPARE(writeTo(store, "session", "token"), std::string("ok"));
        QCOMPARE(readFrom(store, "session"), std::string("token"));
        QVERIFY(QFile::exists(folder.filePath(QStringLiteral("keys/session.key"))));
        QVERIFY(store.whereItIs().contains(folder.path()));
        QVERIFY(store.whereItIs().contains(QStringLiteral("does not answer")));
    }

    // In a program of its own: one that has found the bus keeps it.
    void withoutABusFilesAreUsedToo()
    {
        if (!qEnvironmentVariableIsSet(kWithoutBus)) {
            QProcess alone;
            auto environment = QProcessEnvironment::systemEnvironment();
            environment.insert(QStringLiteral("DBUS_SESSION_BUS_ADDRESS"),
                               QStringLiteral("unix:path=/nowhere"));
            environment.insert(QString::fromLatin1(kWithoutBus), QStringLiteral("1"));
            alone.setProcessEnvironment(environment);
            alone.start(QCoreApplication::applicationFilePath(),
                        {QStringLiteral("KeyringTest"), QStringLiteral("withoutABusFilesAreUsedToo")});
            QVERIFY(alone.waitForFinished(kKeyringWithin));
            QVERIFY2(alone.exitCode() == 0, alone.readAllStandardOutput().constData());
            return;
        }
        const QTemporaryDir folder;
        SecretServiceStore service(shortLimits());
        DesktopKeyStore store(service, folder.path());
        QCOMPARE(readFrom(service, "session"), std::string("!client.keys_no_service"));
        QCOMPARE(writeTo(service, "session", "token"), std::string("client.keys_no_service"));
        QCOMPARE(writeTo(store, "session", "token"), std::string("ok"));
        QCOMPARE(readFrom(store, "session"), std::string("token"));
        QVERIFY(store.whereItIs().contains(folder.path()));
        VaultKeys keys(service);
        QCOMPARE(findKeys(keys, {folder.path(), QStringLiteral("paper-1")}), std::string("file"));
    }

    void whatAFileHeldMovesIntoTheKeyringOnce()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        const QString file = folder.filePath(QStringLiteral("session.key"));
        FileKeyStore files(folder.path());
        SecretServiceStore service(shortLimits());
        QCOMPARE(writeTo(files, "session", "token"), std::string("ok"));
        QVERIFY(keyring.lock());
        {
            DesktopKeyStore locked(service, folder.path());
            QCOMPARE(readFrom(locked, "session"), std::string("token"));
            QVERIFY(QFile::exists(file)); // not lost where it could not move to
        }
        QVERIFY(keyring.start());
        DesktopKeyStore store(service, folder.path());
        QCOMPARE(readFrom(store, "session"), std::string("token"));
        QVERIFY(!QFile::exists(file));
        QCOMPARE(readFrom(service, "session"), std::string("token"));
        QVERIFY(!store.whereItIs().contains(folder.path()));
        QCOMPARE(writeTo(store, "session", "next"), std::string("ok"));
        QVERIFY(!QFile::exists(file));
        QCOMPARE(readFrom(service, "session"), std::string("next"));
    }

    void whatWasAskedLastIsKeptAtTheEndOfTheProgram()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        SecretServiceStore service(shortLimits());
        {
            DesktopKeyStore store(service, folder.path());
            store.write("session", runtime::Secret("last"), [](const Result<void>&) {});
        }
        QCOMPARE(readFrom(service, "session"), std::string("last"));
    }

    void nothingLockedIsTakenForAbsentOrKept()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        SecretServiceStore store(shortLimits());
        QCOMPARE(writeTo(store, "session", "token"), std::string("ok"));
        QVERIFY(keyring.lock());
        QCOMPARE(readFrom(store, "session"), std::string("!client.keys_locked"));
        QCOMPARE(readFrom(store, "none"), std::string("!client.keys_locked"));
        QVERIFY(writeTo(store, "session", "other") != "ok");
        QVERIFY(writeTo(store, "session", "") != "ok");
        QVERIFY(keyring.startLocked());
        QCOMPARE(readFrom(store, "session"), std::string("!client.keys_locked"));
        QCOMPARE(readFrom(store, "none"), std::string("!client.keys_locked"));
        QVERIFY(keyring.start());
        QCOMPARE(readFrom(store, "session"), std::string("token"));
    }

    void oneThatDoesNotAnswerIsNotWaitedForLong()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        SecretServiceStore store({200ms, 200ms});
        keyring.freeze(true);
        QElapsedTimer waited;
        waited.start();
        QCOMPARE(readFrom(store, "session"), std::string("!client.keys_late"));
        QVERIFY(waited.elapsed() < 10'000); // D-Bus itself would wait for 25 s
        keyring.freeze(false);
        SecretServiceStore patient(shortLimits());
        QCOMPARE(readFrom(patient, "session"), std::string());
    }

    void aKeyFileMovesIntoTheKeyringAndOnlyOneOfTheTwoIsBelieved()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        const VaultKeys::Place place{folder.path(), QStringLiteral("paper-1")};
        const QString file = folder.filePath(QStringLiteral("paper-1.vault.key"));
        SecretServiceStore service(shortLimits());
        VaultKeys keys(service);
        QCOMPARE(findKeys(keys, place), std::string("keyring ")); // none yet
        QVERIFY(entryOf(folder.path()).empty());

        writePrivateFile(file, kKeys);
        QVERIFY(keyring.lock());
        QCOMPARE(findKeys(keys, place), std::string("file")); // where it still is
        QVERIFY(keyring.start());
        QCOMPARE(findKeys(keys, place), std::string("keyring ") + kKeys);
        QVERIFY(!QFile::exists(file));
        const std::string entry = entryOf(folder.path());
        QCOMPARE(readFrom(service, entry), std::string(kKeys));

        writePrivateFile(file, kKeys); // as if the move had been interrupted
        QCOMPARE(findKeys(keys, place), std::string("keyring ") + kKeys);
        QVERIFY(!QFile::exists(file));
        writePrivateFile(file, "quarterdeck-vault-key v1\nanother\n");
        QVERIFY(findKeys(keys, place).starts_with("wait: "));
        QVERIFY(QFile::remove(file));

        QVERIFY(keyring.lock());
        QVERIFY(findKeys(keys, place).find("locked") != std::string::npos);
        keyring.stop();
        QVERIFY(findKeys(keys, place).find("does not answer") != std::string::npos);
        QVERIFY(keyring.start());
        QCOMPARE(writeTo(service, entry, ""), std::string("ok"));
        QVERIFY(findKeys(keys, place).find("no longer in the desktop's keyring") !=
                std::string::npos);
    }

    void theKeyOfADatabaseThatIsForgottenGoesToo()
    {
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        const VaultKeys::Place place{folder.path(), QStringLiteral("paper-1")};
        SecretServiceStore service(shortLimits());
        VaultKeys keys(service);
        writePrivateFile(folder.filePath(QStringLiteral("paper-1.vault.key")), kKeys);
        QCOMPARE(findKeys(keys, place), std::string("keyring ") + kKeys);
        const std::string entry = entryOf(folder.path());
        QVERIFY(keyring.lock());
        keys.forget(place);
        QVERIFY(service.finish(20s));
        QCOMPARE(entryOf(folder.path()), entry); // it is still known where to look
        QVERIFY(keyring.start());
        keys.forget(place);
        QCOMPARE(readFrom(service, entry), std::string());
        QTRY_VERIFY_WITH_TIMEOUT(entryOf(folder.path()).empty(), kKeyringWithin);
    }

    void aKeyFileStaysUntilTheKeyringHasGivenTheSameBack()
    {
        const QTemporaryDir folder;
        const VaultKeys::Place place{folder.path(), QStringLiteral("paper-1")};
        const QString file = folder.filePath(QStringLiteral("paper-1.vault.key"));
        writePrivateFile(file, kKeys);
        ForgetfulStore forgetful;
        VaultKeys keys(forgetful);
        QCOMPARE(findKeys(keys, place), std::string("file"));
        QCOMPARE(contentsOf(file), QByteArray(kKeys));
        QVERIFY(entryOf(folder.path()).empty());
    }

    void aHolderKeepsKeysAndNothingElse()
    {
        std::vector<std::string> kept;
        KeyHolder::Kept answer;
        const auto keep = [&](std::shared_ptr<runtime::Secret> keys, KeyHolder::Kept done) {
            kept.emplace_back(keys->revealForUse());
            answer = std::move(done);
        };
        const auto said = [](int socket) {
            std::string text(4'096, '\0');
            const auto size = ::recv(socket, text.data(), text.size(), MSG_DONTWAIT);
            return size > 0 ? text.substr(0, std::size_t(size)) : std::string(size == 0 ? "gone" : "");
        };
        const auto say = [](int socket, const std::string& text) {
            return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == ssize_t(text.size());
        };
        auto holder = KeyHolder::open(runtime::Secret(kKeys), keep);
        QVERIFY(holder);
        const int vault = ::dup((*holder)->childEnd());
        (*holder)->closeChildEnd();
        QCOMPARE(said(vault), "quarterdeck-key-holder v1\nkeys " +
                                  std::to_string(std::string(kKeys).size()) + "\n" + kKeys);
        const std::string size = std::to_string(std::string(kKeys).size());
        // The second one waits for the first one's answer.
        QVERIFY(say(vault, "store 1 " + size + "\n" + kKeys + "store 2 3\nabcstore 3 "));
        QTRY_COMPARE_WITH_TIMEOUT(kept.size(), std::size_t(1), kKeyringWithin);
        QCOMPARE(kept.front(), std::string(kKeys));
        QCOMPARE(said(vault), std::string());
        answer(fail(ErrorKind::Unavailable, "client.keys_locked", "locked,\nsorry"));
        std::string heard;
        QTRY_VERIFY_WITH_TIMEOUT((heard += said(vault), heard.ends_with("keys\n")), kKeyringWithin);
        QCOMPARE(heard, std::string("refused 1 locked, sorry\nrefused 2 these are no keys\n"));
        QCOMPARE(kept.size(), std::size_t(1));
        QVERIFY(say(vault, "99999\n"));
        QTRY_COMPARE_WITH_TIMEOUT(said(vault), std::string("gone"), kKeyringWithin);
        ::close(vault);
    }

    void theBackendHasItsKeyFromTheKeyringAndNowhereElse()
    {
        if (!areProgramsBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        const QString data = folder.filePath(QStringLiteral("data"));
        SecretServiceStore service(shortLimits());
        std::string first;
        {   // As it was before there was a keyring.
            KeyedWorld world(nullptr, data);
            world.embedded->start();
            QVERIFY2(world.awaitReady(1), qPrintable(world.failure));
            first = world.masterKey();
            QVERIFY(!onlyFile(data, "*.vault.key").isEmpty());
        }
        KeyedWorld world(&service, data);
        world.embedded->start();
        QVERIFY2(world.awaitReady(1), qPrintable(world.failure));
        QCOMPARE(world.masterKey(), first);
        QVERIFY(onlyFile(data, "*.vault.key").isEmpty());
        const std::string keys = readFrom(service, entryOf(data));
        QVERIFY(keys.find(first) != std::string::npos);
        const QByteArray secret =
            QByteArray::fromStdString(keys.substr(keys.find(first) + first.size() + 1)).trimmed();
        QVERIFY(secret.size() > 40);
        const QString process = QStringLiteral("/proc/%1/").arg(world.backend());
        for (const auto* place : {"cmdline", "environ"})
            QVERIFY(!contentsOf(process + QString::fromLatin1(place)).contains(secret));

        const auto rotated = world.rotate();
        QVERIFY2(rotated, rotated ? "" : rotated.error().detail.c_str());
        const std::string second = world.masterKey();
        QVERIFY(second != first);
        const std::string after = readFrom(service, entryOf(data));
        QVERIFY(after.find(second) != std::string::npos && after.find(first) == std::string::npos);
    }

    void aKeyringThatIsLockedStopsARotationAndHoldsTheNextStart()
    {
        if (!areProgramsBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        const QString data = folder.filePath(QStringLiteral("data"));
        SecretServiceStore service(shortLimits());
        KeyedWorld world(&service, data);
        world.embedded->start();
        QVERIFY2(world.awaitReady(1), qPrintable(world.failure));
        const std::string before = world.masterKey();
        QVERIFY(onlyFile(data, "*.vault.key").isEmpty());

        QVERIFY(keyring.lock());
        const auto refused = world.rotate();
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, std::string("vault.key_holder"));
        QVERIFY2(refused.error().detail.find("keyring") != std::string::npos,
                 refused.error().detail.c_str());
        QCOMPARE(world.masterKey(), before);

        ::kill(pid_t(world.backend()), SIGKILL);
        QVERIFY(world.awaitHeld(1));
        QVERIFY2(world.held.front().contains(QStringLiteral("locked")), qPrintable(world.held.front()));
        keyring.stop();
        world.embedded->retry();
        QVERIFY(world.awaitHeld(2));
        QVERIFY2(world.held.back().contains(QStringLiteral("does not answer")),
                 qPrintable(world.held.back()));
        QVERIFY(onlyFile(data, "*.vault.key").isEmpty()); // no other key was made
        QCOMPARE(world.timesReady, 1);
        QVERIFY(keyring.start());
        world.embedded->retry();
        QVERIFY2(world.awaitReady(2), qPrintable(world.failure));
        QCOMPARE(world.masterKey(), before);
        QVERIFY(world.rotate());
    }

    void aKeyringThatDoesNotTakeTheFirstKeyHoldsTheFirstStart()
    {
        if (!areProgramsBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.startLocked()); // one has to be made, and nobody is there to choose its password
        const QTemporaryDir folder;
        const QString data = folder.filePath(QStringLiteral("data"));
        SecretServiceStore service(shortLimits());
        KeyedWorld world(&service, data);
        world.embedded->start();
        QVERIFY(world.awaitHeld(1));
        QVERIFY2(world.held.front().contains(QStringLiteral("--no-keyring")),
                 qPrintable(world.held.front()));
        QVERIFY(onlyFile(data, "*.vault.key").isEmpty());
        QCOMPARE(world.timesReady, 0);
        QVERIFY(keyring.start());
        world.embedded->retry();
        QVERIFY2(world.awaitReady(1), qPrintable(world.failure));
        QVERIFY(readFrom(service, entryOf(data)).find(world.masterKey()) != std::string::npos);
    }

    void aBackendThatIsKilledInARotationGoesOn()
    {
        if (!areProgramsBuilt()) QSKIP("quarterdeckd and quarterdeck-sandbox are not built");
        qd::test::TestKeyring keyring;
        QVERIFY(keyring.start());
        const QTemporaryDir folder;
        const QString data = folder.filePath(QStringLiteral("data"));
        SecretServiceStore service(shortLimits());
        KillingStore killing(service);
        KeyedWorld world(&killing, data);
        killing.victim = [&] { return world.backend(); };
        world.embedded->start();
        QVERIFY2(world.awaitReady(1), qPrintable(world.failure));
        const std::string first = world.masterKey();
        // New data keys meanwhile, without a pause: the vault is in use.
        std::function<void()> renew = [&] {
            world.session.call({"POST", "/v1/vault/rotate", R"({"what":"data-keys"})"}, &world.session,
                               [&](const Answer<std::string>&) { QTimer::singleShot(1, &world.session, renew); });
        };
        renew();
        int ready = 1;
        for (const int write : {1, 2}) // the new key in, the old one out
            for (const bool isBefore : {true, false}) {
                killing.writesUntil = write;
                killing.isBefore = isBefore;
                killing.hasKilled = false;
                world.session.call({"POST", "/v1/vault/rotate", "{}"}, &world.session,
                                   [](const Answer<std::string>&) {});
                QTRY_VERIFY_WITH_TIMEOUT(killing.hasKilled, kKeyringWithin);
                QVERIFY2(world.awaitReady(++ready), qPrintable(world.failure));
                QVERIFY(!world.masterKey().empty());
                const std::string keys = readFrom(service, entryOf(data));
                QVERIFY(keys.find(world.masterKey()) != std::string::npos);
            }
        const auto rotated = world.rotate();
        QVERIFY2(rotated, rotated ? "" : rotated.error().detail.c_str());
        const std::string last = world.masterKey(), keys = readFrom(service, entryOf(data));
        QVERIFY(last != first);
        QVERIFY(keys.find(last) != std::string::npos);
        QCOMPARE(std::count(keys.begin(), keys.end(), '\n'), std::ptrdiff_t(2)); // one key
    }
};

QD_QT_SUITE(KeyringTest)
#include "keyring_test.moc"

#pragma once

#include <csignal>
#include <memory>

#include <sys/prctl.h>

#include <QDBusConnection>
#include <QDBusConnectionInterface>
#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusReply>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

namespace qd::test {

/// A real secret service, gnome-keyring-daemon, for one test program: on a message bus of its own with
/// nothing else on it, in a home of its own, with a password that is thrown away. The bus lives as long
/// as the program, since others in it remember the bus; the service comes and goes.
class TestKeyring {
public:
    ~TestKeyring() { stop(); }

    /// Why there can be none here; empty: there can. Afterwards the program's session bus is ours.
    static QString whyNot()
    {
        static const QString problem = busProblem();
        return problem;
    }

    /// As after a login: unlocked.
    bool start() { return launch(/*isUnlocked=*/true); }
    /// As on a desktop that logs in by itself: what is in it has to be unlocked first.
    bool startLocked() { return launch(/*isUnlocked=*/false); }
    void stop()
    {
        if (!m_daemon) return;
        freeze(false);
        m_daemon->terminate();
        if (!m_daemon->waitForFinished(kPatienceMs)) m_daemon->kill();
        m_daemon->waitForFinished();
        m_daemon.reset();
        (void)QTest::qWaitFor([] { return !isOnBus(); }, kPatienceMs);
    }

    bool lock()
    {
        const auto call = [](const char* method) {
            return QDBusMessage::createMethodCall(kSecretsName,
                                                  QStringLiteral("/org/freedesktop/secrets"),
                                                  QStringLiteral("org.freedesktop.Secret.Service"),
                                                  QString::fromLatin1(method));
        };
        const auto bus = QDBusConnection::sessionBus();
        auto find = call("ReadAlias");
        find << QStringLiteral("default");
        const QDBusReply<QDBusObjectPath> keyring = bus.call(find);
        if (!keyring.isValid()) return false;
        auto shut = call("Lock");
        shut << QVariant::fromValue(QList<QDBusObjectPath>{keyring.value()});
        return bus.call(shut).type() == QDBusMessage::ReplyMessage;
    }

    /// It takes calls and answers none.
    void freeze(bool isFrozen)
    {
        ::kill(pid_t(m_daemon->processId()), isFrozen ? SIGSTOP : SIGCONT);
    }

private:
    static constexpr const char* kBusConfiguration = R"(<busconfig>
      <type>session</type>
      <listen>unix:dir=%1</listen>
      <policy context="default">
        <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
      </policy>
    </busconfig>
    )";
    static constexpr int kPatienceMs = 20'000; ///< a limit, not a wait
    static inline const QString kSecretsName = QStringLiteral("org.freedesktop.secrets");

    static void dieWithParent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

    /// Its address; empty if it did not start.
    static QByteArray startBus(const QString& folder)
    {
        const QString config = folder + QStringLiteral("/bus.conf");
        QFile file(config);
        if (!file.open(QIODevice::WriteOnly)) return {};
        file.write(QString::fromLatin1(kBusConfiguration).arg(folder).toUtf8());
        file.close();
        // Never ended: GLib ends the program with the bus that it is on.
        auto* bus = new QProcess;
        bus->setChildProcessModifier(dieWithParent);
        bus->start(QStringLiteral("dbus-daemon"), {QStringLiteral("--nofork"),
                                                   QStringLiteral("--print-address"),
                                                   QStringLiteral("--config-file=") + config});
        while (!bus->canReadLine() && bus->waitForReadyRead(kPatienceMs)) {}
        return bus->readLine().trimmed();
    }

    static QString busProblem()
    {
        for (const auto* program : {"dbus-daemon", "gnome-keyring-daemon"})
            if (QStandardPaths::findExecutable(QString::fromLatin1(program)).isEmpty())
                return QString::fromLatin1(program) + QStringLiteral(" is not installed");
        static QTemporaryDir folder;
        const QByteArray address = startBus(folder.path());
        if (address.isEmpty()) return QStringLiteral("dbus-daemon does not start here");
        qputenv("DBUS_SESSION_BUS_ADDRESS", address);
        if (!QDBusConnection::sessionBus().isConnected())
            return QStringLiteral("the session bus was looked for before");
        TestKeyring trial;
        return trial.start() ? QString() : QStringLiteral("gnome-keyring-daemon does not start here");
    }

    static bool isOnBus()
    {
        return QDBusConnection::sessionBus().interface()->isServiceRegistered(kSecretsName);
    }

    bool launch(bool isUnlocked)
    {
        stop();
        const QString home = m_home.path(), run = home + QStringLiteral("/run");
        QDir().mkpath(run);
        QFile::setPermissions(run, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        auto environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("HOME"), home);
        environment.insert(QStringLiteral("XDG_DATA_HOME"), home + QStringLiteral("/data"));
        environment.insert(QStringLiteral("XDG_RUNTIME_DIR"), run);
        environment.remove(QStringLiteral("DISPLAY"));
        m_daemon = std::make_unique<QProcess>();
        m_daemon->setProcessEnvironment(environment);
        m_daemon->setChildProcessModifier(dieWithParent);
        QStringList arguments{QStringLiteral("--foreground"), QStringLiteral("--components=secrets")};
        arguments << (isUnlocked ? QStringLiteral("--unlock") : QStringLiteral("--start"));
        m_daemon->start(QStringLiteral("gnome-keyring-daemon"), arguments);
        if (isUnlocked) m_daemon->write("throw-away");
        m_daemon->closeWriteChannel();
        return QTest::qWaitFor(isOnBus, kPatienceMs);
    }

    QTemporaryDir m_home;
    std::unique_ptr<QProcess> m_daemon;
};

} // namespace qd::test

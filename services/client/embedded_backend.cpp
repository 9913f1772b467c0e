#include "services/client/embedded_backend.h"

#include <algorithm>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QDir>
#include <QFileInfo>
#include <QPointer>
#include <QStandardPaths>

#ifdef Q_OS_LINUX
#include <csignal>
#include <sys/prctl.h>
#endif
#include <fcntl.h>

#include "services/json/json.h"
#include "services/runtime/clock.h"

namespace qd::client {

namespace {

constexpr qsizetype kReadyLineMax = 64 << 10;
constexpr qsizetype kComplaintMax = 4 << 10;
constexpr qint64 kTokenMax = 4 << 10;
constexpr qsizetype kOldWorldsKept = 8;

QString programOf(EmbeddedBackend::Child child)
{
    return child == EmbeddedBackend::Child::Market ? QStringLiteral("quarterdeck-sandbox")
                                                   : QStringLiteral("quarterdeckd");
}

/// A terminal that is killed must not leave a market and a backend behind.
void endWithParent()
{
#ifdef Q_OS_LINUX
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

std::string memberOf(const QByteArray& line, std::string_view name)
{
    const auto document = json::Document::parse(
        {line.constData(), static_cast<std::size_t>(line.size())});
    return document ? std::string((*document)[name].stringOr({})) : std::string();
}

QString fromUtf8(const std::string& text) { return QString::fromStdString(text); }

} // namespace

EmbeddedBackend::EmbeddedBackend(Options options, QObject* parent)
    : QObject(parent), m_options(std::move(options))
{
    if (m_options.keyring) m_keys = std::make_unique<VaultKeys>(*m_options.keyring);
    watch(Child::Market);
    watch(Child::Backend);
    m_readyTimer.setSingleShot(true);
    m_restartTimer.setSingleShot(true);
    connect(&m_readyTimer, &QTimer::timeout, this, [this] {
        giveUp(tr("%1 was not ready within %2 seconds.\n%3")
                   .arg(programOf(m_awaited))
                   .arg(m_options.readyWithin.count() / 1000)
                   .arg(complaintOf(m_awaited)));
    });
    connect(&m_restartTimer, &QTimer::timeout, this, [this] { launch(m_toRestart); });
}

EmbeddedBackend::~EmbeddedBackend()
{
    stopAll();
}

void EmbeddedBackend::watch(Child child)
{
    auto& process = of(child).process;
    process.setChildProcessModifier([this, child] { // in the child, between fork and exec
        endWithParent();
        if (child == Child::Backend && m_holder) (void)::fcntl(m_holder->childEnd(), F_SETFD, 0);
    });
    connect(&process, &QProcess::readyReadStandardOutput, this, [this, child] { readOutput(child); });
    connect(&process, &QProcess::readyReadStandardError, this,
            [this, child] { readComplaint(child); });
    connect(&process, &QProcess::finished, this, [this, child] { onEnded(child); });
    connect(&process, &QProcess::errorOccurred, this, [this, child](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart) onFailedToStart(child);
    });
}

void EmbeddedBackend::start()
{
    launch(Child::Market);
}

QString EmbeddedBackend::folder() const
{
    return m_options.folder.isEmpty() ? QCoreApplication::applicationDirPath() : m_options.folder;
}

QString EmbeddedBackend::dataFolder() const
{
    if (!m_options.dataFolder.isEmpty()) return m_options.dataFolder;
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) +
           QStringLiteral("/quarterdeck");
}

QStringList EmbeddedBackend::arguments(Child child) const
{
    const auto data = dataFolder();
    if (child == Child::Market)
        return QStringList{QStringLiteral("--credentials-file"),
                           data + QStringLiteral("/sandbox-credentials.json"),
                           QStringLiteral("--data-dir"), data, QStringLiteral("--reset-paper"),
                           m_options.resetPaper ? QStringLiteral("true") : QStringLiteral("false")} +
               m_options.marketOptions;
    const auto told = [this](const char* name) { return fromUtf8(memberOf(m_marketLine, name)); };
    return QStringList{QStringLiteral("--data-dir"), data,
                       QStringLiteral("--alpaca-trading-url"), told("alpaca"),
                       QStringLiteral("--alpaca-stream-url"), told("stream"),
                       QStringLiteral("--alpaca-data-url"), told("data"),
                       QStringLiteral("--alpaca-data-stream-url"), told("dataStream"),
                       QStringLiteral("--alpaca-crypto-stream-url"), told("cryptoStream"),
                       QStringLiteral("--alpaca-credentials-file"), told("credentialsFile"),
                       QStringLiteral("--alpaca-simulated"), QStringLiteral("true"),
                       QStringLiteral("--storage-database"), m_world,
                       QStringLiteral("--trading-live"), QStringLiteral("false")} +
           consentArguments() + keyArguments() + m_options.backendOptions;
}

/// Never the key itself: anybody on the machine can read what a program was started with.
QStringList EmbeddedBackend::keyArguments() const
{
    if (!m_holder) return {};
    return {QStringLiteral("--vault-key-fd"), QString::number(m_holder->childEnd())};
}

/// The market's authorization server, so that a consent can be given and taken back here too.
QStringList EmbeddedBackend::consentArguments() const
{
    const auto server = fromUtf8(memberOf(m_marketLine, "oauth"));
    if (server.isEmpty()) return {};
    return {QStringLiteral("--oauth-alpaca-server-url"),   server,
            QStringLiteral("--oauth-alpaca-client-id"),    QStringLiteral("quarterdeck"),
            QStringLiteral("--oauth-alpaca-redirect-uri"),
            QStringLiteral("http://127.0.0.1/callback")};
}

void EmbeddedBackend::launch(Child child)
{
    if (m_isOver) return;
    auto& watched = of(child);
    if (watched.process.state() != QProcess::NotRunning) {
        watched.isUnwanted = watched.isWantedAgain = true;
        watched.process.terminate();
        QTimer::singleShot(kStopWithin, &watched.process, [&watched] {
            if (watched.isWantedAgain) watched.process.kill();
        });
        return;
    }
    if (child == Child::Backend && m_keys) return fetchKeys();
    run(child);
}

void EmbeddedBackend::fetchKeys()
{
    m_isHeld = false;
    m_readyTimer.stop(); // somebody may have to unlock the keyring
    Q_EMIT progressed(tr("Fetching the vault's key…"));
    m_keys->find({dataFolder(), m_world},
                 [this, asked = ++m_keysAsked](Result<VaultKeys::Found> found) {
                     if (asked == m_keysAsked && !m_isOver) takeKeys(std::move(found));
                 });
}

void EmbeddedBackend::takeKeys(Result<VaultKeys::Found> found)
{
    if (!found) return hold(fromUtf8(found.error().detail));
    m_holder.reset();
    m_keyProblem.clear();
    if (found->isInKeyring) {
        auto holder = KeyHolder::open(
            found->keys, [this, name = found->name](std::shared_ptr<runtime::Secret> keys,
                                                    KeyHolder::Kept kept) {
                keepKeys(name, std::move(keys), std::move(kept));
            });
        if (!holder) return giveUp(QString::fromStdString(holder.error().detail));
        m_holder = std::move(*holder);
    }
    run(Child::Backend);
}

void EmbeddedBackend::keepKeys(const std::string& name, std::shared_ptr<runtime::Secret> keys,
                               KeyHolder::Kept kept)
{
    m_keyProblem = tr("It has not answered yet.");
    m_readyTimer.stop(); // somebody may have to think of a password for a first keyring
    m_keys->keep({dataFolder(), m_world}, name, std::move(keys),
                 [this, guard = QPointer<EmbeddedBackend>(this),
                  kept = std::move(kept)](const Result<void>& done) {
                     if (guard) {
                         m_keyProblem = done ? QString() : fromUtf8(done.error().detail);
                         if (!m_ready && !m_isHeld && !m_isOver)
                             m_readyTimer.start(m_options.readyWithin);
                     }
                     kept(done);
                 });
}

void EmbeddedBackend::hold(const QString& text)
{
    m_isHeld = true;
    m_readyTimer.stop();
    Q_EMIT held(text);
}

void EmbeddedBackend::retry()
{
    if (m_isHeld) launch(Child::Backend);
}

void EmbeddedBackend::run(Child child)
{
    auto& watched = of(child);
    const auto program = folder() + u'/' + programOf(child);
    const auto given = arguments(child);
    if (child == Child::Market) m_options.resetPaper = false; // once, not after each loss
    QDir().mkpath(QFileInfo(given.at(1)).path()); // both name a place in the data folder first
    watched.output.clear();
    watched.complaint.clear();
    watched.isReady = watched.isUnwanted = watched.isWantedAgain = false;
    m_awaited = child;
    m_readyTimer.start(m_options.readyWithin);
    Q_EMIT progressed(child == Child::Market ? tr("Starting the market…") : tr("Loading orders…"));
    watched.process.start(program, given);
    if (child == Child::Backend && m_holder) m_holder->closeChildEnd();
}

void EmbeddedBackend::readOutput(Child child)
{
    auto& watched = of(child);
    const auto bytes = watched.process.readAllStandardOutput();
    if (watched.isReady || watched.output.size() > kReadyLineMax) return;
    watched.output += bytes;
    if (watched.output.contains('\n')) onReadyLine(child);
}

void EmbeddedBackend::readComplaint(Child child)
{
    auto& watched = of(child);
    watched.complaint += watched.process.readAllStandardError();
    if (watched.complaint.size() > kComplaintMax)
        watched.complaint = watched.complaint.last(kComplaintMax);
}

void EmbeddedBackend::onReadyLine(Child child)
{
    auto& watched = of(child);
    const auto line = watched.output.left(watched.output.indexOf('\n'));
    watched.isReady = true;
    m_readyTimer.stop();
    if (child == Child::Market) {
        m_marketLine = line;
        m_world = fromUtf8(memberOf(line, "world"));
        forgetOldWorlds();
        return launch(Child::Backend);
    }
    Ready told{memberOf(line, "url"), memberOf(line, "tokenFile")};
    if (told.url.empty() || told.tokenFile.empty())
        return giveUp(tr("quarterdeckd did not tell its address; are both programs of one version?"));
    m_ready = std::move(told);
    m_wasReady = true;
    Q_EMIT ready();
}

void EmbeddedBackend::onFailedToStart(Child child)
{
    if (m_isOver) return;
    giveUp(tr("%1 could not be started from %2: %3")
               .arg(programOf(child), folder(), of(child).process.errorString()));
}

QString EmbeddedBackend::complaintOf(Child child) const
{
    return QString::fromUtf8(of(child).complaint).trimmed();
}

QString EmbeddedBackend::describeEnd(Child child) const
{
    const auto& process = of(child).process;
    const auto how = process.exitStatus() == QProcess::CrashExit
                         ? tr("%1 was killed or crashed.").arg(programOf(child))
                         : tr("%1 ended with code %2.").arg(programOf(child)).arg(process.exitCode());
    const auto complaint = complaintOf(child);
    return complaint.isEmpty() ? how : how + u'\n' + complaint;
}

void EmbeddedBackend::onEnded(Child child)
{
    if (m_isOver) return;
    auto& watched = of(child);
    readComplaint(child);
    if (watched.isWantedAgain) return launch(child);
    if (watched.isUnwanted) return;
    const bool firstStart = !m_wasReady;
    if (firstStart && child == Child::Backend && !m_keyProblem.isEmpty())
        return hold(tr("The vault's master key could not be put into the desktop's keyring. %1 Unlock the "
                       "keyring and try again, or start with --no-keyring to keep keys in files.")
                        .arg(m_keyProblem));
    if (firstStart) return giveUp(describeEnd(child));
    restartAfter(child);
}

/// The orders of markets that are no more: recordings that were replayed, accounts that were reset.
/// The newest stay, for whoever wants to look.
void EmbeddedBackend::forgetOldWorlds()
{
    const QDir folder(dataFolder());
    const auto databases = folder.entryInfoList(
        {QStringLiteral("paper-*.db"), QStringLiteral("passing-*.db")}, QDir::Files, QDir::Time);
    qsizetype others = 0;
    for (const auto& database : databases) {
        const auto world = database.completeBaseName();
        if (world == m_world || ++others <= kOldWorldsKept) continue;
        for (const auto* part : {".db", ".db-wal", ".db-shm", ".db-lock", ".db-serving", ".checkpoints.jsonl",
                                 ".checkpoints.jsonl.key", ".checkpoints.jsonl.pub"})
            QFile::remove(folder.filePath(world + QString::fromLatin1(part)));
        QDir(folder.filePath(world + QStringLiteral(".archive"))).removeRecursively();
        if (m_keys) m_keys->forget({dataFolder(), world});
        else QFile::remove(folder.filePath(world + QStringLiteral(".vault.key")));
    }
}

/// The market comes back at other addresses, so the backend starts again with it.
void EmbeddedBackend::restartAfter(Child lost)
{
    const Duration now = runtime::systemClock().steady();
    std::erase_if(m_restarts, [&](Duration when) { return now - when > m_options.restartWindow; });
    if (static_cast<int>(m_restarts.size()) >= m_options.restartsMax)
        return giveUp(tr("%1 It was started %2 times within a minute and does not stay up.")
                          .arg(describeEnd(lost))
                          .arg(m_restarts.size() + 1));
    m_restarts.push_back(now);
    ++m_keysAsked;
    m_isHeld = false;
    m_ready.reset();
    m_readyTimer.stop();
    if (lost == Child::Market && m_backend.process.state() != QProcess::NotRunning) {
        m_backend.isUnwanted = true;
        m_backend.process.terminate();
    }
    const bool marketUp = m_market.process.state() == QProcess::Running && m_market.isReady;
    m_toRestart = marketUp ? Child::Backend : Child::Market;
    m_restartTimer.start(m_options.restartDelay);
    Q_EMIT childLost(tr("%1 It is being started again.").arg(describeEnd(lost)));
}

void EmbeddedBackend::giveUp(const QString& text)
{
    if (m_isOver) return;
    m_isOver = true;
    m_ready.reset();
    m_readyTimer.stop();
    m_restartTimer.stop();
    m_backend.process.terminate();
    m_market.process.terminate();
    Q_EMIT failed(text.trimmed());
}

/// The backend first: it may still have something to say to its broker.
void EmbeddedBackend::stopAll()
{
    m_isOver = true;
    m_holder.reset(); // one that waits for an answer from here waits no longer
    m_ready.reset();
    m_readyTimer.stop();
    m_restartTimer.stop();
    const QDeadlineTimer deadline(kStopWithin);
    for (auto* watched : {&m_backend, &m_market}) {
        auto& process = watched->process;
        if (process.state() == QProcess::NotRunning) continue;
        process.terminate();
        if (!process.waitForFinished(static_cast<int>(deadline.remainingTime()))) {
            process.kill();
            process.waitForFinished();
        }
    }
}

Result<ServerAddress> EmbeddedBackend::address() const
{
    if (!m_ready)
        return fail(ErrorKind::Unavailable, "client.not_ready", "the backend is not ready yet");
    auto token = readTokenFile(fromUtf8(m_ready->tokenFile));
    if (!token) return tl::unexpected(token.error());
    return ServerAddress{QUrl(fromUtf8(m_ready->url)), std::move(*token)};
}

qint64 EmbeddedBackend::processId(Child child) const
{
    return of(child).process.processId();
}

Result<runtime::Secret> readTokenFile(const QString& path)
{
    const auto refuse = [&](const std::string& why) {
        return fail(ErrorKind::Unavailable, "client.token_file", path.toStdString() + " " + why);
    };
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return refuse("cannot be read: " + file.errorString().toStdString());
    constexpr auto kOthers = QFileDevice::ReadGroup | QFileDevice::WriteGroup |
                             QFileDevice::ReadOther | QFileDevice::WriteOther;
    if (file.permissions() & kOthers) return refuse("can be read by others; run: chmod 600 on it");
    const auto text = file.read(kTokenMax).trimmed();
    if (text.isEmpty()) return refuse("is empty");
    return runtime::Secret(text.toStdString());
}

} // namespace qd::client

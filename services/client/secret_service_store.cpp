#include "services/client/secret_service_store.h"

#include <utility>

#include <qt6keychain/keychain.h>

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusMetaType>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QDBusVariant>
#include <QDeadlineTimer>
#include <QEventLoop>
#include <QLibrary>
#include <QMap>
#include <QTimer>

namespace qd::client {

namespace {

/// What QtKeychain finds its entries by.
using Attributes = QMap<QString, QString>;

constexpr QLatin1String kBusName("org.freedesktop.secrets");
constexpr QLatin1String kServicePath("/org/freedesktop/secrets");
constexpr QLatin1String kServiceInterface("org.freedesktop.Secret.Service");
constexpr QLatin1String kCollectionInterface("org.freedesktop.Secret.Collection");
constexpr QLatin1String kProperties("org.freedesktop.DBus.Properties");

QString application()
{
    return QString::fromLatin1(SecretServiceStore::kApplication);
}

tl::unexpected<Error> keysFail(const char* code, const QString& why)
{
    return fail(ErrorKind::Unavailable, code, why.toStdString());
}

tl::unexpected<Error> noService(const QString& why)
{
    return keysFail("client.keys_no_service",
                    QCoreApplication::translate(
                        "KeyStore", "The desktop's secret service (keyring) does not answer: %1")
                        .arg(why));
}

tl::unexpected<Error> isLocked()
{
    return keysFail("client.keys_locked",
                    QCoreApplication::translate(
                        "KeyStore", "The desktop's keyring is locked and was not unlocked."));
}

tl::unexpected<Error> refused(const QString& why)
{
    return keysFail(
        "client.keys_refused",
        QCoreApplication::translate("KeyStore", "The desktop's keyring refused: %1").arg(why));
}

tl::unexpected<Error> isLate(std::chrono::milliseconds limit)
{
    return keysFail("client.keys_late",
                    QCoreApplication::translate(
                        "KeyStore", "The desktop's keyring did not answer within %1 seconds.")
                        .arg(double(limit.count()) / 1000));
}

tl::unexpected<Error> busFails(const QDBusError& error, std::chrono::milliseconds limit)
{
    switch (error.type()) {
    case QDBusError::NoReply:
    case QDBusError::Timeout:
    case QDBusError::TimedOut: return isLate(limit);
    case QDBusError::AccessDenied: return refused(error.message());
    default: return noService(error.message());
    }
}

/// Without a bus Qt's calls are never answered.
Result<void> checkBus()
{
    const auto bus = QDBusConnection::sessionBus();
    return bus.isConnected() ? Result<void>() : noService(bus.lastError().message());
}

/// Calls the service and answers later, once, unless `owner` is gone by then.
template <typename Reply>
void askBus(QDBusMessage message, std::chrono::milliseconds limit, QObject* owner,
            std::function<void(const Reply&)> then)
{
    message.setAutoStartService(true);
    const auto call = QDBusConnection::sessionBus().asyncCall(message, int(limit.count()));
    auto* watcher = new QDBusPendingCallWatcher(call, owner);
    QObject::connect(watcher, &QDBusPendingCallWatcher::finished, owner,
                     [then = std::move(then)](QDBusPendingCallWatcher* finished) {
                         finished->deleteLater();
                         then(Reply(*finished));
                     });
}

/// libsecret, by which QtKeychain works, would go on as if a service that was started again were the
/// one before, and be refused each time.
void beginAnew()
{
    using Disconnect = void (*)();
    static const auto disconnect = reinterpret_cast<Disconnect>(
        QLibrary(QStringLiteral("secret-1"), 0).resolve("secret_service_disconnect"));
    if (disconnect != nullptr) disconnect();
}

QDBusMessage serviceCall(QLatin1String method)
{
    return QDBusMessage::createMethodCall(kBusName, kServicePath, kServiceInterface, method);
}

} // namespace

/// A job of QtKeychain's. It must not be deleted while it runs, so one that is late is let go.
struct SecretServiceStore::Job {
    QKeychain::Job* job;
    const std::string& key;
    std::chrono::milliseconds limit;
    std::function<void(Result<void>)> then; ///< NotFound: the service says that there is none
};

SecretServiceStore::SecretServiceStore(Limits limits, QObject* parent)
    : QObject(parent), m_limits(limits)
{
    qDBusRegisterMetaType<Attributes>();
}

SecretServiceStore::~SecretServiceStore() = default;

void SecretServiceStore::enqueue(std::function<void()> operation)
{
    if (!m_watcher) {
        m_watcher = new QDBusServiceWatcher(kBusName, QDBusConnection::sessionBus(),
                                            QDBusServiceWatcher::WatchForOwnerChange, this);
        connect(m_watcher, &QDBusServiceWatcher::serviceOwnerChanged, this, &beginAnew);
        beginAnew(); // what others in this program began is not watched by us
    }
    m_waiting.push_back(std::move(operation));
    if (!m_isBusy) QTimer::singleShot(0, this, &SecretServiceStore::startNext);
}

void SecretServiceStore::startNext()
{
    if (m_isBusy || m_waiting.empty()) return;
    m_isBusy = true;
    const auto operation = std::move(m_waiting.front());
    m_waiting.pop_front();
    operation();
}

bool SecretServiceStore::finish(std::chrono::milliseconds within)
{
    const QDeadlineTimer deadline(within);
    QEventLoop loop;
    QTimer waker; // so that waiting for events ends in time
    waker.start(within);
    while ((m_isBusy || !m_waiting.empty()) && !deadline.hasExpired()) {
        loop.processEvents(QEventLoop::ExcludeUserInputEvents | QEventLoop::WaitForMoreEvents);
    }
    return !m_isBusy && m_waiting.empty();
}

void SecretServiceStore::look(Done done)
{
    enqueue([this, done = std::move(done)] {
        lookAtDefault([this, done](const Result<Presence>& looked) {
            m_isBusy = false;
            startNext();
            done(looked.map([](Presence) {}));
        });
    });
}

void SecretServiceStore::read(const std::string& name, Found found)
{
    enqueue([this, name, found = std::move(found)] {
        readItem(name, [this, found](Result<runtime::Secret> secret) {
            m_isBusy = false;
            startNext();
            found(std::move(secret));
        });
    });
}

void SecretServiceStore::write(const std::string& name, const runtime::Secret& value, Done done)
{
    enqueue([this, name, value = std::make_shared<runtime::Secret>(value.clone()),
             done = std::move(done)] {
        const Done told = [this, done](Result<void> result) {
            m_isBusy = false;
            startNext();
            done(std::move(result));
        };
        value->empty() ? removeItem(name, told) : writeItem(name, value, told);
    });
}

QString SecretServiceStore::whereItIs() const
{
    return QCoreApplication::translate("KeyStore", "in the desktop's keyring, encrypted");
}

/// Whether a secret of this name is there. Absent only if nothing is locked that could have it.
void SecretServiceStore::search(const std::string& name, Looked looked)
{
    using Reply = QDBusPendingReply<QList<QDBusObjectPath>, QList<QDBusObjectPath>>;
    if (const auto bus = checkBus(); !bus) return looked(tl::unexpected(bus.error()));
    auto message = serviceCall(QLatin1String("SearchItems"));
    message << QVariant::fromValue(Attributes{
        {QStringLiteral("server"), application()},
        {QStringLiteral("user"), QString::fromStdString(name)}});
    askBus<Reply>(message, m_limits.answersWithin, this,
                  [this, looked = std::move(looked)](const Reply& reply) {
                      if (reply.isError())
                          return looked(busFails(reply.error(), m_limits.answersWithin));
                      if (!reply.argumentAt<0>().isEmpty()) return looked(Presence::Unlocked);
                      if (!reply.argumentAt<1>().isEmpty()) return looked(Presence::Locked);
                      lookAtDefault([looked](Result<Presence> at) {
                          if (!at) return looked(std::move(at));
                          if (*at == Presence::Locked) return looked(isLocked());
                          looked(Presence::Absent);
                      });
                  });
}

/// The keyring that secrets go into: there, and locked, or not made yet.
void SecretServiceStore::lookAtDefault(Looked looked)
{
    if (const auto bus = checkBus(); !bus) return looked(tl::unexpected(bus.error()));
    auto message = serviceCall(QLatin1String("ReadAlias"));
    message << QStringLiteral("default");
    using Path = QDBusPendingReply<QDBusObjectPath>;
    askBus<Path>(
        message, m_limits.answersWithin, this,
        [this, looked = std::move(looked)](const Path& path) {
            if (path.isError()) return looked(busFails(path.error(), m_limits.answersWithin));
            if (path.value().path() == QLatin1String("/")) return looked(Presence::Absent);
            auto get = QDBusMessage::createMethodCall(kBusName, path.value().path(), kProperties,
                                                      QLatin1String("Get"));
            get << QString(kCollectionInterface) << QStringLiteral("Locked");
            using Locked = QDBusPendingReply<QDBusVariant>;
            askBus<Locked>(get, m_limits.answersWithin, this, [this, looked](const Locked& locked) {
                if (locked.isError())
                    return looked(busFails(locked.error(), m_limits.answersWithin));
                const bool is = locked.value().variant().toBool();
                looked(is ? Presence::Locked : Presence::Unlocked);
            });
        });
}

void SecretServiceStore::readItem(const std::string& name, Found found)
{
    search(name, [this, name, found = std::move(found)](const Result<Presence>& presence) {
        if (!presence) return found(tl::unexpected(presence.error()));
        if (*presence == Presence::Absent) return found(runtime::Secret());
        readFound(name, *presence, found);
    });
}

void SecretServiceStore::readFound(const std::string& name, Presence presence, Found found)
{
    auto* job = new QKeychain::ReadPasswordJob(application());
    const bool isOpen = presence == Presence::Unlocked;
    run({job, name, isOpen ? m_limits.answersWithin : m_limits.unlocksWithin,
         [job, found = std::move(found)](const Result<void>& done) {
             // It is there: who could not see it was not allowed to.
             if (!done && done.error().kind == ErrorKind::NotFound) return found(isLocked());
             if (!done) return found(tl::unexpected(done.error()));
             found(runtime::Secret(job->binaryData().toStdString()));
         }});
}

void SecretServiceStore::writeItem(const std::string& name, std::shared_ptr<runtime::Secret> value,
                                   Done done)
{
    lookAtDefault([this, name, value, done = std::move(done)](const Result<Presence>& keyring) {
        if (!keyring) return done(tl::unexpected(keyring.error()));
        auto* job = new QKeychain::WritePasswordJob(application());
        const auto text = value->revealForUse();
        // As text, so that the desktop's own tools show what a person may have to rescue.
        job->setTextData(QString::fromUtf8(text.data(), qsizetype(text.size())));
        const bool isOpen = *keyring == Presence::Unlocked;
        run({job, name, isOpen ? m_limits.answersWithin : m_limits.unlocksWithin,
             [this, name, value, done](const Result<void>& written) {
                 if (!written && written.error().kind == ErrorKind::NotFound) return done(isLocked());
                 if (!written) return done(written);
                 readItem(name, [value, done](const Result<runtime::Secret>& back) {
                     if (!back) return done(tl::unexpected(back.error()));
                     if (back->empty()) return done(isLocked());
                     if (back->matches(value->revealForUse())) return done({});
                     done(refused(QCoreApplication::translate(
                         "KeyStore", "it does not hold what was just written to it")));
                 });
             }});
    });
}

void SecretServiceStore::removeItem(const std::string& name, Done done)
{
    search(name, [this, name, done = std::move(done)](const Result<Presence>& presence) {
        if (!presence) return done(tl::unexpected(presence.error()));
        if (*presence == Presence::Absent) return done({});
        auto* job = new QKeychain::DeletePasswordJob(application());
        const bool isOpen = *presence == Presence::Unlocked;
        run({job, name, isOpen ? m_limits.answersWithin : m_limits.unlocksWithin,
             [this, name, done](const Result<void>& removed) {
                 if (!removed && removed.error().kind != ErrorKind::NotFound) return done(removed);
                 search(name, [done](const Result<Presence>& left) {
                     if (!left) return done(tl::unexpected(left.error()));
                     *left == Presence::Absent ? done({}) : done(isLocked());
                 });
             }});
    });
}

void SecretServiceStore::run(Job job)
{
    auto* timer = new QTimer(this);
    timer->setSingleShot(true);
    const auto then = std::make_shared<Done>(std::move(job.then));
    connect(job.job, &QKeychain::Job::finished, timer, [timer, then](QKeychain::Job* finished) {
        timer->stop();
        timer->deleteLater();
        switch (finished->error()) {
        case QKeychain::NoError: return (*then)({});
        case QKeychain::EntryNotFound:
            return (*then)(fail(ErrorKind::NotFound, "client.keys_none", "there is no such entry"));
        case QKeychain::AccessDenied:
        case QKeychain::AccessDeniedByUser: return (*then)(isLocked());
        case QKeychain::NoBackendAvailable: return (*then)(noService(finished->errorString()));
        default: return (*then)(refused(finished->errorString()));
        }
    });
    connect(timer, &QTimer::timeout, this, [timer, then, limit = job.limit] {
        timer->deleteLater();
        (*then)(isLate(limit));
    });
    timer->start(job.limit);
    job.job->setInsecureFallback(false);
    job.job->setKey(QString::fromStdString(job.key));
    job.job->start();
}

} // namespace qd::client

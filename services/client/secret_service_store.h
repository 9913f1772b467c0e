#pragma once

#include <chrono>
#include <deque>

#include <QObject>

#include "services/client/key_store.h"

class QDBusServiceWatcher;

namespace qd::client {

/// Secrets in the desktop's secret service (GNOME Keyring, KWallet …), which keeps them encrypted and
/// unlocks them with the user's login. Never QtKeychain's own plain-text fallback. GUI thread; Qt has
/// to run on GLib's event loop, as it does on Linux desktops.
///
/// One operation after the other. Each answers in time: the service within `answersWithin`, or within
/// `unlocksWithin` where the desktop asks its user to unlock. Unavailable:
///   "client.keys_no_service"  nothing answers to the name of the secret service
///   "client.keys_locked"      it is locked, and was not unlocked
///   "client.keys_refused"     it said no, in its own words
///   "client.keys_late"        it did not answer in time
/// That there is no such secret is only said while nothing is locked.
class SecretServiceStore final : public QObject, public KeyStore {
    Q_OBJECT
public:
    struct Limits {
        std::chrono::milliseconds answersWithin{10'000}, unlocksWithin{120'000};
    };

    SecretServiceStore() : SecretServiceStore(Limits()) {}
    explicit SecretServiceStore(Limits limits, QObject* parent = nullptr);
    ~SecretServiceStore() override;

    /// Is there one? As the operations fail, but that it may be locked.
    void look(Done done);
    void read(const std::string& name, Found found) override;
    /// Reads it back: that it was taken is no proof that it is there.
    void write(const std::string& name, const runtime::Secret& value, Done done) override;
    QString whereItIs() const override;

    /// Waits until everything that was asked is done: at the end of the program. True: it is.
    bool finish(std::chrono::milliseconds within);

    /// Under which the desktop's own programs list our secrets.
    static constexpr const char* kApplication = "Quarterdeck";

private:
    struct Job;
    enum class Presence { Absent, Unlocked, Locked };
    using Looked = std::function<void(Result<Presence>)>;

    void enqueue(std::function<void()> operation);
    void startNext();
    void search(const std::string& name, Looked looked);
    void lookAtDefault(Looked looked);
    void readItem(const std::string& name, Found found);
    void readFound(const std::string& name, Presence presence, Found found);
    void writeItem(const std::string& name, std::shared_ptr<runtime::Secret> value, Done done);
    void removeItem(const std::string& name, Done done);
    void run(Job job);

    const Limits m_limits;
    QDBusServiceWatcher* m_watcher = nullptr; ///< from the first operation on
    std::deque<std::function<void()>> m_waiting;
    bool m_isBusy = false;
};

} // namespace qd::client

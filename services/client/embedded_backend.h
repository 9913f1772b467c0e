#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QProcess>
#include <QTimer>

#include "services/client/key_holder.h"
#include "services/client/net_session.h"
#include "services/client/vault_keys.h"

namespace qd::client {

/// The two programs that make a whole world on one machine: quarterdeck-sandbox (a market and a
/// broker) and quarterdeckd (the backend, connected to it). Started as children, beside each other,
/// watched, started again when they die, and stopped with the owner. GUI thread; nothing blocks but
/// the destructor (≤ kStopWithin).
///
///   auto* embedded = new EmbeddedBackend({}, parent);
///   connect(embedded, &EmbeddedBackend::ready, &session,
///           [&] { session.setServer(embedded->address()); });
///   connect(embedded, &EmbeddedBackend::progressed, …);   // "Starting the market…"
///   embedded->start();
class EmbeddedBackend : public QObject {
    Q_OBJECT
public:
    static constexpr std::chrono::milliseconds kStopWithin{5'000};

    struct Options {
        QString folder;             ///< of both programs; empty: beside the running program
        QString dataFolder;         ///< empty: $XDG_DATA_HOME/quarterdeck, as quarterdeckd does
        QStringList marketOptions;  ///< for the sandbox: "--replay", FILE, "--seed", "7" …
        bool resetPaper = false;    ///< forget the paper account and start with a new one
        QStringList backendOptions; ///< for quarterdeckd: "--log-level", "debug" …
        /// For the vault's master key, which is handed over by a descriptor; outlives this. Null: the
        /// backend keeps it in a file beside its database.
        KeyStore* keyring = nullptr;
        std::chrono::milliseconds readyWithin{20'000};
        int restartsMax = 5;        ///< within restartWindow, then it gives up
        std::chrono::milliseconds restartWindow{60'000};
        std::chrono::milliseconds restartDelay{500};
    };
    enum class Child { Market, Backend };

    explicit EmbeddedBackend(Options options, QObject* parent = nullptr);
    /// SIGTERM to both, and a kill for those that are still there after kStopWithin.
    ~EmbeddedBackend() override;

    void start();
    /// Try again what it is `held` by.
    void retry();
    bool isReady() const { return m_ready.has_value(); }
    /// Of the backend that is ready, its token read from the file. Fails with: Unavailable
    /// "client.token_file".
    Result<ServerAddress> address() const;
    /// The children's process ids, 0 while not running.
    qint64 processId(Child child) const;

Q_SIGNALS:
    /// For people: what is being done now.
    void progressed(const QString& text);
    /// `address` is good from now on; again after each restart.
    void ready();
    /// A child died and is being started again.
    void childLost(const QString& text);
    /// The vault's master key is not to be had: the keyring is locked, say. Nothing is started and no
    /// other key made until `retry`. `text` says why and what to do.
    void held(const QString& text);
    /// It gave up; `text` has the end of what the child complained.
    void failed(const QString& text);

private:
    struct Ready {
        std::string url, tokenFile;
    };
    struct Watched {
        QProcess process;
        QByteArray output;          ///< of this run, until the first line
        QByteArray complaint;       ///< the end of this run's stderr
        bool isReady = false;
        bool isUnwanted = false;    ///< asked to end: its end is no loss
        bool isWantedAgain = false; ///< to be launched as soon as it has ended
    };

    void watch(Child child);
    void launch(Child child);
    void fetchKeys();
    void takeKeys(Result<VaultKeys::Found> found);
    void keepKeys(const std::string& name, std::shared_ptr<runtime::Secret> keys,
                  KeyHolder::Kept kept);
    void hold(const QString& text);
    void run(Child child);
    void readOutput(Child child);
    void readComplaint(Child child);
    void onReadyLine(Child child);
    void onEnded(Child child);
    void onFailedToStart(Child child);
    void restartAfter(Child lost);
    void giveUp(const QString& text);
    void stopAll();
    QString describeEnd(Child child) const;
    QString complaintOf(Child child) const;
    QString folder() const;
    QString dataFolder() const;
    QStringList arguments(Child child) const;
    QStringList consentArguments() const;
    QStringList keyArguments() const;
    void forgetOldWorlds();
    Watched& of(Child child) { return child == Child::Market ? m_market : m_backend; }
    const Watched& of(Child child) const { return child == Child::Market ? m_market : m_backend; }

    Options m_options;
    QString m_world; ///< name of the database that belongs to the market's accounts
    Watched m_market, m_backend;
    QTimer m_readyTimer;   ///< of the child that is being waited for
    QTimer m_restartTimer;
    Child m_awaited = Child::Market, m_toRestart = Child::Market;
    QByteArray m_marketLine; ///< the sandbox's addresses, as JSON
    std::optional<Ready> m_ready;
    std::unique_ptr<VaultKeys> m_keys; ///< none without a keyring
    std::unique_ptr<KeyHolder> m_holder; ///< of the backend that runs, if its keys are in the keyring
    int m_keysAsked = 0; ///< answers to earlier questions come too late
    QString m_keyProblem; ///< why the keyring did not take what the backend that runs made
    bool m_isHeld = false;
    bool m_wasReady = false;
    bool m_isOver = false; ///< stopping, or given up
    std::vector<Duration> m_restarts; ///< when, by the steady clock
};

/// The owner's token, from a file only the owner can read. Fails with: Unavailable
/// "client.token_file" (missing, empty, readable by others).
Result<runtime::Secret> readTokenFile(const QString& path);

} // namespace qd::client

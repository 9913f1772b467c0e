#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/observability/log.h"
#include "services/runtime/executor.h"
#include "services/storage/writer.h"
#include "services/vault/keeper.h"
#include "services/vault/reader.h"
#include "services/vault/secret_cache.h"

namespace qd::vault {

struct Settings {
    Duration freshFor = std::chrono::minutes(5);  ///< served without asking the store again
    Duration staleFor = std::chrono::hours(1);    ///< served so long since it was read, store down
    Duration askAgainAfter = std::chrono::seconds(1); ///< time between questions to a store that is down
    std::size_t cacheMax = 256;
    std::size_t secretsMax = 10'000;
    Duration ageMax = std::chrono::hours(24 * 90); ///< beyond it a secret or master key is overdue
    /// Purposes of secrets that cannot be replaced by others: of these only the data key grows old.
    std::vector<std::string> lastingPurposes = {};
    Duration testWithin = std::chrono::seconds(30); ///< for the test of a replacement
    Duration noteEvery = std::chrono::minutes(1); ///< uses, and refusals, of one secret in the log
    std::size_t rewrapBatch = 64;                 ///< secrets a transaction
    ReadFault readFault = {};
};

/// How far the rotation of the master key is.
struct Rotation {
    bool isUnderWay = false;
    std::string from, to;
    std::int64_t done = 0, total = 0; ///< since it was begun or resumed
    std::vector<std::string> damaged; ///< secrets that do not open and keep the old key alive
};

/// Since the start.
struct VaultFigures {
    std::uint64_t cached = 0;  ///< reads that were served without asking the store
    std::uint64_t opened = 0;  ///< … that asked it
    std::uint64_t stale = 0;   ///< … served from memory because it was down
    std::uint64_t failed = 0;  ///< … that failed, for whatever reason
    std::uint64_t denied = 0;  ///< reads and changes by the wrong owner, or of altered rows
    std::uint64_t unnoted = 0; ///< uses and refusals that are not in the log: too many, or it failed
};

/// Secrets at rest: each under a data key of its own, those under a master key that is not in the
/// database (envelope.h). Every change is an event without the value ("vault.put", "vault.removed",
/// "vault.rotated"), in one transaction with it; so are uses and refusals ("vault.used",
/// "vault.denied"), at most one a secret a `noteEvery`.
/// Core executor. `then` is called there, once, unless the vault ends before: after the disk has it.
class Vault {
public:
    /// All outlive the vault; `keys`, `writer` and `random` also what was submitted to the writer or
    /// posted to `keyAsker`.
    struct Dependencies {
        storage::Writer& writer;
        std::string databasePath; ///< the writer's, migrated with `vaultMigrations`
        runtime::Executor& core;
        runtime::Random& random; ///< fit for secrets; used on the writer's executor
        MasterKeys& keys;
        observability::Logger log = {};
        /// Where rotations ask `keys`, which may take its time; outlives what was posted to it. Null:
        /// the writer's executor.
        runtime::Executor* keyAsker = nullptr;
    };
    using Then = std::function<void(Result<void>)>;
    /// Tries a candidate out in the world, then tells; the candidate is gone once it has told. Telling
    /// again does nothing.
    using Verdict = std::function<void(Result<void>)>;
    using Tester = std::function<void(const runtime::Secret& candidate, Verdict verdict)>;

    explicit Vault(Dependencies dependencies, Settings settings = {});
    ~Vault();
    Vault(const Vault&) = delete;
    Vault& operator=(const Vault&) = delete;

    /// Loads the master keys and checks everything that is stored against them; goes on with a
    /// rotation that was interrupted. Fails closed (keeper.h): until it has succeeded, everything is
    /// refused with Unavailable "vault.closed".
    void start(Then then);
    bool isOpen() const { return m_isOpen; }

    /// From memory within `freshFor`, else from the store. Fails with: as Reader, and Unavailable
    /// "vault.unavailable" when the store is down and what is remembered is older than `staleFor`.
    Result<runtime::Secret> read(const SecretName& name, const By& by);
    /// From the store, whatever is remembered: for what another process may have changed a moment ago.
    /// Fails as `read`, and with Unavailable "vault.unavailable" whenever the store is down.
    Result<runtime::Secret> readStored(const SecretName& name, const By& by);

    /// New, or in the place of the version before. Invalid "vault.name", "vault.size";
    /// Denied "vault.denied"; Unavailable "vault.full", "vault.not_stored", or what the writer says.
    void put(SecretName name, runtime::Secret secret, By by, Then then);
    /// As `put`, for a secret that is there, and only if `tester` says that the new one works; until
    /// then the old one stands. Also: NotFound, the tester's error, Unavailable "vault.test_timeout",
    /// Conflict "vault.changed" if another change came first.
    void replace(SecretName name, runtime::Secret secret, Tester tester, By by, Then then);
    /// Its data key is overwritten, then the row goes.
    void remove(SecretName name, By by, Then then);
    /// The same secret under a new data key.
    void renewDataKey(SecretName name, By by, Then then);

    /// A new master key; every data key is wrapped under it, in batches, while reads go on; then the
    /// old one is dropped. Killed at any point it goes on at the next start. Conflict
    /// "vault.rotating", "vault.key_in_use"; or what the source of the keys fails with.
    void rotateMasterKey(By by, Then then);
    const Rotation& rotation() const { return m_rotation; }

    struct MasterKeyState {
        std::string id;
        Timestamp since;
        bool isOverdue = false;
    };
    MasterKeyState masterKey() const;
    /// By id. Never a value.
    std::vector<Listing> list() const;
    Duration ageOf(const Listing& listing) const;
    Duration ageMax() const { return m_settings.ageMax; }
    bool isOverdue(const Listing& listing) const;
    /// Secrets that are not what the log says they are, as found at the start.
    const std::vector<std::pair<std::string, Error>>& damaged() const { return m_damaged; }
    const VaultFigures& figures() const { return m_figures; }
    /// Did the store fail when it was last asked?
    bool isStoreDown() const { return m_downSince.has_value(); }
    /// Where the master keys come from, for people.
    std::string keySource() const { return m_the.keys.describe(); }
    static constexpr std::size_t kSecretBytesMax = 65'536;

private:
    struct Known {
        Listing listing;
        std::optional<Duration> useNotedAt, denialNotedAt;
    };
    using Answer = std::function<void(Result<std::int64_t>)>;

    Result<runtime::Secret> readStore(const SecretName& name, const By& by, Duration now,
                                      bool mayRemember);
    Result<runtime::Secret> readWhileDown(const SecretName& name, Duration now, const Error& error,
                                          bool mayRemember);
    Result<runtime::Secret> refuseRead(const SecretName& name, const By& by, Error error);
    Result<void> checkChange(const SecretName& name, const By& by);
    void store(Keeper::Change change, runtime::Secret secret, Then then);
    void stored(const Listing& listing);
    void note(std::string_view kind, const SecretName& name, const By& by, std::string_view reason);
    void submit(storage::Writer::Work work, Answer answer);
    void opened(Opening opening);
    /// Something that the source of the keys is to do, off the core and the writer.
    void askSource(std::function<Result<void>()> question, Then then);
    void beginRotation(const By& by, const Then& then);
    void rotateOn(KeyChange keys, By by, std::string after, Then then);
    void endRotation(KeyChange keys, By by, Then then);
    void rotationEnded(const Result<void>& result, const Then& then);
    tl::unexpected<Error> closed() const;
    Duration steadyNow() const { return m_the.core.clock().steady(); }

    const Dependencies m_the;
    const Settings m_settings;
    std::shared_ptr<KeyRing> m_ring = std::make_shared<KeyRing>();
    std::shared_ptr<Keeper> m_keeper; ///< shared with works that the writer still has
    Reader m_reader;
    SecretCache m_cache;
    std::map<std::string, Known> m_known;
    std::vector<std::pair<std::string, Error>> m_damaged;
    std::string m_activeKey;
    Timestamp m_activeSince;
    Rotation m_rotation;
    VaultFigures m_figures;
    std::optional<Duration> m_downSince;
    Duration m_askAgainAt{};
    std::size_t m_notesUnderWay = 0;
    bool m_isOpen = false;
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace qd::vault

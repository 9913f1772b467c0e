#include <algorithm>

#include <fmt/format.h>

#include "services/json/json.h"
#include "services/vault/keeper.h"

namespace qd::vault {
namespace {

const By kItself{"system:vault", {}};

const MasterKey* findKey(const std::vector<MasterKey>& keys, std::string_view id)
{
    const auto found = std::ranges::find(keys, id, &MasterKey::id);
    return found == keys.end() ? nullptr : &*found;
}

const KeyRecord* findKey(const std::vector<KeyRecord>& keys, std::string_view id)
{
    const auto found = std::ranges::find(keys, id, &KeyRecord::id);
    return found == keys.end() ? nullptr : &*found;
}

tl::unexpected<Error> keyMissing(const std::string& id, const std::string& source)
{
    return fail(ErrorKind::Corrupt, "vault.key_missing",
                fmt::format("the vault's secrets are under the master key {}, which {} does not hold; "
                            "bring back the key that belongs to this database; nothing was changed",
                            id, source));
}

/// Did a rotation end with this key dropped? Then nothing is under it any more, here.
Result<bool> isRetired(storage::Database& database, const std::string& id)
{
    const auto last = lastChange(database, keySubjectOf(id));
    if (!last) return tl::unexpected(last.error());
    return *last && (*last)->kind == kRotated;
}

/// The secrets that are not what the log says they are.
Result<std::vector<std::pair<std::string, Error>>> damageIn(storage::Database& database,
                                                            const std::vector<Record>& records)
{
    auto ids = idsInLog(database);
    if (!ids) return tl::unexpected(ids.error());
    for (const Record& record : records) ids->push_back(record.name.id);
    std::ranges::sort(*ids);
    ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
    std::vector<std::pair<std::string, Error>> damaged;
    for (const std::string& id : *ids) {
        const auto viewed = viewSecret(database, id, [&](const StoredView& stored) {
            if (const auto fits = checkAgainstLog(id, stored); !fits)
                damaged.emplace_back(id, fits.error());
        });
        if (!viewed) return tl::unexpected(viewed.error());
    }
    return damaged;
}

} // namespace

Result<Opening> Keeper::open(storage::Transaction& transaction, Timestamp now)
{
    storage::Database& database = transaction.database();
    auto keys = keyRecords(database);
    if (!keys) return tl::unexpected(keys.error());
    const auto unknown = unknownMasterKey(database);
    if (!unknown) return tl::unexpected(unknown.error());
    if (!unknown->empty()) return keyMissing(*unknown, "the database's own list");
    auto fromSource = m_source.load();
    if (keys->empty()) {
        if (auto made = startFirstKey(transaction, std::move(fromSource), now); !made)
            return tl::unexpected(made.error());
        keys = keyRecords(database);
        if (!keys) return tl::unexpected(keys.error());
    } else {
        if (!fromSource && fromSource.error().kind == ErrorKind::NotFound)
            return keyMissing(keys->front().id, m_source.describe());
        if (!fromSource) return tl::unexpected(fromSource.error());
        if (auto taken = takeKeys(*keys, *fromSource); !taken) return tl::unexpected(taken.error());
        const auto unused = unusedKeys(database, *keys, *fromSource);
        if (!unused) return tl::unexpected(unused.error());
        // One that is only handed in stays there until its owner takes it out.
        for (const std::string& id : unused->retired) static_cast<void>(m_source.remove(id));
    }
    const auto records = allRecords(database);
    if (!records) return tl::unexpected(records.error());
    auto damaged = damageIn(database, *records);
    if (!damaged) return tl::unexpected(damaged.error());
    Opening opening;
    for (const Record& record : *records)
        opening.secrets.push_back({record.name, record.version, record.created, record.changed,
                                   record.resealed, record.envelope.masterKey});
    for (const KeyRecord& key : *keys) {
        (key.isActive ? opening.activeKey : opening.retiringKey) = key.id;
        if (key.isActive) opening.activeSince = key.created;
    }
    if (opening.activeKey.empty())
        return fail(ErrorKind::Corrupt, "vault.key_missing",
                    "the database names no active master key; restore it from a backup");
    opening.damaged = std::move(*damaged);
    return opening;
}

Result<void> Keeper::startFirstKey(storage::Transaction& transaction,
                                   Result<std::vector<MasterKey>> fromSource, Timestamp now)
{
    if (fromSource) return activate(transaction, fromSource->front(), kItself, now);
    if (fromSource.error().kind != ErrorKind::NotFound) return tl::unexpected(fromSource.error());
    const MasterKey key = makeMasterKey(m_random);
    if (auto kept = m_source.add(key); !kept)
        // A place that keys are only handed in at, and nothing lies there: say that.
        return tl::unexpected(kept.error().kind == ErrorKind::Invalid ? fromSource.error()
                                                                      : kept.error());
    return activate(transaction, key, kItself, now);
}

Result<void> Keeper::takeKeys(const std::vector<KeyRecord>& records,
                              const std::vector<MasterKey>& fromSource)
{
    for (const KeyRecord& record : records) {
        const MasterKey* key = findKey(fromSource, record.id);
        if (key == nullptr) return keyMissing(record.id, m_source.describe());
        if (!opensCanary(m_cipher, *key, record.canary))
            return fail(ErrorKind::Corrupt, "vault.key_wrong",
                        fmt::format("{} holds another key under the id {} than the one that the "
                                    "vault's secrets are under; bring back the key that belongs to "
                                    "this database; nothing was changed",
                                    m_source.describe(), record.id));
        m_ring->add(key->clone());
    }
    return {};
}

Result<void> Keeper::activate(storage::Transaction& transaction, const MasterKey& key, const By& by,
                              Timestamp now)
{
    m_ring->add(key.clone());
    auto stored = storeKey(transaction.database(),
                           {key.id, true, now, sealCanary(m_cipher, key, m_random)});
    if (!stored) return stored;
    return transaction.append(vaultEvent(kKeyAdded, keySubjectOf(key.id), by, "{}"))
        .map([](std::int64_t) {});
}

Result<Keeper::Unused> Keeper::unusedKeys(storage::Database& database,
                                          const std::vector<KeyRecord>& records,
                                          const std::vector<MasterKey>& fromSource) const
{
    Unused unused;
    for (const MasterKey& key : fromSource) {
        if (findKey(records, key.id) != nullptr) continue;
        const auto retired = isRetired(database, key.id);
        if (!retired) return tl::unexpected(retired.error());
        if (*retired)
            unused.retired.push_back(key.id);
        else if (!unused.next) // handed in for this, or made by a rotation that did not get further
            unused.next = key.clone();
    }
    return unused;
}

Result<KeyPlan> Keeper::planRotation(storage::Transaction& transaction)
{
    storage::Database& database = transaction.database();
    const auto records = keyRecords(database);
    if (!records) return tl::unexpected(records.error());
    if (records->size() == kMasterKeysMax) return KeyPlan{}; // one that was interrupted
    const auto fromSource = m_source.load();
    if (!fromSource) return tl::unexpected(fromSource.error());
    auto unused = unusedKeys(database, *records, *fromSource);
    if (!unused) return tl::unexpected(unused.error());
    KeyPlan plan;
    plan.toForget = std::move(unused->retired);
    if (!unused->next) plan.toAdd = makeMasterKey(m_random);
    return plan;
}

Result<void> Keeper::prepareSource(const KeyPlan& plan)
{
    // One that is only handed in stays there until its owner takes it out.
    for (const std::string& id : plan.toForget) static_cast<void>(m_source.remove(id));
    return plan.toAdd ? m_source.add(*plan.toAdd) : Result<void>();
}

Result<KeyChange> Keeper::beginRotation(storage::Transaction& transaction, const By& by,
                                        Timestamp now)
{
    storage::Database& database = transaction.database();
    const auto records = keyRecords(database);
    if (!records) return tl::unexpected(records.error());
    QD_ASSERT(!records->empty() && records->front().isActive);
    KeyChange change{records->front().id, {}, now, 0};
    if (records->size() == kMasterKeysMax) { // one that was interrupted
        change = {records->back().id, records->front().id, records->front().created, 0};
    } else {
        const auto fromSource = m_source.load();
        if (!fromSource) return tl::unexpected(fromSource.error());
        const auto unused = unusedKeys(database, *records, *fromSource);
        if (!unused) return tl::unexpected(unused.error());
        if (!unused->next)
            return fail(ErrorKind::Unavailable, "vault.key_unreadable",
                        m_source.describe() + " no longer holds the key that was made for this");
        const auto changed = retireKey(database, change.from).and_then([&] {
            return activate(transaction, *unused->next, by, now);
        });
        if (!changed) return tl::unexpected(changed.error());
        change.to = unused->next->id;
    }
    const auto rows = countUnder(database, change.from);
    if (!rows) return tl::unexpected(rows.error());
    change.rows = *rows;
    return change;
}

Result<Rewrapped> Keeper::rewrapSome(storage::Transaction& transaction, const KeyChange& keys,
                                     const Batch& batch)
{
    storage::Database& database = transaction.database();
    const auto from = m_ring->find(keys.from), to = m_ring->find(keys.to);
    QD_ASSERT(from && to);
    auto records = recordsUnder(database, keys.from, batch.after, batch.limit);
    if (!records) return tl::unexpected(records.error());
    Rewrapped step;
    for (Record& record : *records) {
        step.lastId = record.name.id;
        const auto wrapped =
            rewrap(m_cipher, *from, *to, record.name, record.view(), m_random);
        if (!wrapped) {
            step.damaged.push_back(record.name.id);
            continue;
        }
        if (auto stored = storeWrap(database, record.name.id, keys.to, *wrapped, batch.at); !stored)
            return tl::unexpected(stored.error());
        step.moved.push_back({std::move(record.name), record.version, record.created, record.changed,
                              batch.at, keys.to});
    }
    return step;
}

Result<void> Keeper::endRotation(storage::Transaction& transaction, const KeyChange& keys,
                                 const By& by)
{
    storage::Database& database = transaction.database();
    const auto left = countUnder(database, keys.from);
    if (!left) return tl::unexpected(left.error());
    if (*left > 0)
        return fail(ErrorKind::Conflict, "vault.key_in_use",
                    fmt::format("{} secrets do not open and hold on to the old master key {}; put "
                                "them again or remove them, then rotate again",
                                *left, keys.from));
    if (auto shredded = shredKey(database, keys.from); !shredded) return shredded;
    json::Writer out;
    out.beginObject().member("dropped", keys.from).member("active", keys.to).endObject();
    return transaction.append(vaultEvent(kRotated, keySubjectOf(keys.from), by, out.take()))
        .map([](std::int64_t) {});
}

Result<void> Keeper::forgetKey(const std::string& id)
{
    return m_source.remove(id);
}

} // namespace qd::vault

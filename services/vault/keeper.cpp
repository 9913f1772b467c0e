#include "services/vault/keeper.h"

#include <fmt/format.h>

#include "services/json/json.h"

namespace qd::vault {
namespace {

Listing listingOf(const Record& record)
{
    return {record.name,    record.version,  record.created,
            record.changed, record.resealed, record.envelope.masterKey};
}

tl::unexpected<Error> deniedTo(const SecretName& name)
{
    return fail(ErrorKind::Denied, "vault.denied",
                fmt::format("the secret \"{}\" is not {}'s for {}", name.id, name.owner,
                            name.purpose));
}

std::string payloadOf(const SecretName& name, std::int64_t version)
{
    json::Writer out;
    out.beginObject()
        .member("version", version)
        .member("owner", name.owner)
        .member("purpose", name.purpose);
    return out.endObject().take();
}

Result<std::int64_t> lastVersion(storage::Database& database, const std::string& id)
{
    const auto last = lastChange(database, subjectOf(id));
    if (!last) return tl::unexpected(last.error());
    return *last ? (*last)->version : 0;
}

/// The row, if it is there and the one asked for.
Result<Record> ownRecord(storage::Database& database, const SecretName& name)
{
    auto found = findRecord(database, name.id);
    if (!found) return tl::unexpected(found.error());
    if (!*found)
        return fail(ErrorKind::NotFound, "vault.not_found",
                    fmt::format("there is no secret \"{}\"", name.id));
    if ((*found)->name != name) return deniedTo(name);
    return std::move(**found);
}

Result<void> checkVersion(const Keeper::Change& change, std::int64_t newest)
{
    if (!change.onlyIf || *change.onlyIf == newest) return {};
    return fail(ErrorKind::Conflict, "vault.changed",
                fmt::format("the secret \"{}\" was changed meanwhile: expected version {}, was {}",
                            change.name.id, *change.onlyIf, newest));
}

} // namespace

storage::Event vaultEvent(std::string_view kind, std::string subject, const By& by,
                          std::string payload)
{
    storage::Event event;
    event.kind = kind;
    event.subject = std::move(subject);
    event.actor = by.actor;
    event.traceId = by.traceId;
    event.payload = std::move(payload);
    return event;
}

Keeper::Keeper(std::shared_ptr<KeyRing> ring, MasterKeys& source, runtime::Random& random)
    : m_ring(std::move(ring)), m_source(source), m_random(random)
{
}

Result<KeyRing::Key> Keeper::activeKey(storage::Database& database) const
{
    const auto records = keyRecords(database);
    if (!records) return tl::unexpected(records.error());
    const bool hasActive = !records->empty() && records->front().isActive;
    auto key = hasActive ? m_ring->find(records->front().id) : nullptr;
    if (!key)
        return fail(ErrorKind::Corrupt, "vault.key_missing",
                    "the vault's active master key is not at hand; start the vault again");
    return key;
}

Result<Listing> Keeper::store(storage::Transaction& transaction, const Change& change,
                              const runtime::Secret& secret, std::string_view kind)
{
    storage::Database& database = transaction.database();
    const auto before = findRecord(database, change.name.id);
    if (!before) return tl::unexpected(before.error());
    const auto newest = lastVersion(database, change.name.id);
    if (!newest) return tl::unexpected(newest.error());
    const auto key = activeKey(database);
    if (!key) return tl::unexpected(key.error());
    const std::int64_t version = *newest + 1;
    const bool isSameSecret = kind == kRotated;
    Record record{change.name,
                  version,
                  sealEnvelope(m_cipher, **key, change.name, version, secret, m_random),
                  *before ? (*before)->created : change.at,
                  isSameSecret && *before ? (*before)->changed : change.at,
                  change.at};
    if (auto stored = storeRecord(database, record); !stored) return tl::unexpected(stored.error());
    const auto back = findRecord(database, change.name.id);
    if (!back) return tl::unexpected(back.error());
    const auto opened = *back ? openEnvelope(m_cipher, **key, change.name, (*back)->view())
                              : Result<runtime::Secret>();
    if (!opened || !opened->matches(secret.revealForUse()))
        return fail(ErrorKind::Unavailable, "vault.not_stored",
                    fmt::format("the secret \"{}\" could not be read back; nothing was changed",
                                change.name.id));
    auto event = vaultEvent(kind, subjectOf(change.name.id), change.by,
                            payloadOf(change.name, version));
    if (auto told = transaction.append(std::move(event)); !told) return tl::unexpected(told.error());
    return listingOf(record);
}

Result<Listing> Keeper::put(storage::Transaction& transaction, const Change& change,
                            const runtime::Secret& secret, std::size_t secretsMax)
{
    storage::Database& database = transaction.database();
    const auto before = findRecord(database, change.name.id);
    if (!before) return tl::unexpected(before.error());
    if (*before && (*before)->name != change.name) return deniedTo(change.name);
    const auto newest = lastVersion(database, change.name.id);
    if (!newest) return tl::unexpected(newest.error());
    if (auto fits = checkVersion(change, *newest); !fits) return tl::unexpected(fits.error());
    const auto count = countRecords(database);
    if (!count) return tl::unexpected(count.error());
    if (!*before && *count >= static_cast<std::int64_t>(secretsMax))
        return fail(ErrorKind::Unavailable, "vault.full",
                    fmt::format("the vault holds its limit of {} secrets", secretsMax));
    return store(transaction, change, secret, kPut);
}

Result<void> Keeper::remove(storage::Transaction& transaction, const Change& change)
{
    storage::Database& database = transaction.database();
    if (const auto record = ownRecord(database, change.name); !record)
        return tl::unexpected(record.error());
    const auto newest = lastVersion(database, change.name.id);
    if (!newest) return tl::unexpected(newest.error());
    if (auto fits = checkVersion(change, *newest); !fits) return fits;
    if (auto shredded = shredRecord(database, change.name.id); !shredded) return shredded;
    return transaction
        .append(vaultEvent(kRemoved, subjectOf(change.name.id), change.by,
                           payloadOf(change.name, *newest)))
        .map([](std::int64_t) {});
}

Result<Listing> Keeper::renewDataKey(storage::Transaction& transaction, const Change& change)
{
    storage::Database& database = transaction.database();
    const auto record = ownRecord(database, change.name);
    if (!record) return tl::unexpected(record.error());
    // Sealing an older row again would make it look like the newest.
    Result<void> fits;
    const auto viewed = viewSecret(database, change.name.id, [&](const StoredView& stored) {
        fits = checkAgainstLog(change.name.id, stored);
    });
    if (!viewed) return tl::unexpected(viewed.error());
    if (!fits) return tl::unexpected(fits.error());
    const auto key = m_ring->find(record->envelope.masterKey);
    if (!key)
        return fail(ErrorKind::Corrupt, "vault.key_missing",
                    fmt::format("the secret \"{}\" is under a master key that is not at hand",
                                change.name.id));
    const auto secret = openEnvelope(m_cipher, *key, change.name, record->view());
    if (!secret) return tl::unexpected(secret.error());
    return store(transaction, change, *secret, kRotated);
}

} // namespace qd::vault

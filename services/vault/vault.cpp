#include "services/vault/vault.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/json/json.h"

namespace qd::vault {
namespace {

/// Notes in the log that may wait for the disk; one more is counted instead.
constexpr std::size_t kNotesUnderWayMax = 64;

std::int64_t secondsOf(Duration duration)
{
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

} // namespace

Vault::Vault(Dependencies dependencies, Settings settings)
    : m_the(std::move(dependencies)), m_settings(std::move(settings)),
      m_keeper(std::make_shared<Keeper>(m_ring, m_the.keys, m_the.random)),
      m_reader(m_the.databasePath, m_ring, m_settings.readFault), m_cache(m_settings.cacheMax)
{
}

Vault::~Vault() = default;

void Vault::submit(storage::Writer::Work work, Answer answer)
{
    m_the.writer.submit(std::move(work), m_the.core,
                        [answer = std::move(answer), alive = std::weak_ptr<bool>(m_alive)](
                            Result<std::int64_t> outcome) {
                            if (!alive.expired()) answer(std::move(outcome));
                        });
}

tl::unexpected<Error> Vault::closed() const
{
    return fail(ErrorKind::Unavailable, "vault.closed",
                "the vault is not open; its master key was not found, or it is still starting");
}

void Vault::start(Then then)
{
    const auto opening = std::make_shared<Opening>();
    submit(
        [keeper = m_keeper, opening, now = m_the.core.clock().now()](
            storage::Transaction& transaction) -> Result<void> {
            auto found = keeper->open(transaction, now);
            if (!found) return tl::unexpected(found.error());
            *opening = std::move(*found);
            return {};
        },
        [this, opening, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) {
                m_the.log.error("vault stays closed", {{"error", outcome.error()}});
                then(tl::unexpected(outcome.error()));
                return;
            }
            opened(std::move(*opening));
            then({});
        });
}

void Vault::opened(Opening opening)
{
    m_isOpen = true;
    m_activeKey = opening.activeKey;
    m_activeSince = opening.activeSince;
    for (Listing& listing : opening.secrets) {
        auto& known = m_known[listing.name.id];
        known.listing = std::move(listing);
    }
    m_damaged = std::move(opening.damaged);
    for (const auto& [id, error] : m_damaged)
        m_the.log.error("secret will not be served", {{"id", id}, {"error", error}});
    m_the.log.info("vault open", {{"secrets", m_known.size()}, {"master", m_activeKey}});
    if (opening.retiringKey.empty()) return;
    m_the.log.info("rotation goes on", {{"from", opening.retiringKey}, {"to", m_activeKey}});
    rotateMasterKey({"system:vault", {}}, [](const Result<void>&) {}); // told in the log
}

Result<runtime::Secret> Vault::read(const SecretName& name, const By& by)
{
    if (!m_isOpen) {
        ++m_figures.failed;
        return closed();
    }
    const Duration now = steadyNow();
    const auto* remembered = m_cache.find(name.id);
    if (remembered != nullptr && remembered->name == name &&
        now - remembered->openedAt < m_settings.freshFor) {
        ++m_figures.cached;
        return remembered->secret.clone();
    }
    return readStore(name, by, now, /*mayRemember=*/true);
}

Result<runtime::Secret> Vault::readStored(const SecretName& name, const By& by)
{
    if (!m_isOpen) {
        ++m_figures.failed;
        return closed();
    }
    return readStore(name, by, steadyNow(), /*mayRemember=*/false);
}

Result<runtime::Secret> Vault::readStore(const SecretName& name, const By& by, Duration now,
                                         bool mayRemember)
{
    if (auto fits = check(name); !fits) return refuseRead(name, by, fits.error());
    if (m_downSince && now < m_askAgainAt)
        return readWhileDown(name, now,
                             {ErrorKind::Unavailable, "storage.io", "it failed a moment ago", {}},
                             mayRemember);
    auto secret = m_reader.read(name);
    if (!secret && secret.error().kind == ErrorKind::Unavailable) {
        if (!m_downSince) {
            m_downSince = now;
            m_the.log.warning("vault's store is down", {{"error", secret.error()}});
        }
        m_askAgainAt = now + m_settings.askAgainAfter;
        return readWhileDown(name, now, secret.error(), mayRemember);
    }
    if (m_downSince) m_the.log.info("vault's store is back", {{"downMs", now - *m_downSince}});
    m_downSince.reset();
    if (!secret) return refuseRead(name, by, secret.error());
    ++m_figures.opened;
    m_cache.keep(name, *secret, now);
    note(kUsed, name, by, {});
    return secret;
}

Result<runtime::Secret> Vault::readWhileDown(const SecretName& name, Duration now,
                                             const Error& error, bool mayRemember)
{
    if (!mayRemember) {
        ++m_figures.failed;
        return fail(ErrorKind::Unavailable, "vault.unavailable",
                    fmt::format("the vault's store does not answer, and the secret \"{}\" is wanted as "
                                "it is stored now; the store says: {}",
                                name.id, describe(error)));
    }
    const auto* remembered = m_cache.find(name.id);
    const bool isOurs = remembered != nullptr && remembered->name == name;
    if (isOurs && now - remembered->openedAt < m_settings.staleFor) {
        ++m_figures.stale;
        return remembered->secret.clone();
    }
    ++m_figures.failed;
    const auto age = isOurs ? fmt::format("it was last read {} s ago, and is served for {} s",
                                          secondsOf(now - remembered->openedAt),
                                          secondsOf(m_settings.staleFor))
                            : std::string("it was not read before");
    if (isOurs) m_cache.forget(name.id);
    return fail(ErrorKind::Unavailable, "vault.unavailable",
                fmt::format("the vault's store does not answer, and the secret \"{}\" is not served "
                            "from memory: {}; the store says: {}",
                            name.id, age, describe(error)));
}

Result<runtime::Secret> Vault::refuseRead(const SecretName& name, const By& by, Error error)
{
    ++m_figures.failed;
    if (error.kind == ErrorKind::Denied || error.code.starts_with("vault.")) {
        if (error.kind == ErrorKind::Corrupt) m_cache.forget(name.id);
        if (error.kind == ErrorKind::Denied || error.kind == ErrorKind::Corrupt)
            note(kDenied, name, by, error.code);
    }
    return tl::unexpected(std::move(error));
}

void Vault::note(std::string_view kind, const SecretName& name, const By& by,
                 std::string_view reason)
{
    const bool isDenial = kind == kDenied;
    if (isDenial) {
        ++m_figures.denied;
        m_the.log.warning("secret refused",
                          {{"id", name.id}, {"reason", reason}, {"actor", by.actor}});
    }
    const auto known = m_known.find(name.id);
    auto* notedAt = known == m_known.end() ? nullptr
                    : isDenial             ? &known->second.denialNotedAt
                                           : &known->second.useNotedAt;
    const Duration now = steadyNow();
    const bool isRecent = notedAt != nullptr && *notedAt && now - **notedAt < m_settings.noteEvery;
    if (notedAt == nullptr || isRecent || m_notesUnderWay >= kNotesUnderWayMax) {
        ++m_figures.unnoted;
        return;
    }
    *notedAt = now;
    ++m_notesUnderWay;
    json::Writer out;
    out.beginObject().member("owner", name.owner).member("purpose", name.purpose);
    if (isDenial) out.member("reason", reason);
    auto event = vaultEvent(kind, useSubjectOf(name.id), by, out.endObject().take());
    event.time = m_the.core.clock().now();
    submit(
        [event = std::move(event)](storage::Transaction& transaction) {
            return transaction.append(event).map([](std::int64_t) {});
        },
        [this](const Result<std::int64_t>& outcome) {
            --m_notesUnderWay;
            if (!outcome) ++m_figures.unnoted;
        });
}

std::vector<Listing> Vault::list() const
{
    std::vector<Listing> listings;
    listings.reserve(m_known.size());
    for (const auto& [id, known] : m_known) listings.push_back(known.listing);
    return listings;
}

Duration Vault::ageOf(const Listing& listing) const
{
    return m_the.core.clock().now() - listing.changed;
}

bool Vault::isOverdue(const Listing& listing) const
{
    const auto& lasting = m_settings.lastingPurposes;
    const bool isLasting =
        std::find(lasting.begin(), lasting.end(), listing.name.purpose) != lasting.end();
    const Duration age =
        isLasting ? m_the.core.clock().now() - listing.resealed : ageOf(listing);
    return age > m_settings.ageMax;
}

Vault::MasterKeyState Vault::masterKey() const
{
    const Duration age = m_the.core.clock().now() - m_activeSince;
    return {m_activeKey, m_activeSince, m_isOpen && age > m_settings.ageMax};
}

} // namespace qd::vault

#include "services/gateway/vault_api.h"

#include <algorithm>

namespace qd::gateway {

namespace {

std::int64_t wholeSeconds(Duration duration)
{
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

void writeSecrets(json::Writer& out, const vault::Vault& vault)
{
    out.key("secrets").beginArray();
    for (const auto& listing : vault.list()) {
        out.beginObject()
            .member("id", listing.name.id)
            .member("owner", listing.name.owner)
            .member("purpose", listing.name.purpose)
            .member("version", listing.version)
            .member("createdAt", listing.created)
            .member("changedAt", listing.changed)
            .member("rotatedAt", listing.resealed)
            .member("ageSeconds", wholeSeconds(vault.ageOf(listing)))
            .member("ageMaxSeconds", wholeSeconds(vault.ageMax()))
            .member("overdue", vault.isOverdue(listing))
            .member("masterKey", listing.masterKey)
            .endObject();
    }
    out.endArray().key("damaged").beginArray();
    for (const auto& [id, error] : vault.damaged())
        out.beginObject().member("id", id).member("code", error.code).endObject();
    out.endArray();
}

void writeKeys(json::Writer& out, const std::vector<brokers::KeptKey*>& keys)
{
    const auto writeResult = [&out](const char* name, const Result<void>& result) {
        out.key(name);
        result ? out.null() : out.value(describe(result.error()));
    };
    out.key("brokerKeys").beginArray();
    for (const auto* key : keys) {
        out.beginObject()
            .member("id", key->name().id)
            .member("inUse", key->found().inUse.has_value());
        writeResult("problem", key->found().inUse);
        writeResult("notTaken", key->found().outside);
        out.endObject();
    }
    out.endArray();
}

/// What came of looking at several keys.
struct Looks {
    std::size_t left = 0;
    std::int64_t broughtIn = 0;
    std::optional<Error> error;
};

} // namespace

VaultApi::VaultApi(vault::Vault& vault, runtime::Executor& core,
                   std::vector<brokers::KeptKey*> keys)
    : m_vault(vault), m_core(core), m_keys(std::move(keys))
{
}

std::string VaultApi::stateJson() const
{
    const auto key = m_vault.masterKey();
    const auto& rotation = m_vault.rotation();
    json::Writer out;
    out.beginObject().member("open", m_vault.isOpen()).key("masterKey").beginObject();
    out.member("id", key.id)
        .member("since", key.since)
        .member("overdue", key.isOverdue)
        .member("source", m_vault.keySource())
        .endObject();
    out.key("rotation").beginObject();
    out.member("underWay", rotation.isUnderWay)
        .member("from", rotation.from)
        .member("to", rotation.to)
        .member("done", rotation.done)
        .member("total", rotation.total)
        .endObject();
    out.key("dataKeys").beginObject();
    out.member("underWay", m_renewal.isUnderWay)
        .member("done", m_renewal.done)
        .member("total", m_renewal.total)
        .endObject();
    writeSecrets(out, m_vault);
    writeKeys(out, m_keys);
    return out.endObject().take();
}

/// The state after a rotation, or why there was none; or, when that takes long, how far it is.
vault::Vault::Then VaultApi::answerWith(const CallPtr& call)
{
    const std::weak_ptr<bool> alive = m_alive;
    const auto late =
        std::make_shared<runtime::Timer>(m_core.after(kAnswerWithin, [this, alive, call] {
            if (!alive.expired() && !call->isAnswered()) call->answer(202, stateJson());
        }));
    return [this, alive, call, late](const Result<void>& rotated) {
        late->cancel();
        if (alive.expired() || call->isAnswered()) return;
        if (!rotated) return call->answer(problemOf(rotated.error(), "Not rotated"));
        call->answer(200, stateJson());
    };
}

void VaultApi::rotate(const CallPtr& call)
{
    const auto what = call->body()["what"].stringOr("master-key");
    const auto id = call->body()["id"].stringOr({});
    if (what == "data-keys") return id.empty() ? renewAll(call) : renewOne(call, id);
    if (!id.empty())
        return call->answer(problemOf({ErrorKind::Invalid, "vault.rotate_what",
                                       "one secret has a data key of its own, no master key; set "
                                       "what to data-keys",
                                       "id"},
                                      "Not rotated"));
    m_vault.rotateMasterKey({call->caller().name, call->traceId()}, answerWith(call));
}

void VaultApi::renewOne(const CallPtr& call, std::string_view id)
{
    const vault::By by{call->caller().name, call->traceId()};
    for (const auto& listing : m_vault.list())
        if (listing.name.id == id) return m_vault.renewDataKey(listing.name, by, answerWith(call));
    call->answer(problemOf(
        {ErrorKind::NotFound, "vault.not_found", "there is no such secret", "id"}, "Not rotated"));
}

void VaultApi::renewAll(const CallPtr& call)
{
    if (m_renewal.isUnderWay)
        return call->answer(problemOf(
            {ErrorKind::Conflict, "vault.rotating", "the data keys are being rotated already", {}},
            "Not rotated"));
    m_renewal = {};
    for (const auto& listing : m_vault.list()) m_renewal.left.push_back(listing.name);
    m_renewal.total = static_cast<std::int64_t>(m_renewal.left.size());
    m_renewal.isUnderWay = true;
    renewNext({call->caller().name, call->traceId()}, answerWith(call));
}

void VaultApi::renewNext(const vault::By& by, const vault::Vault::Then& then)
{
    if (m_renewal.left.empty()) {
        m_renewal.isUnderWay = false;
        return then({});
    }
    const auto name = m_renewal.left.back();
    m_renewal.left.pop_back();
    m_vault.renewDataKey(
        name, by,
        [this, alive = std::weak_ptr<bool>(m_alive), by, then](const Result<void>& renewed) {
            if (alive.expired()) return;
            // One that was removed meanwhile needs none.
            if (!renewed && renewed.error().kind != ErrorKind::NotFound) {
                m_renewal.isUnderWay = false;
                return then(renewed);
            }
            ++m_renewal.done;
            renewNext(by, then);
        });
}

void VaultApi::bringIn(const CallPtr& call)
{
    const auto looks = std::make_shared<Looks>();
    looks->left = m_keys.size();
    const auto finish = [call](const Looks& all) {
        if (all.error) {
            auto problem = problemOf(*all.error, "Not brought in");
            // It is the broker that refuses the key, not we the caller.
            if (all.error->kind == ErrorKind::Denied) problem.status = 422;
            return call->answer(problem);
        }
        json::Writer out;
        call->answer(200, out.beginObject().member("broughtIn", all.broughtIn).endObject().take());
    };
    if (m_keys.empty()) return finish(*looks);
    for (auto* key : m_keys)
        key->look([looks, finish](const brokers::KeptKey::Found& found) {
            if (found.isNew) ++looks->broughtIn;
            if (!found.outside) looks->error = found.outside.error();
            if (found.outside && !found.inUse) looks->error = found.inUse.error();
            if (--looks->left == 0) finish(*looks);
        });
}

void VaultApi::addTo(Api& api)
{
    api.add({.method = "GET",
             .path = "/v1/vault",
             .role = Role::Admin,
             .summary = "What is in the vault and how old it is; never a value",
             .query = {},
             .body = {},
             .errors = {}},
            [this](const CallPtr& call) { call->answer(200, stateJson()); });
    api.add({.method = "POST",
             .path = "/v1/vault/rotate",
             .role = Role::Admin,
             .stepUp = true,
             .summary = "A new master key for all secrets, or new data keys",
             .query = {},
             .body = {{.name = "what",
                       .help = "default: master-key",
                       .allowed = {"master-key", "data-keys"}},
                      {.name = "id", .help = "of one secret, whose data key it is; none = all"}},
             .errors = {404, 409, 422, 500, 503}},
            [this](const CallPtr& call) { rotate(call); });
    api.add({.method = "POST",
             .path = "/v1/vault/import",
             .role = Role::Admin,
             .stepUp = true,
             .summary = "Bring in the broker's key from its file or settings, if it works",
             .query = {},
             .body = {},
             .errors = {422, 500, 503}},
            [this](const CallPtr& call) { bringIn(call); });
}

ComponentHealth VaultApi::vaultHealth() const
{
    const auto listings = m_vault.list();
    const auto overdue =
        std::ranges::count_if(listings, [this](const auto& one) { return m_vault.isOverdue(one); });
    ComponentHealth health{.name = "vault"};
    health.figures = {{"secrets", static_cast<double>(listings.size())},
                      {"overdue", static_cast<double>(overdue)},
                      {"damaged", static_cast<double>(m_vault.damaged().size())}};
    const auto degrade = [&health](HealthStatus to, std::string why) {
        health.status = std::max(health.status, to);
        health.detail += (health.detail.empty() ? "" : "; ") + std::move(why);
    };
    if (!m_vault.isOpen()) degrade(HealthStatus::Down, "closed");
    if (m_vault.isStoreDown())
        degrade(HealthStatus::Degraded,
                "its store does not answer; secrets are served from memory for a while");
    for (const auto* key : m_keys) {
        const auto& found = key->found();
        if (!found.inUse)
            degrade(HealthStatus::Down, "no key in use: " + found.inUse.error().detail);
        if (!found.outside) degrade(HealthStatus::Degraded, found.outside.error().detail);
    }
    for (const auto& [id, error] : m_vault.damaged())
        degrade(HealthStatus::Degraded, "\"" + id + "\" is not served: " + error.detail);
    if (overdue > 0)
        degrade(HealthStatus::Degraded, std::to_string(overdue) +
                                            " secrets are older than they should "
                                            "be; replace them");
    if (m_vault.masterKey().isOverdue)
        degrade(HealthStatus::Degraded, "the master key is older than it should be; rotate it");
    if (health.detail.empty())
        health.detail = "open, master key " + m_vault.masterKey().id + " since " +
                        m_vault.masterKey().since.toString(0);
    return health;
}

void VaultApi::addTo(Health& health) const
{
    health.add([this] { return vaultHealth(); });
}

} // namespace qd::gateway

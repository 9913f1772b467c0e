#include "services/brokers/kept_key.h"

#include <utility>

#include <fmt/format.h>

namespace qd::brokers {
namespace {

const vault::By kKeyKeeper{"system:broker-keys", {}};

bool isNothing(const Error& error)
{
    return error.kind == ErrorKind::NotFound;
}

} // namespace

KeptKey::KeptKey(vault::Vault& vault, runtime::Executor& core, runtime::Executor& jobs,
                 observability::Logger log, Terms terms)
    : m_vault(vault), m_core(core), m_jobs(jobs), m_log(std::move(log)), m_terms(std::move(terms))
{
}

KeptKey::~KeptKey() = default;

void KeptKey::look(Then then)
{
    if (!m_isLooking) {
        m_asked.push_back(std::move(then));
        return begin();
    }
    if (m_waiting.size() < kWaitingMax) {
        m_waiting.push_back(std::move(then));
        return;
    }
    Found found = m_found;
    found.outside = fail(ErrorKind::Unavailable, "broker.key_looks",
                         "the key is being looked at, and many wait for it; ask again later");
    then(found);
}

void KeptKey::begin()
{
    m_isLooking = true;
    m_next.cancel();
    m_jobs.post(
        [this, alive = std::weak_ptr<bool>(m_alive), outside = m_terms.outside, &core = m_core] {
            const auto found = std::make_shared<Result<runtime::Secret>>(outside());
            core.post([this, alive, found] {
                if (!alive.expired()) compare(std::move(*found));
            });
        });
}

void KeptKey::compare(Result<runtime::Secret> outside)
{
    if (!outside) {
        const bool isFine = isNothing(outside.error());
        return end(isFine ? Result<void>() : tl::unexpected(outside.error()), /*isNew=*/false);
    }
    const auto kept = m_vault.read(m_terms.name, kKeyKeeper);
    if (kept && kept->matches(outside->revealForUse())) {
        m_refused.reset();
        return end({}, /*isNew=*/false);
    }
    if (kept && m_refused && m_refused->matches(outside->revealForUse()))
        return end(m_found.outside, /*isNew=*/false);
    const bool isFirst = !kept && isNothing(kept.error());
    const bool isRepair =
        !kept && kept.error().kind == ErrorKind::Corrupt && m_terms.overwritesDamaged;
    if (!kept && !isFirst && !isRepair)
        return end(tl::unexpected(kept.error()),
                   /*isNew=*/false); // fails closed: nothing goes over it
    bringIn(std::move(*outside), /*isReplacement=*/kept.has_value());
}

void KeptKey::bringIn(runtime::Secret candidate, bool isReplacement)
{
    const auto tried = std::make_shared<runtime::Secret>(candidate.clone());
    auto then = [this, tried](const Result<void>& result) { broughtIn(*tried, result); };
    // The vault is no longer than the keys in it, and calls nobody after its end.
    if (isReplacement && m_terms.tester)
        return m_vault.replace(m_terms.name, std::move(candidate), m_terms.tester, kKeyKeeper,
                               [alive = std::weak_ptr<bool>(m_alive), then](const auto& result) {
                                   if (!alive.expired()) then(result);
                               });
    m_vault.put(m_terms.name, std::move(candidate), kKeyKeeper,
                [alive = std::weak_ptr<bool>(m_alive), then](const auto& result) {
                    if (!alive.expired()) then(result);
                });
}

void KeptKey::broughtIn(const runtime::Secret& candidate, const Result<void>& result)
{
    if (result) {
        m_refused.reset();
        m_log.info("key brought into the vault; what it came from may be removed",
                   {{"id", m_terms.name.id}, {"from", m_terms.place}});
        return end({}, /*isNew=*/true);
    }
    Error error = result.error();
    if (error.kind == ErrorKind::Denied) m_refused = candidate.clone();
    error.detail = fmt::format("the key in {} is not taken: {}", m_terms.place, error.detail);
    end(tl::unexpected(std::move(error)), /*isNew=*/false);
}

void KeptKey::end(Result<void> outside, bool isNew)
{
    const auto kept = m_vault.read(m_terms.name, kKeyKeeper);
    handOut(kept);
    m_found = {kept.map([](const runtime::Secret&) {}), std::move(outside), isNew};
    const Error* problem = !m_found.outside ? &m_found.outside.error()
                           : !m_found.inUse ? &m_found.inUse.error()
                                            : nullptr;
    if (problem != nullptr && problem->code != m_lastTold)
        m_log.warning("something is wrong with a broker's key",
                      {{"id", m_terms.name.id}, {"error", *problem}});
    m_lastTold = problem == nullptr ? std::string() : problem->code;
    const bool hasNoVerdict = !m_found.outside && !m_refused;
    m_next = m_core.after(hasNoVerdict ? m_terms.tryAgainEvery : m_terms.lookEvery,
                          [this] { look([](const Found&) {}); });
    m_isLooking = false;
    const auto asked = std::exchange(m_asked, std::exchange(m_waiting, {}));
    if (!m_asked.empty()) begin();
    const Found found = m_found;
    for (const Then& then : asked) then(found);
}

void KeptKey::handOut(const Result<runtime::Secret>& key)
{
    const bool isSame = m_wasHandedOut && key.has_value() == m_given.has_value() &&
                        (!key || m_given->matches(key->revealForUse()));
    if (isSame) return;
    m_wasHandedOut = true;
    m_given.reset();
    if (key) m_given = key->clone();
    m_terms.use(key);
}

} // namespace qd::brokers

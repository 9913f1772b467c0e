#include "services/vault/vault.h"

namespace qd::vault {

void Vault::rotateMasterKey(By by, Then then)
{
    if (!m_isOpen) return then(closed());
    if (m_rotation.isUnderWay)
        return then(fail(ErrorKind::Conflict, "vault.rotating",
                         "a rotation of the master key is under way"));
    m_rotation = {};
    m_rotation.isUnderWay = true;
    const auto plan = std::make_shared<KeyPlan>();
    submit(
        [keeper = m_keeper, plan](storage::Transaction& transaction) -> Result<void> {
            auto planned = keeper->planRotation(transaction);
            if (!planned) return tl::unexpected(planned.error());
            *plan = std::move(*planned);
            return {};
        },
        [this, plan, by = std::move(by), then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return rotationEnded(tl::unexpected(outcome.error()), then);
            askSource([keeper = m_keeper, plan] { return keeper->prepareSource(*plan); },
                      [this, by, then](const Result<void>& prepared) {
                          prepared ? beginRotation(by, then) : rotationEnded(prepared, then);
                      });
        });
}

void Vault::askSource(std::function<Result<void>()> question, Then then)
{
    if (m_the.keyAsker == nullptr)
        return submit([question = std::move(question)](storage::Transaction&) { return question(); },
                      [then = std::move(then)](const Result<std::int64_t>& outcome) {
                          then(outcome.map([](std::int64_t) {}));
                      });
    m_the.keyAsker->post([question = std::move(question), then = std::move(then), &core = m_the.core,
                          alive = std::weak_ptr<bool>(m_alive)] {
        core.post([answer = question(), then, alive] {
            if (!alive.expired()) then(answer);
        });
    });
}

void Vault::beginRotation(const By& by, const Then& then)
{
    const auto keys = std::make_shared<KeyChange>();
    submit(
        [keeper = m_keeper, keys, by, now = m_the.core.clock().now()](
            storage::Transaction& transaction) -> Result<void> {
            auto begun = keeper->beginRotation(transaction, by, now);
            if (!begun) return tl::unexpected(begun.error());
            *keys = std::move(*begun);
            return {};
        },
        [this, keys, by, then](const Result<std::int64_t>& outcome) {
            if (!outcome) return rotationEnded(tl::unexpected(outcome.error()), then);
            m_activeKey = keys->to;
            m_activeSince = keys->since;
            m_rotation.from = keys->from;
            m_rotation.to = keys->to;
            m_rotation.total = keys->rows;
            rotateOn(std::move(*keys), by, {}, then);
        });
}

void Vault::rotateOn(KeyChange keys, By by, std::string after, Then then)
{
    const auto step = std::make_shared<Rewrapped>();
    submit(
        [keeper = m_keeper, keys, step,
         batch = Keeper::Batch{std::move(after), m_settings.rewrapBatch, m_the.core.clock().now()}](
            storage::Transaction& transaction) -> Result<void> {
            auto moved = keeper->rewrapSome(transaction, keys, batch);
            if (!moved) return tl::unexpected(moved.error());
            *step = std::move(*moved);
            return {};
        },
        [this, keys, by = std::move(by), step,
         then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return rotationEnded(tl::unexpected(outcome.error()), then);
            for (Listing& moved : step->moved) {
                const auto known = m_known.find(moved.name.id);
                if (known != m_known.end()) known->second.listing = std::move(moved);
            }
            m_rotation.done += static_cast<std::int64_t>(step->moved.size());
            m_rotation.damaged.insert(m_rotation.damaged.end(), step->damaged.begin(),
                                      step->damaged.end());
            if (step->lastId.empty()) return endRotation(keys, by, then);
            rotateOn(keys, by, step->lastId, then);
        });
}

void Vault::endRotation(KeyChange keys, By by, Then then)
{
    submit(
        [keeper = m_keeper, keys, by = std::move(by)](storage::Transaction& transaction) {
            return keeper->endRotation(transaction, keys, by);
        },
        [this, keys, then = std::move(then)](const Result<std::int64_t>& outcome) {
            if (!outcome) return rotationEnded(tl::unexpected(outcome.error()), then);
            m_ring->drop(keys.from);
            // Once no row on the disk names it; if this fails it goes at the next rotation.
            askSource([keeper = m_keeper, id = keys.from] { return keeper->forgetKey(id); },
                      [this, then](const Result<void>& forgotten) {
                          if (!forgotten)
                              m_the.log.warning("old master key stays where it came from",
                                                {{"error", forgotten.error()}});
                          rotationEnded({}, then);
                      });
        });
}

void Vault::rotationEnded(const Result<void>& result, const Then& then)
{
    m_rotation.isUnderWay = false;
    if (result)
        m_the.log.info("master key rotated", {{"from", m_rotation.from}, {"to", m_rotation.to}});
    else
        m_the.log.error("master key not rotated", {{"error", result.error()}});
    then(result);
}

} // namespace qd::vault

#include "services/brokers/oauth/leases.h"

namespace qd::brokers::oauth {

struct Leases::Wish {
    std::string link;
    Lease lease;
    Duration until{}; ///< steady
    std::function<bool()> isMoot;
    Then then;
};

Leases::Leases(Store& store, runtime::Executor& core, runtime::Random& random,
               const Settings& settings)
    : m_store(store), m_core(core), m_random(random), m_settings(settings)
{
}

void Leases::take(std::string link, std::int64_t generation, Duration patience,
                  std::function<bool()> isMoot, Then then)
{
    const auto wish = std::make_shared<Wish>();
    wish->link = std::move(link);
    wish->lease = {m_random.uuidV4(), {}, generation};
    wish->until = m_core.clock().steady() + patience;
    wish->isMoot = std::move(isMoot);
    wish->then = std::move(then);
    ask(wish);
}

void Leases::ask(const std::shared_ptr<Wish>& wish)
{
    const Timestamp now = m_core.clock().now();
    wish->lease.until = now + m_settings.leaseFor;
    m_store.ask<bool>(
        [link = wish->link, lease = wish->lease, now](storage::Transaction& transaction) {
            return takeLease(transaction.database(), link, lease, now);
        },
        [this, wish](const Result<bool>& taken) { answered(wish, taken); });
}

void Leases::answered(const std::shared_ptr<Wish>& wish, const Result<bool>& taken)
{
    if (!taken && taken.error().code != "storage.busy")
        return wish->then(tl::unexpected(taken.error()));
    if (taken && *taken) return wish->then(wish->lease.holder);
    if (wish->isMoot && wish->isMoot()) return wish->then(std::string());
    if (m_core.clock().steady() >= wish->until)
        return wish->then(fail(ErrorKind::Unavailable, "oauth.busy_elsewhere",
                               "another process has been using this link's tokens for too long"));
    const auto poll = static_cast<std::uint64_t>(m_settings.leasePoll.count());
    const Duration wait = m_settings.leasePoll / 2 + Duration(m_random.below(poll));
    m_waiting[wish] = m_core.after(wait, [this, wish] {
        m_waiting.erase(wish);
        ask(wish);
    });
}

void Leases::release(const std::string& link, const std::string& holder)
{
    m_store.ask<bool>(
        [link, holder](storage::Transaction& transaction) -> Result<bool> {
            const auto released = releaseLease(transaction.database(), link, holder);
            if (!released) return tl::unexpected(released.error());
            return true;
        },
        [](const Result<bool>&) {});
}

} // namespace qd::brokers::oauth

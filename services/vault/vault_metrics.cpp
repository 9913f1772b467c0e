#include "services/vault/vault_metrics.h"

#include <algorithm>

namespace qd::vault {
namespace {

double asSeconds(Duration duration)
{
    return std::chrono::duration<double>(duration).count();
}

/// What the secrets of one purpose come to.
struct Sums {
    Duration oldest{};
    int count = 0, overdue = 0;
};

/// Keeps which purposes were shown before: one whose last secret went is shown as none.
class Showing {
public:
    Showing(const Vault& vault, observability::Metrics& metrics, const runtime::Clock& clock)
        : m_vault(vault), m_metrics(metrics), m_clock(clock)
    {
    }

    void update()
    {
        for (auto& [purpose, sums] : m_sums) sums = {};
        for (const Listing& listing : m_vault.list()) {
            Sums& sums = m_sums[listing.name.purpose];
            sums.oldest = std::max(sums.oldest, m_vault.ageOf(listing));
            ++sums.count;
            sums.overdue += m_vault.isOverdue(listing) ? 1 : 0;
        }
        for (const auto& [purpose, sums] : m_sums) {
            m_metrics.gauge("quarterdeck_vault_secret_age_seconds", {purpose})
                .set(asSeconds(sums.oldest));
            m_metrics.gauge("quarterdeck_vault_secrets", {purpose}).set(sums.count);
            m_metrics.gauge("quarterdeck_vault_overdue_secrets", {purpose}).set(sums.overdue);
        }
        if (const auto key = m_vault.masterKey(); key.since.isSet())
            m_metrics.gauge("quarterdeck_vault_master_key_age_seconds")
                .set(asSeconds(m_clock.now() - key.since));
        count();
    }

private:
    void count()
    {
        const VaultFigures& now = m_vault.figures();
        const auto reads = [this](std::string_view outcome, std::uint64_t total) {
            m_metrics.counter("quarterdeck_vault_reads_total", {outcome}).raiseTo(total);
        };
        reads("cached", now.cached);
        reads("opened", now.opened);
        reads("stale", now.stale);
        reads("failed", now.failed);
        m_metrics.counter("quarterdeck_vault_denied_total").raiseTo(now.denied);
        m_metrics.counter("quarterdeck_vault_unnoted_total").raiseTo(now.unnoted);
    }

    const Vault& m_vault;
    observability::Metrics& m_metrics;
    const runtime::Clock& m_clock;
    std::map<std::string, Sums> m_sums;
};

} // namespace

void watch(const Vault& vault, observability::Metrics& metrics, const runtime::Clock& clock)
{
    using enum observability::MetricType;
    metrics.declare({
        {"quarterdeck_vault_secret_age_seconds", Gauge,
         "Age of the oldest secret, since it was last replaced.", {"purpose"}, {}},
        {"quarterdeck_vault_secrets", Gauge, "Secrets in the vault.", {"purpose"}, {}},
        {"quarterdeck_vault_overdue_secrets", Gauge, "Secrets that ought to be replaced.",
         {"purpose"}, {}},
        {"quarterdeck_vault_master_key_age_seconds", Gauge, "Age of the active master key.", {}, {}},
        {"quarterdeck_vault_reads_total", Counter, "Reads of secrets, by outcome.", {"outcome"}, {}},
        {"quarterdeck_vault_denied_total", Counter,
         "Reads and changes that were refused: another owner's, or altered rows.", {}, {}},
        {"quarterdeck_vault_unnoted_total", Counter,
         "Uses and refusals that are counted only and not in the log.", {}, {}},
    });
    const auto showing = std::make_shared<Showing>(vault, metrics, clock);
    metrics.onCollect([showing] { showing->update(); });
}

} // namespace qd::vault

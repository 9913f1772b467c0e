#include "services/brokers/oauth/connection_metrics.h"

#include <map>
#include <utility>

namespace qd::brokers::oauth {
namespace {

/// Counters grow by differences; a status whose last link went is shown as none.
class LinksShown {
public:
    LinksShown(const Connections& connections, observability::Metrics& metrics)
        : m_connections(connections), m_metrics(metrics)
    {
    }

    void update()
    {
        for (auto& [key, count] : m_links) count = 0;
        for (const BrokerLink& link : m_connections.overview().links)
            ++m_links[{link.broker.text(), std::string(toString(link.status))}];
        for (const auto& [key, count] : m_links)
            m_metrics.gauge("quarterdeck_oauth_links", {key.first, key.second}).set(count);
        m_metrics.gauge("quarterdeck_oauth_orphans")
            .set(static_cast<double>(m_connections.overview().orphans));
        m_metrics.gauge("quarterdeck_oauth_unsaved_tokens")
            .set(static_cast<double>(m_connections.refreshes().unsaved));
        countConsents();
        countRefreshes();
        countRevocations();
    }

private:
    void grow(std::string_view name, observability::Metrics::LabelValues labels,
              std::uint64_t now, std::uint64_t before)
    {
        m_metrics.counter(name, labels).add(static_cast<double>(now - before));
    }
    void countConsents()
    {
        const auto& now = m_connections.consents();
        constexpr const char* kName = "quarterdeck_oauth_consents_total";
        grow(kName, {"begun"}, now.begun, m_consents.begun);
        grow(kName, {"linked"}, now.linked, m_consents.linked);
        grow(kName, {"refused"}, now.refused, m_consents.refused);
        grow("quarterdeck_oauth_unaudited_total", {}, now.unaudited, m_consents.unaudited);
        m_consents = now;
    }
    void countRefreshes()
    {
        const auto& now = m_connections.refreshes();
        constexpr const char* kName = "quarterdeck_oauth_refreshes_total";
        grow(kName, {"renewed"}, now.renewed, m_refreshes.renewed);
        grow(kName, {"failed"}, now.failed, m_refreshes.failed);
        grow(kName, {"refused"}, now.refused, m_refreshes.refused);
        grow("quarterdeck_oauth_refresh_requests_total", {}, now.requests, m_refreshes.requests);
        m_refreshes = now;
    }
    void countRevocations()
    {
        const auto& now = m_connections.revocations();
        constexpr const char* kName = "quarterdeck_oauth_revocations_total";
        grow(kName, {"confirmed"}, now.confirmed, m_revocations.confirmed);
        grow(kName, {"failed"}, now.failed, m_revocations.failed);
        grow("quarterdeck_oauth_revocation_alarms_total", {}, now.alarms, m_revocations.alarms);
        m_revocations = now;
    }

    const Connections& m_connections;
    observability::Metrics& m_metrics;
    std::map<std::pair<std::string, std::string>, int> m_links;
    Authorizer::Figures m_consents;
    Refresher::Figures m_refreshes;
    Revoker::Figures m_revocations;
};

} // namespace

void watch(const Connections& connections, observability::Metrics& metrics)
{
    using enum observability::MetricType;
    metrics.declare({
        {"quarterdeck_oauth_links", Gauge, "Connections to brokers by consent.",
         {"broker", "status"}, {}},
        {"quarterdeck_oauth_orphans", Gauge, "Rows that belong to no connection.", {}, {}},
        {"quarterdeck_oauth_unsaved_tokens", Gauge, "Renewed tokens that are not stored yet.", {},
         {}},
        {"quarterdeck_oauth_consents_total", Counter, "Consents, by outcome.", {"outcome"}, {}},
        {"quarterdeck_oauth_unaudited_total", Counter,
         "Refused answers that are counted only and not in the log.", {}, {}},
        {"quarterdeck_oauth_refresh_requests_total", Counter,
         "Requests for another access token.", {}, {}},
        {"quarterdeck_oauth_refreshes_total", Counter, "Renewals, by outcome.", {"outcome"}, {}},
        {"quarterdeck_oauth_revocations_total", Counter, "Tries to revoke, by outcome.",
         {"outcome"}, {}},
        {"quarterdeck_oauth_revocation_alarms_total", Counter,
         "Revocations that no broker has confirmed for a week.", {}, {}},
    });
    const auto shown = std::make_shared<LinksShown>(connections, metrics);
    metrics.onCollect([shown] { shown->update(); });
}

void watch(const AccessKeeper& keeper, observability::Metrics& metrics)
{
    using enum observability::MetricType;
    metrics.declare({{"quarterdeck_oauth_access_in_use", Gauge,
                      "Whether there is access that the broker is called with.", {}, {}},
                     {"quarterdeck_oauth_access_refused_total", Counter,
                      "How often the broker did not take the access in use.", {}, {}}});
    metrics.onCollect([&keeper, &metrics, before = std::uint64_t{0}]() mutable {
        const std::uint64_t now = keeper.figures().refusals;
        metrics.gauge("quarterdeck_oauth_access_in_use").set(keeper.hasAccess() ? 1 : 0);
        metrics.counter("quarterdeck_oauth_access_refused_total")
            .add(static_cast<double>(now - std::exchange(before, now)));
    });
}

} // namespace qd::brokers::oauth

#include "services/brokers/oauth/connection_metrics.h"

#include <map>

namespace qd::brokers::oauth {
namespace {

/// Keeps which states were shown before: one whose last link went is shown as none.
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
        count();
    }

private:
    void count()
    {
        const auto raise = [this](std::string_view name, observability::Metrics::LabelValues labels,
                                  std::uint64_t total) {
            m_metrics.counter(name, labels).raiseTo(total);
        };
        const auto& consents = m_connections.consents();
        constexpr const char* kConsents = "quarterdeck_oauth_consents_total";
        raise(kConsents, {"begun"}, consents.begun);
        raise(kConsents, {"linked"}, consents.linked);
        raise(kConsents, {"refused"}, consents.refused);
        raise("quarterdeck_oauth_unaudited_total", {}, consents.unaudited);
        const auto& refreshes = m_connections.refreshes();
        constexpr const char* kRefreshes = "quarterdeck_oauth_refreshes_total";
        raise(kRefreshes, {"renewed"}, refreshes.renewed);
        raise(kRefreshes, {"failed"}, refreshes.failed);
        raise(kRefreshes, {"refused"}, refreshes.refused);
        raise("quarterdeck_oauth_refresh_requests_total", {}, refreshes.requests);
        const auto& revocations = m_connections.revocations();
        constexpr const char* kRevocations = "quarterdeck_oauth_revocations_total";
        raise(kRevocations, {"confirmed"}, revocations.confirmed);
        raise(kRevocations, {"failed"}, revocations.failed);
        raise("quarterdeck_oauth_revocation_alarms_total", {}, revocations.alarms);
    }

    const Connections& m_connections;
    observability::Metrics& m_metrics;
    std::map<std::pair<std::string, std::string>, int> m_links;
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
    metrics.onCollect([&keeper, &metrics] {
        metrics.gauge("quarterdeck_oauth_access_in_use").set(keeper.hasAccess() ? 1 : 0);
        metrics.counter("quarterdeck_oauth_access_refused_total").raiseTo(keeper.figures().refusals);
    });
}

} // namespace qd::brokers::oauth

#pragma once

#include "services/brokers/oauth/access_keeper.h"
#include "services/observability/metrics.h"

namespace qd::brokers::oauth {

/// Shows links and what is done with them in `metrics`, which `connections` outlives as far as
/// expositions go.
///   quarterdeck_oauth_links{broker,status} · quarterdeck_oauth_orphans
///   quarterdeck_oauth_consents_total{outcome}     begun, linked, refused
///   quarterdeck_oauth_unaudited_total             refused without a record: too many
///   quarterdeck_oauth_refresh_requests_total · quarterdeck_oauth_refreshes_total{outcome}
///                                                 renewed, failed, refused
///   quarterdeck_oauth_unsaved_tokens              renewed, and not stored yet
///   quarterdeck_oauth_revocations_total{outcome}  confirmed, failed · ..._alarms_total
void watch(const Connections& connections, observability::Metrics& metrics);
///   quarterdeck_oauth_access_in_use               1: what the broker is called with is there
///   quarterdeck_oauth_access_refused_total        how often the broker did not take it
void watch(const AccessKeeper& keeper, observability::Metrics& metrics);

} // namespace qd::brokers::oauth

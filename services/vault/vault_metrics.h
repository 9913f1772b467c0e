#pragma once

#include "services/observability/metrics.h"
#include "services/vault/vault.h"

namespace qd::vault {

/// Shows ages, counts and reads in `metrics`, which `vault` outlives as far as expositions go.
///   quarterdeck_vault_secret_age_seconds{purpose}  of the oldest
///   quarterdeck_vault_secrets{purpose} · quarterdeck_vault_overdue_secrets{purpose}
///   quarterdeck_vault_master_key_age_seconds
///   quarterdeck_vault_reads_total{outcome}         cached, opened, stale, failed
///   quarterdeck_vault_denied_total · quarterdeck_vault_unnoted_total
void watch(const Vault& vault, observability::Metrics& metrics, const runtime::Clock& clock);

} // namespace qd::vault

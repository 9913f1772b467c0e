#include "services/identity/migrations.h"

namespace qd::identity {

storage::MigrationSet identityMigrations()
{
    return {"identity",
            {{1, "throttle",
              R"sql(
CREATE TABLE identity_throttle(
    key          TEXT PRIMARY KEY,             -- factor, hash of the account, network or device
    failures     INTEGER NOT NULL,
    last_failure INTEGER NOT NULL,
    not_before   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_throttle_by_age ON identity_throttle(last_failure);
)sql",
              R"sql(
DROP TABLE identity_throttle;
)sql"}}};
}

} // namespace qd::identity

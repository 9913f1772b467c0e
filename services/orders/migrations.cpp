#include "services/orders/order_service.h"

namespace qd::orders {

storage::MigrationSet orderMigrations()
{
    return {"orders",
            {{1, "orders",
              R"sql(
CREATE TABLE orders(
    number       INTEGER PRIMARY KEY,          -- order of first commit
    client_id    TEXT NOT NULL,                -- unique: the order room, its one writer, sees to it
    symbol       TEXT NOT NULL,
    state        TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    version      INTEGER NOT NULL,             -- sequence of the last event applied
    body         TEXT NOT NULL                 -- the order as in its last event
) STRICT;
CREATE TABLE fills(
    number       INTEGER PRIMARY KEY,
    execution_id TEXT NOT NULL UNIQUE,
    client_id    TEXT NOT NULL,
    body         TEXT NOT NULL
) STRICT;
CREATE TABLE explained_executions(
    execution_id TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    quantity     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE position_openings(
    symbol        TEXT PRIMARY KEY,
    account       TEXT NOT NULL,
    quantity      TEXT NOT NULL,
    average_price TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE order_room(
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE order_quarantine(
    number   INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,                 -- of the event that tells of it
    origin   TEXT NOT NULL,
    message  TEXT NOT NULL,
    reason   TEXT NOT NULL
) STRICT;
)sql",
              R"sql(
DROP TABLE order_quarantine;
DROP TABLE order_room;
DROP TABLE position_openings;
DROP TABLE explained_executions;
DROP TABLE fills;
DROP TABLE orders;
)sql"},
             {2, "positions_taken_again",
              R"sql(
ALTER TABLE position_openings ADD COLUMN realised TEXT NOT NULL DEFAULT '0';
ALTER TABLE position_openings ADD COLUMN after_fill INTEGER NOT NULL DEFAULT 0; -- stands for all up to it
)sql",
              R"sql(
ALTER TABLE position_openings DROP COLUMN after_fill;
ALTER TABLE position_openings DROP COLUMN realised;
)sql"},
             {3, "orders_told_by_events",
              R"sql(
-- From here on a row's body may be empty: the event that its version names tells the order.
)sql",
              R"sql(
UPDATE orders
SET body = (SELECT json_extract(payload, '$.order') FROM events WHERE sequence = orders.version)
WHERE body = '';
)sql"}}};
}

} // namespace qd::orders

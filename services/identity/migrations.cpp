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
)sql"},
             {2, "accounts and sessions",
              R"sql(
CREATE TABLE identity_users(
    id        TEXT PRIMARY KEY,
    email_key TEXT NOT NULL UNIQUE,            -- HMAC of the address in lower case
    email     TEXT NOT NULL,                   -- sealed
    roles     TEXT NOT NULL,                   -- "trader,admin"
    password  TEXT NOT NULL,                   -- a PHC text
    verified  INTEGER NOT NULL CHECK(verified IN (0, 1)),
    disabled  INTEGER NOT NULL CHECK(disabled IN (0, 1)),
    created   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_users_by_age ON identity_users(created, id);
CREATE TABLE identity_profiles(
    user         TEXT PRIMARY KEY REFERENCES identity_users(id) ON DELETE CASCADE,
    display_name TEXT NOT NULL                 -- sealed
) STRICT, WITHOUT ROWID;
CREATE TABLE identity_totp(
    user      TEXT PRIMARY KEY REFERENCES identity_users(id) ON DELETE CASCADE,
    nonce     TEXT NOT NULL,                   -- the seed is derived from it with the token key
    confirmed INTEGER NOT NULL CHECK(confirmed IN (0, 1)),
    last_step INTEGER NOT NULL                 -- of the last code that was taken
) STRICT, WITHOUT ROWID;
CREATE TABLE identity_recovery(
    user TEXT NOT NULL REFERENCES identity_users(id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    PRIMARY KEY(user, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE identity_sessions(
    id          TEXT PRIMARY KEY,
    user        TEXT NOT NULL REFERENCES identity_users(id) ON DELETE CASCADE,
    device      TEXT NOT NULL,                 -- its name, sealed
    device_hash TEXT NOT NULL,                 -- SHA-256 of the device key
    network     TEXT NOT NULL,
    created     INTEGER NOT NULL,
    last_used   INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    generation  INTEGER NOT NULL,              -- of the refresh token that is good now
    rotated     INTEGER NOT NULL               -- when that was given out
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_sessions_by_user ON identity_sessions(user);
CREATE INDEX identity_sessions_by_end ON identity_sessions(expires);
CREATE TABLE identity_mail_tokens(
    hash    TEXT PRIMARY KEY,                  -- SHA-256 of the token
    purpose TEXT NOT NULL,
    user    TEXT NOT NULL REFERENCES identity_users(id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_mail_tokens_by_user ON identity_mail_tokens(user);
CREATE INDEX identity_mail_tokens_by_end ON identity_mail_tokens(expires);
CREATE TABLE identity_outbox(
    id       TEXT PRIMARY KEY,                 -- the mail's token is derived from it
    user     TEXT NOT NULL REFERENCES identity_users(id) ON DELETE CASCADE,
    kind     TEXT NOT NULL,
    created  INTEGER NOT NULL,
    due      INTEGER NOT NULL,                 -- the next try
    attempts INTEGER NOT NULL,
    sent     INTEGER NOT NULL CHECK(sent IN (0, 1))
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_outbox_by_due ON identity_outbox(sent, due);
CREATE INDEX identity_outbox_by_user ON identity_outbox(user, created);
)sql",
              R"sql(
DROP TABLE identity_outbox;
DROP TABLE identity_mail_tokens;
DROP TABLE identity_sessions;
DROP TABLE identity_recovery;
DROP TABLE identity_totp;
DROP TABLE identity_profiles;
DROP TABLE identity_users;
)sql"}}};
}

} // namespace qd::identity

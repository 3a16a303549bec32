-- Mail on its way out, written with the change that it tells of. What it says is sealed under the root key, and gone once it is
-- settled. While somebody is at it, due_at is when the others may try.
CREATE TABLE mails (
    id          UUID PRIMARY KEY,
    user_id     UUID,
    kind        TEXT NOT NULL,
    sealed      BYTEA,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    due_at      TIMESTAMPTZ,
    useless_at  TIMESTAMPTZ,
    settled_at  TIMESTAMPTZ,
    kept_until  TIMESTAMPTZ,
    last_error  TEXT
);
CREATE INDEX mails_pending ON mails (due_at) WHERE state = 'pending';
CREATE INDEX mails_dead ON mails (state) WHERE state = 'dead';
CREATE INDEX mails_created_at ON mails (created_at);
CREATE INDEX mails_kept_until ON mails (kept_until);

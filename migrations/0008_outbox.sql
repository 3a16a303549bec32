-- What ended, for others to hear: written in the same transaction as the end. A position is given after the commit, so that
-- whoever reads positions in order overlooks nothing. Ids are copied: a row outlives what it speaks of.
CREATE TABLE outbox (
    id          UUID PRIMARY KEY,
    position    BIGINT UNIQUE,
    recorded_at TIMESTAMPTZ NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    what        TEXT NOT NULL,
    scope       TEXT NOT NULL,
    session_id  UUID NOT NULL,
    grant_id    UUID,
    user_id     UUID,
    client_id   TEXT,
    jti         TEXT,
    reason      TEXT NOT NULL,
    initiator   TEXT NOT NULL
);
CREATE INDEX outbox_unplaced ON outbox (id) WHERE position IS NULL;
CREATE INDEX outbox_recorded_at ON outbox (recorded_at);
CREATE INDEX outbox_session ON outbox (session_id);

-- Who reads the outbox, and how far they have come.
CREATE TABLE projections (
    name        TEXT PRIMARY KEY,
    cursor      BIGINT NOT NULL
);
INSERT INTO projections (name, cursor) VALUES ('backchannel_logout', 0), ('webhooks', 0);

-- What one of them has to be told. While somebody is at it, due_at is when the others may try.
CREATE TABLE deliveries (
    id              UUID PRIMARY KEY,
    projection      TEXT NOT NULL,
    revocation_id   UUID NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    position        BIGINT NOT NULL,
    target          TEXT NOT NULL,
    session_id      UUID NOT NULL,
    state           TEXT NOT NULL,
    attempts        BIGINT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    due_at          TIMESTAMPTZ,
    settled_at      TIMESTAMPTZ,
    last_error      TEXT,
    kept_until      TIMESTAMPTZ,
    UNIQUE (revocation_id, projection, target)
);
CREATE INDEX deliveries_pending ON deliveries (projection, target, due_at) WHERE state = 'pending';
CREATE INDEX deliveries_waiting ON deliveries (projection, created_at) WHERE state = 'pending';
CREATE INDEX deliveries_dead ON deliveries (projection) WHERE state = 'dead';
CREATE INDEX deliveries_session ON deliveries (session_id, id);
CREATE INDEX deliveries_target ON deliveries (target, id);
CREATE INDEX deliveries_kept_until ON deliveries (kept_until);

-- Addresses that hear of every end. The secret signs what they are sent, and is sealed under the root key.
CREATE TABLE webhooks (
    id              UUID PRIMARY KEY,
    url             TEXT NOT NULL,
    events          JSONB NOT NULL,
    enabled         BOOLEAN NOT NULL,
    sealed_secret   BYTEA NOT NULL,
    version         BIGINT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);

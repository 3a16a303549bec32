-- The root: everything that a person or a machine may do hangs on one of these rows.
-- Ids of people and clients are copied, not referenced: a session's history outlives them for its retention period.
CREATE TABLE sessions (
    id              UUID PRIMARY KEY,
    kind            TEXT NOT NULL,
    user_id         UUID,
    client_id       TEXT,
    secret_digest   BYTEA UNIQUE,
    created_at      TIMESTAMPTZ NOT NULL,
    last_active_at  TIMESTAMPTZ NOT NULL,
    idle_seconds    BIGINT,
    idle_end        TIMESTAMPTZ,
    absolute_end    TIMESTAMPTZ NOT NULL,
    auth_time       TIMESTAMPTZ,
    acr             TEXT,
    amr             JSONB NOT NULL,
    address         TEXT,
    user_agent      TEXT,
    origin          UUID,
    ended_at        TIMESTAMPTZ,
    end_reason      TEXT,
    end_initiator   TEXT
);
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_client ON sessions (client_id, id);
CREATE INDEX sessions_origin ON sessions (origin);
CREATE INDEX sessions_absolute_end ON sessions (absolute_end);
CREATE INDEX sessions_idle_end ON sessions (idle_end);
CREATE INDEX sessions_ended_at ON sessions (ended_at);

-- What happened to a session, told to the person, the admin and the client.
CREATE TABLE session_events (
    id          UUID PRIMARY KEY,
    session_id  UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    at          TIMESTAMPTZ NOT NULL,
    event       TEXT NOT NULL,
    reason      TEXT,
    client_id   TEXT
);
CREATE INDEX session_events_session ON session_events (session_id, id);

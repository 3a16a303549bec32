-- Ends that take more than one write, until they are done; whoever finds one overdue goes on with it.
CREATE TABLE revocations (
    id          UUID PRIMARY KEY,
    target      JSONB NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    reason      TEXT NOT NULL,
    initiator   TEXT NOT NULL,
    due_at      TIMESTAMPTZ NOT NULL
);

-- What ends is found by what it came from.
CREATE INDEX sessions_device ON sessions (device, id) WHERE device IS NOT NULL;
CREATE INDEX sessions_upstream_session ON sessions (upstream_provider, upstream_session) WHERE upstream_session IS NOT NULL;
CREATE INDEX grants_client_session ON grants (client_id, session_id);
DROP INDEX grants_client;

-- Addresses in the one order that networks are parts of; none where a session is older than this column.
ALTER TABLE sessions ADD COLUMN address_key BYTEA;
CREATE INDEX sessions_address_key ON sessions (address_key) WHERE address_key IS NOT NULL;

-- Sessions that began and ended in hours that are over, by kind and reason, for a week.
CREATE TABLE session_counts (
    hour        TIMESTAMPTZ NOT NULL,
    what        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    count       BIGINT NOT NULL,
    PRIMARY KEY (hour, what, kind)
);

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

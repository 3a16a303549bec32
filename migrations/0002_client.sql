-- Applications, by the metadata of RFC 7591.
CREATE TABLE clients (
    client_id   TEXT PRIMARY KEY,
    metadata    JSONB NOT NULL,
    version     BIGINT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    updated_at  TIMESTAMPTZ NOT NULL
);

-- A client may hold two secrets for a while, so that a new one can be rolled out.
CREATE TABLE client_secrets (
    id          UUID PRIMARY KEY,
    client_id   TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    digest      BYTEA NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

-- The origins of each client's redirect URIs: whose pages may call the endpoints that browsers call (CORS).
CREATE TABLE client_origins (
    client_id   TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    origin      TEXT NOT NULL,
    PRIMARY KEY (client_id, origin)
);
CREATE INDEX client_origins_origin ON client_origins (origin);

-- Assertions that were accepted once (RFC 7523 section 3): digest of client and jti.
CREATE TABLE client_assertions (
    digest      BYTEA PRIMARY KEY,
    expires_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX client_assertions_expires_at ON client_assertions (expires_at);

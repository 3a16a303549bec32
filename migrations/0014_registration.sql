-- Clients that registered themselves (RFC 7591), each with the digest of the token by which it manages itself (RFC 7592).
CREATE TABLE registrations (
    client_id       TEXT PRIMARY KEY REFERENCES clients (client_id) ON DELETE CASCADE,
    token_digest    BYTEA NOT NULL,
    registered_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX registrations_registered_at ON registrations (registered_at);

-- Initial access tokens: each lets a few clients register until it expires.
CREATE TABLE registration_tokens (
    id          UUID PRIMARY KEY,
    digest      BYTEA NOT NULL UNIQUE,
    label       TEXT,
    uses_left   BIGINT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX registration_tokens_expires_at ON registration_tokens (expires_at);

-- The secret itself, sealed under the root key: only of clients that prove themselves by a MAC of it (client_secret_jwt).
ALTER TABLE client_secrets ADD COLUMN sealed BYTEA;

-- What a session allowed one client, with the proof it was allowed on.
CREATE TABLE grants (
    id          UUID PRIMARY KEY,
    session_id  UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id   TEXT NOT NULL,
    scope       TEXT NOT NULL,
    resources   JSONB NOT NULL,
    auth_time   TIMESTAMPTZ,
    acr         TEXT,
    amr         JSONB NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    ended_at    TIMESTAMPTZ,
    end_reason  TEXT
);
CREATE INDEX grants_session ON grants (session_id);
CREATE INDEX grants_client ON grants (client_id);

-- Authorization codes: once, for one client, one address and one verifier.
CREATE TABLE codes (
    digest          BYTEA PRIMARY KEY,
    grant_id        UUID NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    redirect_uri    TEXT NOT NULL,
    redirect_named  BOOLEAN NOT NULL,
    challenge       TEXT,
    nonce           TEXT,
    expires_at      TIMESTAMPTZ NOT NULL,
    used_at         TIMESTAMPTZ,
    gave_grant_id   UUID
);
CREATE INDEX codes_grant ON codes (grant_id);
CREATE INDEX codes_expires_at ON codes (expires_at);

-- One row per chain of refresh tokens, never one per rotation.
CREATE TABLE refresh_families (
    id          UUID PRIMARY KEY,
    grant_id    UUID NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    generation  BIGINT NOT NULL,
    previous    BIGINT,
    rotated_at  TIMESTAMPTZ NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    ended_at    TIMESTAMPTZ,
    end_reason  TEXT
);
CREATE INDEX refresh_families_grant ON refresh_families (grant_id);

-- Access tokens that were revoked one by one (RFC 7009) before they expired by themselves.
CREATE TABLE revoked_tokens (
    jti         TEXT PRIMARY KEY,
    expires_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at);

-- What a person allowed a client, remembered.
CREATE TABLE consents (
    user_id     UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id   TEXT NOT NULL REFERENCES clients (client_id) ON DELETE CASCADE,
    scope       TEXT NOT NULL,
    resources   JSONB NOT NULL,
    granted_at  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

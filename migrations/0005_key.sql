-- Signing keys. The private part is sealed under the root key; which key signs follows from active_from and the clock.
CREATE TABLE signing_keys (
    kid             TEXT PRIMARY KEY,
    algorithm       TEXT NOT NULL,
    public_jwk      JSONB NOT NULL,
    sealed_private  BYTEA NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    active_from     TIMESTAMPTZ NOT NULL
);

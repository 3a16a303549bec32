-- What people prove themselves with beside the password: an app with a shared secret, passkeys, a set of recovery codes. The
-- secret of the app and the public key of a passkey are sealed under the root key, so that a changed byte opens nothing.
-- A row outlives its removal for a while, without what it was good for.
CREATE TABLE authenticators (
    id              UUID PRIMARY KEY,
    user_id         UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,
    name            TEXT NOT NULL,
    sealed          BYTEA,
    passkey_id      TEXT UNIQUE,
    device_bound    BOOLEAN NOT NULL DEFAULT FALSE,
    counter         BIGINT,
    disabled        BOOLEAN NOT NULL DEFAULT FALSE,
    address         TEXT,
    created_at      TIMESTAMPTZ NOT NULL,
    last_used_at    TIMESTAMPTZ,
    removed_at      TIMESTAMPTZ
);
CREATE INDEX authenticators_user ON authenticators (user_id);
CREATE INDEX authenticators_removed_at ON authenticators (removed_at) WHERE removed_at IS NOT NULL;

-- Recovery codes, by their keyed digests. Each is worth one proof.
CREATE TABLE recovery_codes (
    digest              BYTEA PRIMARY KEY,
    authenticator_id    UUID NOT NULL REFERENCES authenticators (id) ON DELETE CASCADE,
    used_at             TIMESTAMPTZ
);
CREATE INDEX recovery_codes_authenticator ON recovery_codes (authenticator_id);

-- Challenges that passkeys answered, until they would have been out of date by themselves.
CREATE TABLE spent_challenges (
    digest      BYTEA PRIMARY KEY,
    expires_at  TIMESTAMPTZ NOT NULL
);
CREATE INDEX spent_challenges_expires_at ON spent_challenges (expires_at);

-- The level of authentication that every sign-in of this person must reach; none where their roles and clients alone say so.
ALTER TABLE users ADD COLUMN required_acr TEXT;

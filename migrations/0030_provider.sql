-- Providers that people sign in through. Everything that is no secret is in the settings; the secret is sealed under the root key.
CREATE TABLE providers (
    id              TEXT PRIMARY KEY,
    settings        JSONB NOT NULL,
    sealed_secret   BYTEA,
    version         BIGINT NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    updated_at      TIMESTAMPTZ NOT NULL
);

-- Who a person is elsewhere: by the issuer and the subject there, by nothing else. The id is that of a credential. A provider that
-- goes takes nothing with it, and one that comes back under the same issuer finds its people.
CREATE TABLE identities (
    id              UUID PRIMARY KEY,
    issuer          TEXT NOT NULL,
    subject         TEXT NOT NULL,
    user_id         UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label           TEXT,
    made_person     BOOLEAN NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    last_used_at    TIMESTAMPTZ NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_user ON identities (user_id, id);

-- What another provider may say once: answers to our requests, and logout tokens.
CREATE TABLE upstream_words (
    digest          BYTEA PRIMARY KEY,
    expires_at      TIMESTAMPTZ NOT NULL
);
CREATE INDEX upstream_words_expires_at ON upstream_words (expires_at);

-- The ID token that a session was opened with, sealed: the hint by which the person is signed out there too.
CREATE TABLE upstream_hints (
    session_id      UUID PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    sealed          BYTEA NOT NULL
);

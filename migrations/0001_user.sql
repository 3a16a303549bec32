-- People. The password hash is a PHC string; too many failures disable it, never the person; claims are the standard OpenID Connect claims about the person.
CREATE TABLE users (
    id                  UUID PRIMARY KEY,
    username            TEXT NOT NULL,
    username_key        TEXT NOT NULL UNIQUE,
    password_hash       TEXT,
    password_disabled   BOOLEAN NOT NULL,
    disabled            BOOLEAN NOT NULL,
    roles               JSONB NOT NULL,
    claims              JSONB NOT NULL,
    version             BIGINT NOT NULL,
    created_at          TIMESTAMPTZ NOT NULL,
    updated_at          TIMESTAMPTZ NOT NULL
);

-- Failed attempts on one account name or from one source. A name needs no account: unknown names count alike.
CREATE TABLE throttles (
    subject     BYTEA PRIMARY KEY,
    failures    BIGINT NOT NULL,
    blocked_to  TIMESTAMPTZ NOT NULL,
    last_at     TIMESTAMPTZ NOT NULL
);
CREATE INDEX throttles_last_at ON throttles (last_at);

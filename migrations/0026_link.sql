-- Links that were mailed, as digests of their secrets. One of nobody is written where an address belongs to nobody, so that
-- asking costs the same. A link for a password is good while the password is the one it was asked for under.
CREATE TABLE links (
    digest      BYTEA PRIMARY KEY,
    user_id     UUID,
    purpose     TEXT NOT NULL,
    password_id UUID,
    address     TEXT,
    change_id   UUID,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    used_at     TIMESTAMPTZ
);
CREATE INDEX links_user ON links (user_id, purpose);
CREATE INDEX links_change ON links (change_id);
CREATE INDEX links_expires_at ON links (expires_at);

-- Where a person's mail goes, to be found by it, and whether they must choose another password before anything else.
ALTER TABLE users ADD COLUMN email_key TEXT;
ALTER TABLE users ADD COLUMN must_change_password BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE users SET email_key = LOWER(claims ->> 'email');
CREATE INDEX users_email_key ON users (email_key);

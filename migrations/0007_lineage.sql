-- Where a session came from: the credentials of its last proof, the browser it lives in, and the session of another provider
-- that it was opened with. What it came from may be taken away, and then it ends. Empty where a row is older than these columns:
-- such a session is taken to come from every credential of its person.
ALTER TABLE users ADD COLUMN password_id UUID;
UPDATE users SET password_id = id WHERE password_hash IS NOT NULL;

ALTER TABLE sessions ADD COLUMN credentials TEXT;
ALTER TABLE sessions ADD COLUMN device UUID;
ALTER TABLE sessions ADD COLUMN network TEXT;
ALTER TABLE sessions ADD COLUMN country TEXT;
ALTER TABLE sessions ADD COLUMN upstream_provider TEXT;
ALTER TABLE sessions ADD COLUMN upstream_subject TEXT;
ALTER TABLE sessions ADD COLUMN upstream_session TEXT;
CREATE INDEX sessions_upstream ON sessions (upstream_provider, upstream_subject);

ALTER TABLE grants ADD COLUMN credentials TEXT;

-- Which policy set each of the two ends of a session, and whether the person asked to be remembered.
ALTER TABLE sessions ADD COLUMN idle_policy TEXT;
ALTER TABLE sessions ADD COLUMN absolute_policy TEXT;
ALTER TABLE sessions ADD COLUMN remembered BOOLEAN NOT NULL DEFAULT FALSE;

-- The secret that was in the cookie before the last renewal, and what was noticed about a session.
ALTER TABLE sessions ADD COLUMN previous_digest BYTEA;
ALTER TABLE sessions ADD COLUMN renewed_at TIMESTAMPTZ;
ALTER TABLE sessions ADD COLUMN mark TEXT;
CREATE INDEX sessions_previous_digest ON sessions (previous_digest);

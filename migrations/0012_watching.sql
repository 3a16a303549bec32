-- What a session's cookie held before: whether the newest secret was ever used, and the one that a lost answer left unused.
ALTER TABLE sessions ADD COLUMN secret_used BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN stale_digest BYTEA;
CREATE INDEX sessions_stale_digest ON sessions (stale_digest);

-- When the place of a session last changed, and whether it was the person's first one in its browser.
ALTER TABLE sessions ADD COLUMN moved_at TIMESTAMPTZ;
ALTER TABLE sessions ADD COLUMN new_device BOOLEAN NOT NULL DEFAULT FALSE;

-- Where an entry of the timeline happened, and what was noticed about the session.
ALTER TABLE session_events ADD COLUMN address TEXT;
ALTER TABLE session_events ADD COLUMN network TEXT;
ALTER TABLE session_events ADD COLUMN country TEXT;
ALTER TABLE session_events ADD COLUMN mark TEXT;

-- What lives, in the order of its ids and by when it will end; what has ended, by when it did: neither leads through the other.
CREATE INDEX sessions_live ON sessions (id) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_absolute_end ON sessions (absolute_end) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_idle_end ON sessions (idle_end) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
DROP INDEX sessions_absolute_end;
DROP INDEX sessions_idle_end;
DROP INDEX sessions_ended_at;

-- Work that only one node does at a time.
CREATE TABLE leases (
    name        TEXT PRIMARY KEY,
    held_until  TIMESTAMPTZ NOT NULL
);

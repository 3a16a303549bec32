-- Pushed authorization requests that were answered, until none of their pages can be (RFC 9126 section 4).
CREATE TABLE spent_requests (
    digest BYTEA PRIMARY KEY,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX spent_requests_expires_at ON spent_requests (expires_at);

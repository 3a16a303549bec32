-- Codes that were mailed for a sign-in, as salted hashes. One of nobody is written where nobody may get one, so that asking
-- costs the same.
CREATE TABLE mail_codes (
    id          UUID PRIMARY KEY,
    user_id     UUID,
    code_hash   TEXT NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    used_at     TIMESTAMPTZ
);
CREATE INDEX mail_codes_expires_at ON mail_codes (expires_at);

-- Claims that were granted one by one (OpenID Connect Core 1.0 section 5.5), beside those that the scope shows.
ALTER TABLE grants ADD COLUMN claims JSONB;
ALTER TABLE consents ADD COLUMN claims JSONB;

//! Doorward, a session authority: signs people and machines in, keeps every session they hold, and ends it everywhere.
//!
//! # The map
//!
//! Layers, arrows only down; layers of one rank do not know each other:
//!
//! | rank | layer | holds |
//! |---|---|---|
//! | 0 | [`base`] | time, chance, ids, secrets |
//! | 1 | [`protocol`] | the words of the standards |
//! | 2 | [`domain`] | the rules: sync, pure, no clock |
//! | 2 | [`jose`] | signed tokens and their keys |
//! | 2 | `saml` | signed XML, in builds with the feature `saml` |
//! | 3 | [`store`] | SQL; the only folder that knows two engines is `store/db` (key rows are `jose` values) |
//! | 3 | [`remote`] | calls that we make, through one guarded way out |
//! | 4 | [`flows`] | the order of steps, one file per thing asked for |
//! | 5 | [`web`] | HTTP: extract, parse, call one flow, dress the answer |
//! | 6 | [`app`] [`cli`] [`config`] [`jobs`] | wiring |
//!
//! Rows are nouns: refresh is `protocol/token.rs`, `domain/refresh.rs`, `store/refresh.rs`, `flows/refresh.rs`,
//! `web/token.rs`. Whoever knows the noun and the layer knows the file.
//!
//! # Tables: the session as the root
//!
//! ```text
//! users ──< sessions ──< grants ──< codes
//!              │            └────── refresh_families     one row per family, never one per rotation
//!              ├────< session_events                     the timeline, with reasons
//! users ──< authenticators ──< recovery_codes          spent_challenges       factors beside the password
//! clients ──< client_secrets, client_origins      consents   signing_keys   throttles   leases
//!    ├──< registrations (clients that made themselves)        registration_tokens
//!    └──< client_assertions (once)        spent_requests (pushed, and answered once)
//! revoked_tokens (access tokens that ended one by one)
//! providers      users ──< identities (who they are there)     upstream_words (once)     sessions ── upstream_hints
//! outbox ──< deliveries >── clients, webhooks             projections           what ended, and who is told
//! revocations (ends that take more than one write)        session_counts        sessions by the hour
//! mails (sealed, until they are sent)   links, mail_codes (digests of what was mailed)
//! ```
//!
//! A pending authorization request is no row: it is sealed into the address of the page that waits for the person, as one that
//! was pushed is into its `request_uri`, and what the person must still do is derived anew each time
//! ([`domain::interaction`]). So unauthenticated traffic writes nothing, tabs do not disturb each other, and a page that was
//! open for too long starts itself over.
//!
//! # Two walks
//!
//! `POST /oauth2/token` with a refresh token: [`web`] (the table) → `web/guard`, `web/request` → [`protocol::params`],
//! [`protocol::token`] → `web/token` → `flows/token` (draws `now` once) → [`flows::client_auth`] → [`flows::refresh`] →
//! [`store::refresh`]`::presented` (one read: family ⋈ grant ⋈ session) → [`domain::refresh`]`::decide` (pure) →
//! [`flows::mint`] (may fail: nothing is written yet) → [`store::refresh`]`::advance` (one guarded write) → `web/answer`.
//!
//! `POST /login`: `web/request` → `web/csrf` (a form is private until its token fits) → `web/login` → [`flows::login`] →
//! `flows/turnstile` (one attempt on an account at a time) → `flows/passwords` (a place in the line, or 503) →
//! [`domain::login`]`::admit` → [`domain::password`], against a decoy when there is no account → [`domain::login`]`::decide` → [`flows::factor`] (enough, or a page that
//! asks for more) → [`flows::entrance`] → [`store::session`] (a new secret) →
//! [`domain::interaction`]`::next` (what the waiting request still needs) → `web/login` (303 and the cookie).
//!
//! Where the password is not kept here: [`flows::directory`] → [`remote::directory`] (a search, and a bind as the person) →
//! `flows/upstream/person`, as for those who come by a provider → `flows/factor`.
//!
//! Through another provider: `web/sso` → [`flows::upstream`] (`journey` there, `arrival` back) → [`remote::upstream`] →
//! [`domain::upstream`] (what was demanded, what came) → `flows/entrance`, as after a password.
//!
//! An end, whoever asks for it: [`flows::ending`] (the one place) → [`store::ending`] in one write with the timeline and
//! [`store::outbox`] → the commit rings → [`flows::outbox`] gives positions and reads on, a cursor per projection →
//! [`store::delivery`] → `jobs/deliver` → [`flows::delivery`] through [`remote::egress`] to clients and webhooks.

pub mod base;

pub mod protocol;

pub mod domain;
pub mod jose;
#[cfg(feature = "saml")]
pub mod saml;

pub mod remote;
pub mod store;

pub mod flows;

pub mod web;

pub mod app;
pub mod cli;
pub mod config;
pub mod jobs;

//! What the jobs did, in numbers for the metrics.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::JobError;
use crate::base::clock::Time;
use crate::domain::delivery::Projection;
use crate::domain::revocation::EndReason;
use crate::flows::delivery::Lag;
use crate::flows::mail;
use crate::store::cleaning::Leftover;

type Labels<const N: usize> = [(&'static str, &'static str); N];

/// Clones count together.
#[derive(Clone, Default)]
pub struct Tally {
    runs: Family<Labels<2>, Counter>,
    last_success: Family<Labels<1>, Gauge>,
    expired: Family<Labels<1>, Counter>,
    removed: Family<Labels<1>, Counter>,
    overdue: Family<Labels<2>, Gauge>,
    deliveries: Family<Labels<2>, Counter>,
    lag: Family<Labels<1>, Gauge>,
    dead: Family<Labels<1>, Gauge>,
    mails: Family<Labels<1>, Counter>,
    mail_lag: Gauge,
    mails_dead: Gauge,
}

impl Tally {
    /// Puts the numbers where the metrics are read from.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("job_runs", "Runs of a job by how they ended", self.runs.clone());
        registry.register_with_unit(
            "job_last_success",
            "When a job last did its work, since 1970",
            Unit::Seconds,
            self.last_success.clone(),
        );
        registry.register("sessions_expired", "Sessions that the clock ended", self.expired.clone());
        registry.register("rows_removed", "Rows removed after their retention period", self.removed.clone());
        registry.register_with_unit(
            "oldest_overdue",
            "How long the oldest row that a job should have done with has been overdue",
            Unit::Seconds,
            self.overdue.clone(),
        );
        registry.register("deliveries", "Attempts to tell others what ended, by outcome", self.deliveries.clone());
        registry.register_with_unit(
            "delivery_lag",
            "How long the oldest end that somebody is still to be told of has waited",
            Unit::Seconds,
            self.lag.clone(),
        );
        registry.register("deliveries_dead", "Deliveries that were given up and are kept", self.dead.clone());
        registry.register("mails", "Attempts to send a mail, by outcome", self.mails.clone());
        registry.register_with_unit(
            "mail_lag",
            "How long the oldest mail that is still to be sent has waited",
            Unit::Seconds,
            self.mail_lag.clone(),
        );
        registry.register("mails_dead", "Mails that were given up and are kept", self.mails_dead.clone());
    }

    pub(super) fn note_run(&self, job: &'static str, ended: &Result<(), JobError>, now: Time) {
        let outcome = if ended.is_ok() { "done" } else { "failed" };
        self.runs.get_or_create(&[("job", job), ("outcome", outcome)]).inc();
        if ended.is_ok() {
            self.last_success.get_or_create(&[("job", job)]).set(now.timestamp());
        }
    }

    pub(super) fn note_expired(&self, reason: EndReason) {
        self.expired.get_or_create(&[("reason", reason.as_str())]).inc();
    }

    pub(super) fn note_removed(&self, what: Leftover, rows: u64) {
        self.removed.get_or_create(&[("table", what.table())]).inc_by(rows);
    }

    /// `outcome`: delivered, failed (it comes again), dead, or faulted (nobody could write it down).
    pub(super) fn note_delivery(&self, projection: Projection, outcome: &'static str) {
        self.deliveries.get_or_create(&[("projection", projection.as_str()), ("outcome", outcome)]).inc();
    }

    pub(super) fn note_lag(&self, lag: &Lag) {
        let labels = [("projection", lag.projection.as_str())];
        self.lag.get_or_create(&labels).set(lag.seconds);
        self.dead.get_or_create(&labels).set(lag.dead);
    }

    /// `outcome`: sent, failed (it comes again), or dead.
    pub(super) fn note_mail(&self, outcome: &'static str) {
        self.mails.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(super) fn note_mail_lag(&self, lag: &mail::Lag) {
        self.mail_lag.set(lag.seconds);
        self.mails_dead.set(lag.dead);
    }

    pub(super) fn note_overdue(&self, job: &'static str, table: &'static str, seconds: i64) {
        self.overdue.get_or_create(&[("job", job), ("table", table)]).set(seconds);
    }
}

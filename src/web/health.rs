//! Whether the server lives, whether it can serve, and what it has done.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use serde_json::json;

use super::Route;
use super::answer::{builder, json, plain};
use super::request::Incoming;
use super::shell::Shell;
use crate::flows::{Failure, keys};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Served {
    method: &'static str,
    path: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Timed {
    path: &'static str,
}

type Times = Family<Timed, Histogram, fn() -> Histogram>;

/// Counters in the `OpenMetrics` format. Labels are routes, never what somebody sent.
pub struct Metrics {
    registry: Registry,
    requests: Family<Served, Counter>,
    seconds: Times,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("doorward");
        let requests = Family::<Served, Counter>::default();
        let seconds = Times::new_with_constructor(|| Histogram::new([0.001, 0.005, 0.025, 0.1, 0.5, 2.5]));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time to answer", seconds.clone());
        Self { registry, requests, seconds }
    }
}

impl Metrics {
    /// Metrics with further ones, registered by whoever counts them.
    pub fn with(register: impl FnOnce(&mut Registry)) -> Self {
        let mut metrics = Self::default();
        register(&mut metrics.registry);
        metrics
    }

    pub(super) fn served(&self, route: &Route, status: StatusCode, time: Duration) {
        let method = match route.method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            _ => "other",
        };
        self.requests.get_or_create(&Served { method, path: route.path, status: status.as_u16() }).inc();
        self.seconds.get_or_create(&Timed { path: route.path }).observe(time.as_secs_f64());
    }

    /// Everything as text.
    pub fn answer(&self) -> HttpResponse {
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => builder(StatusCode::OK)
                .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
                .body(text),
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written"),
        }
    }
}

pub async fn alive(_: &Shell, _: &Incoming) -> Result<HttpResponse, Failure> {
    json(&json!({"status": "alive"}))
}

/// Ready means: the database answers and a key signs.
pub async fn ready(shell: &Shell, _: &Incoming) -> Result<HttpResponse, Failure> {
    let authority = &shell.authority;
    let database = authority.db.ping().await;
    if let Err(error) = &database {
        tracing::warn!(%error, "not ready");
    }
    let keys = keys::sign(authority);
    let word = |fine| if fine { "ok" } else { "failed" };
    let body = json!({
        "status": if database.is_ok() && keys { "ready" } else { "not ready" },
        "database": word(database.is_ok()),
        "keys": word(keys),
    });
    let status = if database.is_ok() && keys { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(builder(status).json(body))
}

/// A listener for the metrics alone.
pub fn configure_metrics(config: &mut ServiceConfig, metrics: &Arc<Metrics>) {
    let metrics = metrics.clone();
    config.route("/metrics", web::get().to(move || std::future::ready(metrics.answer())));
}

/// On the main listener only where there is no other one.
pub async fn metrics(shell: &Shell, _: &Incoming) -> Result<HttpResponse, Failure> {
    if shell.metrics_here {
        return Ok(shell.metrics.answer());
    }
    Ok(plain(StatusCode::NOT_FOUND, "not found"))
}

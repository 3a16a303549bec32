//! The page on which an admin who signed out reads who was told.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::page::{Allowed, DeliveryLine, LogoutReport};
use super::request::Incoming;
use super::shell::Shell;
use crate::base::clock::Time;
use crate::domain::delivery::{Delivery, DeliveryState, Projection};
use crate::domain::language::Phrase;
use crate::flows::Failure;
use crate::flows::receipt::report;

/// Below the issuer.
pub const PATH: &str = "/logout/report";

/// The address of the report that a receipt opens.
pub fn address(shell: &Shell, receipt: &str) -> String {
    shell.site.path(&format!("{PATH}?receipt={receipt}"))
}

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let query = incoming.query()?;
    let receipt = query.required("receipt", "receipt is missing")?;
    let lines = report(&shell.authority, receipt).await?.into_iter().map(line).collect();
    let page = LogoutReport { lines, again_url: address(shell, receipt) };
    Ok(shell.pages.show(&incoming.reader(shell), StatusCode::OK, &page, Allowed::default()))
}

fn line((delivery, name): (Delivery, String)) -> DeliveryLine {
    let clock = |at: Option<Time>| at.map_or_else(String::new, |at| at.format("%H:%M:%S").to_string());
    let error = delivery.last_error.map_or_else(|| Phrase::of("report-no-error"), Phrase::Text);
    let outcome = match delivery.state {
        DeliveryState::Delivered => Phrase::of("report-told").with("clock", clock(delivery.settled_at)),
        DeliveryState::Pending if delivery.attempts == 0 => Phrase::of("report-soon"),
        DeliveryState::Pending => Phrase::of("report-waits").with("error", error).with("clock", clock(delivery.due_at)),
        DeliveryState::Dead => Phrase::of("report-dead").with("error", error),
    };
    let channel = match delivery.projection {
        Projection::BackchannelLogout => Phrase::of("report-backchannel"),
        Projection::Webhooks => Phrase::of("report-webhook"),
    };
    DeliveryLine { name, channel, outcome, done: delivery.state == DeliveryState::Delivered }
}

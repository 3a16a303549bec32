//! Which language an answer speaks: what the client asked for by `ui_locales`, what the browser reads, or English.

use actix_web::http::header::{self, HeaderMap};

use super::request::{Incoming, text};
use super::shell::Shell;
use crate::domain::language::{Language, wish};
use crate::flows::logout::Farewell;
use crate::flows::pending::Pending;
use crate::protocol::params::Params;

/// By what the browser reads alone.
pub fn by_header(shell: &Shell, headers: &HeaderMap) -> Language {
    let languages = &shell.authority.languages;
    let header = text(headers, header::ACCEPT_LANGUAGE).unwrap_or_default();
    languages.lookup(wish::by_header(header)).unwrap_or_else(|| languages.english()).clone()
}

/// By the request that a page is part of, by its own parameter, and by what the browser reads.
pub fn of(shell: &Shell, incoming: &Incoming) -> Language {
    let asked = [incoming.query().ok(), incoming.form().ok()];
    let asked = asked.iter().flatten().find_map(|params| ui_locales(shell, params));
    asked_for(shell, asked.as_deref()).unwrap_or_else(|| by_header(shell, incoming.http.headers()))
}

/// By the parameter `ui_locales` alone; `None` where nobody here speaks any of that.
pub fn asked_for(shell: &Shell, ui_locales: Option<&str>) -> Option<Language> {
    shell.authority.languages.lookup(wish::by_parameter(ui_locales?)).cloned()
}

fn ui_locales(shell: &Shell, params: &Params) -> Option<String> {
    if let Some(handle) = params.first("request") {
        return carried(shell, handle);
    }
    params.first("ui_locales").map(str::to_owned)
}

/// What travels with a request that waits for a person.
pub fn carried(shell: &Shell, handle: &str) -> Option<String> {
    match Pending::open(&shell.authority, handle) {
        Ok(pending) => pending.request.ui_locales,
        Err(_) => Farewell::open(&shell.authority, handle).ui_locales,
    }
}

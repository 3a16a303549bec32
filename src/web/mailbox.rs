//! The mailbox of a developer: what was mailed to anybody, whether a mail server took it or there is none.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

use super::answer::json;
use super::page::{Allowed, MailLine, Mailbox};
use super::request::Incoming;
use super::shell::Shell;
use super::words;
use crate::flows::{Failure, mail};

/// How many mails are shown.
const MOST: i64 = 100;

pub async fn show(shell: &Shell, incoming: &Incoming) -> Result<HttpResponse, Failure> {
    let (sent, now) = (mail::mailbox(&shell.authority, MOST).await?, shell.authority.now());
    if !incoming.header(header::ACCEPT).is_some_and(|accept| accept.contains("text/html")) {
        return json(&sent);
    }
    let mails = sent.into_iter().map(|mail| {
        let link = mail.text.lines().find(|line| line.starts_with(&shell.site.issuer) && *line != shell.site.issuer);
        let (link, when) = (link.map(str::to_owned), words::on(mail.at, now));
        MailLine { to: mail.to, subject: mail.subject, when, text: mail.text, link }
    });
    let page = Mailbox { mails: mails.collect() };
    Ok(shell.pages.show(&incoming.reader(shell), StatusCode::OK, &page, Allowed::default()))
}

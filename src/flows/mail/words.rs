//! What a letter says, in words: the context of the templates.

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use crate::base::clock::Time;
use crate::domain::device;
use crate::domain::language::{Language, Phrase};
use crate::domain::mail::{Content, Letter, Notice, Purpose};

/// What the templates of a mail are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub subject: String,
    pub greeting: String,
    pub lines: Vec<String>,
    pub link: Option<Link>,
    pub code: Option<String>,
    pub facts: Vec<Fact>,
    /// What to do if it was somebody else.
    pub advice: String,
    pub issuer: String,
    pub lang: String,
    pub dir: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub label: String,
    pub url: String,
    /// What to do where the button does not work; the address follows.
    pub otherwise: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// What a letter says, before it is said in a language.
struct Said {
    subject: Phrase,
    lines: Vec<Phrase>,
    advice: Phrase,
    link: Option<(Phrase, String)>,
    code: Option<String>,
}

const NOT_YOU: Phrase = Phrase::of("mail-not-you");
const NOT_ASKED: Phrase = Phrase::of("mail-not-asked");

impl Words {
    /// Puts a letter from this issuer into words.
    pub fn of(letter: &Letter, issuer: &str, language: &Language) -> Self {
        let said = match &letter.content {
            Content::Notice(notice) => {
                let (subject, line) = notice_said(notice, language);
                Said { subject, lines: vec![line], advice: NOT_YOU, link: None, code: None }
            }
            Content::Link { purpose, url, until } => link_said(*purpose, url, *until),
            Content::Code { code, until } => Said {
                subject: Phrase::of("mail-code"),
                lines: vec![Phrase::of("mail-code.line").with("until", moment(*until))],
                advice: Phrase::of("mail-code.advice"),
                link: None,
                code: Some(code.clone()),
            },
        };
        let say = |phrase: &Phrase| language.say(phrase);
        let otherwise = say(&Phrase::of("mail-link-otherwise"));
        Self {
            subject: say(&said.subject),
            greeting: say(&Phrase::of("mail-greeting").with("name", clean(&letter.name))),
            lines: said.lines.iter().map(say).collect(),
            link: said.link.map(|(label, url)| Link { label: say(&label), url, otherwise }),
            code: said.code,
            facts: facts(letter, language),
            advice: say(&said.advice),
            issuer: issuer.to_owned(),
            lang: language.tag().to_owned(),
            dir: language.direction().to_owned(),
        }
    }
}

/// Subject and sentence.
fn notice_said(notice: &Notice, language: &Language) -> (Phrase, Phrase) {
    let named = |key, name: &str| Phrase::of(key).with("name", clean(&language.say(&factor(name))));
    match notice {
        Notice::PasswordChanged => (Phrase::of("mail-password-changed"), Phrase::of("mail-password-changed.line")),
        Notice::PasswordReset => (Phrase::of("mail-password-reset"), Phrase::of("mail-password-reset.line")),
        Notice::PasswordSet => (Phrase::of("mail-password-set"), Phrase::of("mail-password-set.line")),
        Notice::PasswordForced => (Phrase::of("mail-password-forced"), Phrase::of("mail-password-forced.line")),
        Notice::PasswordDisabled => (Phrase::of("mail-password-disabled"), Phrase::of("mail-password-disabled.line")),
        Notice::EmailChanged => (Phrase::of("mail-email-changed"), Phrase::of("mail-email-changed.line")),
        Notice::FactorAdded { name } => (Phrase::of("mail-factor-added"), named("mail-factor-added.line", name)),
        Notice::FactorRemoved { name } => (Phrase::of("mail-factor-removed"), named("mail-factor-removed.line", name)),
        Notice::FactorDisabled { name } => {
            (Phrase::of("mail-factor-disabled"), named("mail-factor-disabled.line", name))
        }
        Notice::RecoveryCodesMade => (Phrase::of("mail-codes-made"), Phrase::of("mail-codes-made.line")),
        Notice::RecoveryCodeUsed { left } => {
            (Phrase::of("mail-code-used"), Phrase::of("mail-code-used.line").with("left", *left))
        }
        Notice::NewDevice => (Phrase::of("mail-new-device"), Phrase::of("mail-new-device.line")),
    }
}

/// Names that we gave are said in every language; the others are people's own.
fn factor(name: &str) -> Phrase {
    match name {
        "Password" => Phrase::of("password"),
        "Authenticator app" => Phrase::of("factor-app"),
        "Recovery codes" => Phrase::of("codes-title"),
        own => Phrase::Text(own.to_owned()),
    }
}

fn link_said(purpose: Purpose, url: &str, until: Time) -> Said {
    let [subject, line, label] = match purpose {
        Purpose::ResetPassword => {
            [Phrase::of("mail-reset"), Phrase::of("mail-reset.line"), Phrase::of("mail-reset.label")]
        }
        Purpose::VerifyEmail => {
            [Phrase::of("mail-verify"), Phrase::of("mail-verify.line"), Phrase::of("mail-verify.label")]
        }
        Purpose::LeaveEmail => {
            [Phrase::of("mail-leave"), Phrase::of("mail-leave.line"), Phrase::of("mail-leave.label")]
        }
        Purpose::TakeEmail => [Phrase::of("mail-take"), Phrase::of("mail-take.line"), Phrase::of("mail-take.label")],
        Purpose::AcceptInvitation => {
            [Phrase::of("mail-invitation"), Phrase::of("mail-invitation.line"), Phrase::of("mail-invitation.label")]
        }
    };
    let advice = match purpose {
        Purpose::ResetPassword => Phrase::of("mail-reset.advice"),
        Purpose::VerifyEmail | Purpose::TakeEmail => NOT_ASKED,
        Purpose::LeaveEmail => NOT_YOU,
        Purpose::AcceptInvitation => Phrase::of("mail-invitation.advice"),
    };
    let lines = vec![line, Phrase::of("mail-link-good").with("until", moment(until))];
    Said { subject, lines, advice, link: Some((label, url.to_owned())), code: None }
}

fn facts(letter: &Letter, language: &Language) -> Vec<Fact> {
    let fact = |label, value: &Phrase| Fact { label: language.say(&label), value: clean(&language.say(value)) };
    let text = |text: &str| Phrase::Text(text.to_owned());
    let mut facts = vec![
        fact(Phrase::of("mail-username"), &text(&letter.username)),
        fact(Phrase::of("mail-when"), &moment(letter.at)),
    ];
    if let Some(source) = &letter.source {
        facts.push(fact(Phrase::of("mail-browser"), &device::name(source.user_agent.as_deref())));
        let place = match (&source.address, &source.country) {
            (Some(address), Some(country)) => {
                Some(Phrase::of("mail-place").with("address", address.as_str()).with("country", country.as_str()))
            }
            (Some(alone), None) | (None, Some(alone)) => Some(text(alone)),
            (None, None) => None,
        };
        facts.extend(place.map(|place| fact(Phrase::of("mail-address"), &place)));
    }
    facts
}

/// Everything is UTC: nobody knows where a mail is read.
fn moment(at: Time) -> Phrase {
    let clock = at.format("%H:%M").to_string();
    let date = Phrase::of("moment").with("day", at.day()).with("month", at.month()).with("year", i64::from(at.year()));
    date.with("clock", clock)
}

/// Names are of people's own making: no line of theirs begins one of ours, and none is made a link by a mail program.
fn clean(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    plain.replace("://", ":/ /").replace("www.", "www .")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::language::Languages;

    fn at(seconds: i64) -> Time {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn letter(content: Content) -> Letter {
        Letter {
            to: "a@b.co".into(),
            name: "Alice\r\nBcc: x@y.zz http://evil.example www.evil.example".into(),
            username: "alice".into(),
            at: at(0),
            source: None,
            locale: None,
            content,
        }
    }

    fn english(letter: &Letter) -> Words {
        Words::of(letter, "https://id.example", Languages::new(&[]).unwrap().english())
    }

    #[test]
    fn names_bring_neither_lines_nor_links() {
        let words = english(&letter(Content::Notice(Notice::PasswordChanged)));
        assert!(
            !words.greeting.contains(['\r', '\n'])
                && !words.greeting.contains("://")
                && !words.greeting.contains("www.")
        );
    }

    #[test]
    fn every_letter_says_who_when_and_what_to_do() {
        let name = "Phone".to_owned();
        for notice in [
            Notice::PasswordChanged,
            Notice::PasswordReset,
            Notice::PasswordSet,
            Notice::PasswordForced,
            Notice::PasswordDisabled,
            Notice::EmailChanged,
            Notice::FactorAdded { name: name.clone() },
            Notice::FactorRemoved { name: name.clone() },
            Notice::FactorDisabled { name },
            Notice::RecoveryCodesMade,
            Notice::RecoveryCodeUsed { left: 3 },
            Notice::NewDevice,
        ] {
            let words = english(&letter(Content::Notice(notice)));
            assert!(!words.subject.is_empty() && words.link.is_none() && words.code.is_none());
            assert!(words.facts.len() == 2 && words.advice.starts_with("If that was not you"), "{words:?}");
        }
        for purpose in [
            Purpose::ResetPassword,
            Purpose::VerifyEmail,
            Purpose::LeaveEmail,
            Purpose::TakeEmail,
            Purpose::AcceptInvitation,
        ] {
            let url = "https://id.example/x".to_owned();
            let words = english(&letter(Content::Link { purpose, url, until: at(900) }));
            assert!(words.link.is_some() && words.lines.iter().any(|line| line.contains("once")), "{words:?}");
        }
    }
}

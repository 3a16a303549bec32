//! What a letter says, in words: the context of the templates.

use serde::{Deserialize, Serialize};

use crate::base::clock::Time;
use crate::domain::device;
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
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub label: String,
    pub url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
}

/// Subject, sentences and advice.
type Said = (String, Vec<String>, String);

const NOT_YOU: &str =
    "If that was not you, set a new password at once and look at your sessions; then tell your administrator.";
const NOT_ASKED: &str = "If you did not ask for this, do nothing: without the link nothing changes.";

impl Words {
    /// Puts a letter from this issuer into words.
    pub fn of(letter: &Letter, issuer: &str) -> Self {
        let (subject, lines, advice) = match &letter.content {
            Content::Notice(notice) => notice_said(notice),
            Content::Link { purpose, until, .. } => link_said(*purpose, *until),
            Content::Code { until, .. } => (
                "Your code to sign in".into(),
                vec![format!(
                    "Somebody who knows your username is signing in. This code is good {}, once:",
                    by(*until)
                )],
                "Give it to nobody; nobody of ours asks for it. If you are not signing in, do nothing.".into(),
            ),
        };
        let link = match &letter.content {
            Content::Link { purpose, url, .. } => Some(Link { label: label(*purpose).into(), url: url.clone() }),
            Content::Notice(_) | Content::Code { .. } => None,
        };
        let code = match &letter.content {
            Content::Code { code, .. } => Some(code.clone()),
            Content::Notice(_) | Content::Link { .. } => None,
        };
        let greeting = format!("Hello {},", clean(&letter.name));
        let (facts, issuer) = (facts(letter), issuer.to_owned());
        Self { subject, greeting, lines, link, code, facts, advice, issuer, lang: "en".into() }
    }
}

fn notice_said(notice: &Notice) -> Said {
    let (subject, line): (String, String) = match notice {
        Notice::PasswordChanged => ("Your password was changed".into(), "Your password was changed in your account.".into()),
        Notice::PasswordReset => (
            "Your password was reset".into(),
            "A new password was set by a link from a mail, and every session of yours was ended.".into(),
        ),
        Notice::PasswordSet => (
            "Your password was set by an administrator".into(),
            "An administrator set a new password for your account.".into(),
        ),
        Notice::PasswordForced => (
            "You will be asked for a new password".into(),
            "An administrator wants you to choose a new password. You are asked for one at your next sign-in.".into(),
        ),
        Notice::PasswordDisabled => (
            "Your password is out of use".into(),
            "There were too many wrong attempts, so your password cannot be used any more. Set a new one by the link \
             “Forgot your password?” on the sign-in page. Your account and your other ways of signing in are as they were."
                .into(),
        ),
        Notice::EmailChanged => (
            "Your mail address was changed".into(),
            "Your account has another mail address now, so this is the last mail to this one.".into(),
        ),
        Notice::FactorAdded { name } => (
            "A way of signing in was added".into(),
            format!("“{}” was added to your account as a way of signing in.", clean(name)),
        ),
        Notice::FactorRemoved { name } => (
            "A way of signing in was removed".into(),
            format!("“{}” was removed from your account as a way of signing in.", clean(name)),
        ),
        Notice::FactorDisabled { name } => (
            "A way of signing in is out of use".into(),
            format!("There were too many wrong attempts, so “{}” cannot be used any more until you set it up anew. Your account \
                     and your other ways of signing in are as they were.", clean(name)),
        ),
        Notice::RecoveryCodesMade => (
            "You have new recovery codes".into(),
            "New recovery codes were made for your account. The old ones are of no more use.".into(),
        ),
        Notice::RecoveryCodeUsed { left } => {
            ("A recovery code was used".into(), format!("A recovery code of your account was used. {left} are left."))
        }
        Notice::NewDevice => (
            "A new sign-in to your account".into(),
            "Somebody signed in to your account in a browser in which you were not seen before.".into(),
        ),
    };
    (subject, vec![line], NOT_YOU.into())
}

fn link_said(purpose: Purpose, until: Time) -> Said {
    let good = format!("The link is good {}, once.", by(until));
    match purpose {
        Purpose::ResetPassword => (
            "Set a new password".into(),
            vec!["Somebody, hopefully you, wants to set a new password for your account.".into(), good],
            "If you did not ask for this, do nothing: your password stays as it is.".into(),
        ),
        Purpose::VerifyEmail => (
            "Confirm your mail address".into(),
            vec!["Please confirm that this mail address is yours.".into(), good],
            NOT_ASKED.into(),
        ),
        Purpose::LeaveEmail => (
            "Your mail address is to be changed".into(),
            vec![
                "Somebody, hopefully you, wants to give your account another mail address. It changes once that was \
                 confirmed here and at the new address."
                    .into(),
                good,
            ],
            NOT_YOU.into(),
        ),
        Purpose::TakeEmail => (
            "Confirm your new mail address".into(),
            vec![
                "This address is to be the mail address of an account. It changes once that was confirmed here and at the \
                 address it has now."
                    .into(),
                good,
            ],
            NOT_ASKED.into(),
        ),
        Purpose::AcceptInvitation => (
            "Your account is ready".into(),
            vec!["An account was made for you. Choose a password, and it is yours.".into(), good],
            "If you do not know what this is about, do nothing: without a password nobody can use the account.".into(),
        ),
    }
}

fn label(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::ResetPassword => "Set a new password",
        Purpose::VerifyEmail | Purpose::TakeEmail => "Confirm this address",
        Purpose::LeaveEmail => "Confirm the change",
        Purpose::AcceptInvitation => "Choose a password",
    }
}

fn facts(letter: &Letter) -> Vec<Fact> {
    let mut facts = vec![fact("Username", &letter.username), fact("When", &time(letter.at))];
    if let Some(source) = &letter.source {
        facts.push(fact("Browser", &device::name(source.user_agent.as_deref())));
        let place = match (&source.address, &source.country) {
            (Some(address), Some(country)) => Some(format!("{address} ({country})")),
            (Some(address), None) => Some(address.clone()),
            (None, country) => country.clone(),
        };
        facts.extend(place.map(|place| fact("Address", &place)));
    }
    facts
}

fn fact(label: &str, value: &str) -> Fact {
    Fact { label: label.into(), value: clean(value) }
}

/// Everything is UTC: nobody knows where a mail is read.
fn time(at: Time) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

fn by(until: Time) -> String {
    format!("until {}", time(until))
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
            content,
        }
    }

    #[test]
    fn names_bring_neither_lines_nor_links() {
        let words = Words::of(&letter(Content::Notice(Notice::PasswordChanged)), "https://id.example");
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
            let words = Words::of(&letter(Content::Notice(notice)), "https://id.example");
            assert!(!words.subject.is_empty() && words.link.is_none() && words.code.is_none());
            assert!(words.facts.len() == 2 && words.advice == NOT_YOU, "{words:?}");
        }
        for purpose in [
            Purpose::ResetPassword,
            Purpose::VerifyEmail,
            Purpose::LeaveEmail,
            Purpose::TakeEmail,
            Purpose::AcceptInvitation,
        ] {
            let url = "https://id.example/x".to_owned();
            let words = Words::of(&letter(Content::Link { purpose, url, until: at(900) }), "https://id.example");
            assert!(words.link.is_some() && words.lines.iter().any(|line| line.contains("once")), "{words:?}");
        }
    }
}

//! The templates and assets that are part of the program.

/// The templates that come with the program.
pub const TEMPLATES: [(&str, &str); 32] = [
    ("account.html", include_str!("../../../templates/account.html")),
    ("account_head.html", include_str!("../../../templates/account_head.html")),
    ("app_offer.html", include_str!("../../../templates/app_offer.html")),
    ("apps.html", include_str!("../../../templates/apps.html")),
    ("carried.html", include_str!("../../../templates/carried.html")),
    ("confirm.html", include_str!("../../../templates/confirm.html")),
    ("consent.html", include_str!("../../../templates/consent.html")),
    ("done.html", include_str!("../../../templates/done.html")),
    ("email.html", include_str!("../../../templates/email.html")),
    ("enrol.html", include_str!("../../../templates/enrol.html")),
    ("error.html", include_str!("../../../templates/error.html")),
    ("factor.html", include_str!("../../../templates/factor.html")),
    ("forgot.html", include_str!("../../../templates/forgot.html")),
    ("form_post.html", include_str!("../../../templates/form_post.html")),
    ("home.html", include_str!("../../../templates/home.html")),
    ("identities.html", include_str!("../../../templates/identities.html")),
    ("layout.html", include_str!("../../../templates/layout.html")),
    ("limit.html", include_str!("../../../templates/limit.html")),
    ("login.html", include_str!("../../../templates/login.html")),
    ("logout.html", include_str!("../../../templates/logout.html")),
    ("logout_report.html", include_str!("../../../templates/logout_report.html")),
    ("mail_code.html", include_str!("../../../templates/mail_code.html")),
    ("mailbox.html", include_str!("../../../templates/mailbox.html")),
    ("message.html", include_str!("../../../templates/message.html")),
    ("passkeys.html", include_str!("../../../templates/passkeys.html")),
    ("password.html", include_str!("../../../templates/password.html")),
    ("person.html", include_str!("../../../templates/person.html")),
    ("recovery_codes.html", include_str!("../../../templates/recovery_codes.html")),
    ("reset.html", include_str!("../../../templates/reset.html")),
    ("security.html", include_str!("../../../templates/security.html")),
    ("signed_out.html", include_str!("../../../templates/signed_out.html")),
    ("totp.html", include_str!("../../../templates/totp.html")),
];

/// The files that pages refer to, with their types.
pub const ASSETS: [(&str, &str, &str); 3] = [
    ("doorward.css", "text/css; charset=utf-8", include_str!("../../../templates/assets/doorward.css")),
    ("doorward.svg", "image/svg+xml", include_str!("../../../templates/assets/doorward.svg")),
    ("passkey.js", "text/javascript; charset=utf-8", include_str!("../../../templates/assets/passkey.js")),
];

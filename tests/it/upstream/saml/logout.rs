//! Single logout with SAML providers, in both directions and by both bindings (SAML Profiles section 4.4).

use chrono::TimeDelta;
use doorward::base::clock::Clock;
use doorward::base::secret::base64;
use doorward::domain::limit::{Action, SessionLimit};
use doorward::saml::certificate::OwnKey;
use doorward::saml::redirect::{self, Part, Sent, read};
use doorward::saml::xml::Element;
use doorward::saml::{ASSERTION, PROTOCOL, written};
use serde_json::{Value, json};
use url::Url;

use super::oracle::{IDP_CERTIFICATE, IDP_KEY, OTHER_CERTIFICATE, OTHER_KEY, sign, template, verifies};
use super::{IDP, PERSISTENT, SUCCESS, join, our_certificate, round_trip};
use crate::answer::Answer;
use crate::browser::Browser;
use crate::factors::{App, add_app, enter};
use crate::limits::choices;
use crate::upstream::is_signed_in;
use crate::world::{Setting, World, on_both, on_both_with};

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Redirect,
    Post,
}

const BOTH: [By; 2] = [By::Redirect, By::Post];

/// What the provider says, before it is signed.
struct Message {
    part: Part,
    id: String,
    xml: String,
}

impl Message {
    /// A request to sign Ann out.
    fn request(world: &World, id: &str, content: &str) -> Self {
        let head = head(world, id, "");
        let name = format!("<saml:NameID Format=\"{PERSISTENT}\">ann-there</saml:NameID>");
        let xml = format!("<samlp:LogoutRequest {head}{name}{content}</samlp:LogoutRequest>");
        Self { part: Part::Request, id: id.into(), xml }
    }

    /// An answer to a request of ours.
    fn response(world: &World, request: &str, status: &str) -> Self {
        let head = head(world, "_answer", &format!(" InResponseTo=\"{request}\""));
        let status = format!("<samlp:Status><samlp:StatusCode Value=\"{status}\"/></samlp:Status>");
        Self {
            part: Part::Response,
            id: "_answer".into(),
            xml: format!("<samlp:LogoutResponse {head}{status}</samlp:LogoutResponse>"),
        }
    }

    fn but(mut self, from: &str, to: &str) -> Self {
        self.xml = super::changed(&self.xml, &[(from, to)]);
        self
    }

    fn element(&self) -> (&'static str, &'static str) {
        (PROTOCOL, if self.part == Part::Request { "LogoutRequest" } else { "LogoutResponse" })
    }

    async fn send(&self, world: &World, browser: &Browser, (by, state): (By, Option<&str>)) -> Answer {
        self.send_signed(world, browser, (by, state), (IDP_KEY, "rsa-sha256")).await
    }

    async fn send_signed(
        &self,
        world: &World,
        browser: &Browser,
        (by, state): (By, Option<&str>),
        (key, algorithm): (&str, &str),
    ) -> Answer {
        let bare = self.xml.replace("<!--signature-->", "");
        if by == By::Redirect {
            let sent = Sent { endpoint: "/sso/corp/slo", part: self.part, xml: &bare, relay_state: state };
            return browser.get(&redirect::address(&sent, &own_key(key)).unwrap()).await;
        }
        let unsigned = self.xml.replace("<!--signature-->", &template(&self.id, algorithm));
        let document = base64(sign(world.folder(), &unsigned, self.element(), key).as_bytes());
        let mut fields = vec![(self.part.name(), document.as_str())];
        fields.extend(state.map(|state| ("RelayState", state)));
        browser.post("/sso/corp/slo", &fields).await
    }
}

fn head(world: &World, id: &str, more: &str) -> String {
    format!(
        "xmlns:samlp=\"{PROTOCOL}\" xmlns:saml=\"{ASSERTION}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ID=\"{id}\" \
         Version=\"2.0\" IssueInstant=\"{}\" Destination=\"{}/sso/corp/slo\"{more}><saml:Issuer>{IDP}</saml:Issuer>\
         <!--signature-->",
        written(world.clock.now()),
        world.issuer,
    )
}

fn own_key(pem: &str) -> OwnKey {
    let dense = |pem: &str| pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let certificate = if pem == IDP_KEY { IDP_CERTIFICATE } else { OTHER_CERTIFICATE };
    OwnKey::open(&format!("{}\n{}", dense(pem), dense(certificate))).unwrap()
}

/// What we send to the provider, signed by us, whichever way.
async fn sent(world: &World, answer: &Answer, (by, part): (By, Part)) -> (Element, Option<String>) {
    let ours = our_certificate(world, "corp").await;
    match by {
        By::Redirect => {
            let address = answer.is(303).location();
            assert!(address.as_str().starts_with("https://idp.example/slo?a=b&SAML"), "{address}");
            let query = address.query().unwrap().strip_prefix("a=b&").unwrap().to_owned();
            let text = read(&query, part, &[ours]).unwrap();
            let state =
                address.query_pairs().find(|(name, _)| name == "RelayState").map(|(_, state)| state.into_owned());
            (Element::message(&text).unwrap(), state)
        }
        By::Post => {
            let fields = answer.is(200).form("https://idp.example/slo?a=b");
            let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
            let text = redirect::posted(&field(part.name()).unwrap()).unwrap();
            let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", ours.text());
            let name = if part == Part::Request { "LogoutRequest" } else { "LogoutResponse" };
            assert!(verifies(world.folder(), &text, (PROTOCOL, name), &pem), "{text}");
            (Element::message(&text).unwrap(), field("RelayState"))
        }
    }
}

async fn signed_in(world: &World, changes: &[(&str, &str)]) -> Browser {
    let browser = world.browser();
    round_trip(world, &browser, changes).await.is(303);
    browser
}

/// Signs out here, up to the request to the provider; gives that answer.
async fn leave(browser: &Browser) -> Answer {
    let page = browser.get("/logout").await;
    let answer = browser.submit(&page, "/logout", &[("scope", "browser")]).await;
    let way = answer.is(303).location();
    assert_eq!(way.path(), "/sso/corp/leave");
    browser.get(way.as_str()).await
}

async fn in_binding(world: &World, by: By) {
    let binding = if by == By::Redirect { "redirect" } else { "post" };
    join(world, "corp", json!({"slo_binding": binding})).await;
}

async fn binding_becomes(world: &World, by: By) {
    let binding: Value = json!({"slo_binding": if by == By::Redirect { "redirect" } else { "post" }});
    crate::upstream::api(world).await.patch("/providers/corp", binding).await.is(200);
}

on_both! {
    async fn a_provider_signs_somebody_out(world) {
        in_binding(world, By::Redirect).await;
        for (at, by) in BOTH.into_iter().enumerate() {
            binding_becomes(world, by).await;
            let browser = signed_in(world, &[]).await;
            let elsewhere = signed_in(world, &[("\"_session\"", "\"_another\"")]).await;
            let somebody = signed_in(world, &[("ann-there", "bob-there")]).await;
            let index = "<samlp:SessionIndex>_session</samlp:SessionIndex>";
            let id = format!("_one-{at}");
            // It need not come by the person's browser.
            let answer = Message::request(world, &id, index).send(world, &world.browser(), (by, Some("their state"))).await;
            let (response, state) = sent(world, &answer, (by, Part::Response)).await;
            assert!(response.is(PROTOCOL, "LogoutResponse") && response.attribute("InResponseTo") == Some(&id));
            assert_eq!(state.as_deref(), Some("their state"));
            let status = response.one(PROTOCOL, "Status").unwrap().one(PROTOCOL, "StatusCode").unwrap();
            assert_eq!(status.attribute("Value"), Some(SUCCESS));
            assert!(!is_signed_in(&browser).await);
            assert!(is_signed_in(&elsewhere).await && is_signed_in(&somebody).await, "nobody else is touched");
            // Without a session, all of that person's; the answer is the same where there is nothing.
            Message::request(world, &format!("_two-{at}"), "").send(world, &browser, (by, None)).await;
            assert!(!is_signed_in(&elsewhere).await && is_signed_in(&somebody).await);
            let answer = Message::request(world, &format!("_three-{at}"), "").send(world, &browser, (by, None)).await;
            sent(world, &answer, (by, Part::Response)).await;
        }
    }

    async fn a_logout_request_may_name_several_sessions(world) {
        in_binding(world, By::Redirect).await;
        let index = |name: &str| format!("<samlp:SessionIndex>{name}</samlp:SessionIndex>");
        let (one, two) = (signed_in(world, &[]).await, signed_in(world, &[("\"_session\"", "\"_another\"")]).await);
        let third = signed_in(world, &[("\"_session\"", "\"_third\"")]).await;
        let others: String = (0..200).map(|at| index(&format!("_{at}"))).collect();
        let many = Message::request(world, "_many", &(index("_another") + &others + &index("_session")));
        many.send(world, &world.browser(), (By::Post, None)).await.is(303);
        assert!(!is_signed_in(&one).await && !is_signed_in(&two).await && is_signed_in(&third).await);
        let mut read = world.db().read().await.unwrap();
        let left = read.sql("SELECT COUNT(*) FROM revocations").scalar::<i64>().await.unwrap();
        assert_eq!(left, 0, "nothing is left to do");
    }

    async fn every_defect_of_a_logout_request_is_refused(world) {
        in_binding(world, By::Redirect).await;
        let browser = signed_in(world, &[]).await;
        let request = |id: &str| Message::request(world, id, "");
        let old = written(world.clock.now() - TimeDelta::seconds(311));
        let instant = format!("IssueInstant=\"{}\"", written(world.clock.now()));
        for (at, (what, message)) in [
            ("another destination", request("_a").but("/sso/corp/slo", "/sso/other/slo")),
            ("another issuer", request("_b").but("<saml:Issuer>https://idp", "<saml:Issuer>https://evil")),
            ("too old", request("_c").but(&instant, &format!("IssueInstant=\"{old}\""))),
            ("over", request("_d").but(&instant, &format!("{instant} NotOnOrAfter=\"{old}\""))),
            ("good for a day", request("_e").but(&instant, &format!("{instant} NotOnOrAfter=\"{}\"", written(world.clock.now() + TimeDelta::days(1))))),
            ("another realm", request("_f").but("<saml:NameID ", "<saml:NameID SPNameQualifier=\"https://evil.example\" ")),
            ("no name", request("_g").but("<saml:NameID ", "<saml:Other ").but("</saml:NameID>", "</saml:Other>")),
            ("another version", request("_h").but("Version=\"2.0\"", "Version=\"1.1\"")),
            ("no request", Message { part: Part::Request, ..Message::response(world, "_x", SUCCESS) }),
        ].into_iter().enumerate() {
            // A document of another kind is signed beside it alone.
            for by in BOTH.into_iter().take(if at == 8 { 1 } else { 2 }) {
                message.send(world, &browser, (by, None)).await.error_page("invalid_request");
                assert!(is_signed_in(&browser).await, "{what} {by:?}");
            }
        }
        for (by, key, algorithm) in [
            (By::Redirect, OTHER_KEY, "rsa-sha256"),
            (By::Post, OTHER_KEY, "rsa-sha256"),
            (By::Post, IDP_KEY, "rsa-sha1"),
        ] {
            let answer = request("_z").send_signed(world, &browser, (by, None), (key, algorithm)).await;
            answer.error_page("invalid_request");
            assert!(is_signed_in(&browser).await, "{by:?} {algorithm}");
        }
        let unsigned = base64(request("_u").xml.replace("<!--signature-->", "").as_bytes());
        browser.post("/sso/corp/slo", &[("SAMLRequest", &unsigned)]).await.error_page("invalid_request");
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("SAMLRequest", &unsigned).finish();
        browser.get(&format!("/sso/corp/slo?{query}")).await.error_page("invalid_request");
        assert!(is_signed_in(&browser).await);
    }

    async fn a_logout_request_is_good_once(world) {
        in_binding(world, By::Redirect).await;
        let browser = signed_in(world, &[]).await;
        let message = Message::request(world, "_once", "");
        message.send(world, &browser, (By::Redirect, None)).await.is(303);
        assert!(!is_signed_in(&browser).await);
        let browser = signed_in(world, &[]).await;
        for by in BOTH {
            message.send(world, &browser, (by, None)).await.error_page("invalid_request");
        }
        assert!(is_signed_in(&browser).await);
    }

    async fn who_signs_out_here_signs_out_there_and_comes_back_to_the_client(world) {
        in_binding(world, By::Redirect).await;
        let metadata = json!({"post_logout_redirect_uris": ["https://app.example/bye"]});
        world.client("leaver", metadata).await;
        for by in BOTH {
            binding_becomes(world, by).await;
            let browser = signed_in(world, &[]).await;
            let asked = "/oauth2/logout?client_id=leaver&post_logout_redirect_uri=https://app.example/bye&state=s";
            let page = browser.get(asked).await;
            let answer = browser.submit(&page, "/logout", &[("scope", "browser")]).await;
            let answer = browser.get(answer.is(303).location().as_str()).await;
            assert!(!is_signed_in(&browser).await, "whatever the provider says");
            let (request, state) = sent(world, &answer, (by, Part::Request)).await;
            let state = state.unwrap();
            assert!(state.len() <= 80);
            let name = request.one(ASSERTION, "NameID").unwrap();
            assert_eq!((name.text(), name.attribute("Format")), (Ok("ann-there"), Some(PERSISTENT)));
            assert_eq!(request.one(PROTOCOL, "SessionIndex").unwrap().text(), Ok("_session"));
            let id = request.attribute("ID").unwrap();
            let back = Message::response(world, id, SUCCESS).send(world, &browser, (by, Some(&state))).await;
            let home = Url::parse("https://app.example/bye?state=s").unwrap();
            assert_eq!(back.is(303).location(), home);
            assert!(browser.cookies().keys().all(|name| !name.contains("doorward-way")));
        }
    }

    async fn an_answer_to_our_sign_out_is_believed_as_little_as_any(world) {
        in_binding(world, By::Redirect).await;
        let browser = signed_in(world, &[]).await;
        let answer = leave(&browser).await;
        let (_, state) = sent(world, &answer, (By::Redirect, Part::Request)).await;
        // The person is signed out here anyway, and reads so; nothing else comes of it.
        let page = Message::response(world, "_other", SUCCESS).send(world, &browser, (By::Redirect, state.as_deref())).await;
        assert!(page.is(200).body.contains("signed out"));
        let unasked = Message::response(world, "_other", SUCCESS).send(world, &world.browser(), (By::Redirect, Some("x"))).await;
        unasked.is(200);
        // A form of another site comes without what the browser keeps, and is sent once more from here.
        let browser = signed_in(world, &[]).await;
        let answer = leave(&browser).await;
        let (request, state) = sent(world, &answer, (By::Redirect, Part::Request)).await;
        let response = Message::response(world, request.attribute("ID").unwrap(), SUCCESS);
        let page = response.send(world, &world.browser(), (By::Post, state.as_deref())).await;
        let fields = page.is(200).form("/sso/corp/slo");
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.post("/sso/corp/slo", &fields).await.is(200);
    }

    async fn nobody_is_sent_to_sign_out_by_a_made_up_or_old_address(world) {
        in_binding(world, By::Redirect).await;
        world.browser().get("/sso/corp/leave?state=x").await.error_page("invalid_request");
        let browser = signed_in(world, &[]).await;
        let page = browser.get("/logout").await;
        let way = browser.submit(&page, "/logout", &[("scope", "browser")]).await.is(303).location();
        world.advance(301);
        browser.get(way.as_str()).await.error_page("invalid_request");
    }

    async fn another_site_cannot_take_a_browsers_session_away(world) {
        in_binding(world, By::Redirect).await;
        let browser = signed_in(world, &[]).await;
        for way in ["/sso/corp/slo?SAMLResponse=x", "/sso/nobody/slo?SAMLResponse=x", "/sso/corp/signed-out"] {
            let answer = browser.get(way).await;
            assert!(answer.is(303).headers.get("set-cookie").is_none(), "{way}");
            assert!(is_signed_in(&browser).await, "{way}");
        }
    }

    async fn an_admin_keeps_sign_outs_apart(world) {
        join(world, "corp", json!({"logout": false})).await;
        let browser = signed_in(world, &[]).await;
        let page = browser.get("/logout").await;
        browser.submit(&page, "/logout", &[("scope", "browser")]).await.is(200);
        // Without a place for the answer, the end is all there is.
        crate::upstream::api(world).await.patch("/providers/corp", json!({"slo_url": null, "logout": true})).await.is(200);
        let browser = signed_in(world, &[]).await;
        let page = Message::request(world, "_silent", "").send(world, &browser, (By::Post, None)).await;
        assert!(page.is(200).body.contains("signed out") && !is_signed_in(&browser).await);
    }
}

/// One session each, and the person says which.
fn choosing() -> Setting {
    Setting {
        change: |policy| policy.limit = Some(SessionLimit { most: 1, action: Action::Ask }),
        ..Setting::default()
    }
}

on_both_with! {
    crate::upstream::saml::logout::choosing();

    async fn who_proved_more_and_chose_is_signed_out_there_too(world) {
        in_binding(world, By::Redirect).await;
        let first = signed_in(world, &[]).await;
        let phone = add_app(world, &first).await;
        let browser = world.browser();
        let answer = further(world, &browser, &phone).await;
        let page = browser.follow(answer).await;
        browser.submit(&page, "/limit", &[("end", &choices(&page)[0])]).await.is(303);
        assert!(is_signed_in(&browser).await && !is_signed_in(&first).await);
        is_told_who_leaves(world, &browser).await;
        // In a session that is open already, too.
        let browser = world.browser();
        for _ in 0..2 {
            further(world, &browser, &phone).await.is(303);
            assert!(is_signed_in(&browser).await);
        }
        is_told_who_leaves(world, &browser).await;
    }
}

/// Comes from there, and proves a second factor.
async fn further(world: &World, browser: &Browser, phone: &App) -> Answer {
    let answer = round_trip(world, browser, &[]).await;
    let page = browser.follow(answer).await;
    let answer = enter(browser, &page, &phone.code(world)).await;
    // The next code is another one.
    world.advance(30);
    answer
}

async fn is_told_who_leaves(world: &World, browser: &Browser) {
    let (request, _) = sent(world, &leave(browser).await, (By::Redirect, Part::Request)).await;
    assert_eq!(request.one(ASSERTION, "NameID").unwrap().text(), Ok("ann-there"));
}

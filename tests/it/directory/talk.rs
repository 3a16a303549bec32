//! The conversation with a directory, without a server around it.

use doorward::base::duration::Duration;
use doorward::base::secret::Typed;
use doorward::protocol::ldap::{Directory as Rules, Groups, Lookup, Privacy};
use doorward::remote::directory::{Away, Directory};

use crate::slapd::slapd;
use crate::stage::PASSWORD;

/// What comes of asking it for somebody, as a flow does.
async fn ask(directory: &Directory, name: &str, password: &str) -> Result<Option<String>, Away> {
    let candidate = directory.look_for(Some(name), "decoy").await?;
    Ok(candidate.prove(Typed::new(password.into())).await?.map(|person| person.id))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_certificate_of_the_authority_that_was_named_is_trusted() {
    crate::world::http();
    slapd().person("mallory");
    for privacy in [Privacy::StartTls, Privacy::Tls] {
        let address = || slapd().address(privacy);
        let own = slapd().directory(|rules| rules.address = address());
        own.check().await.unwrap();
        assert!(ask(&own, "mallory", PASSWORD).await.unwrap().is_some(), "{privacy:?}");
        let other = slapd().trusting("other", |rules| rules.address = address());
        let named = slapd().directory(|rules| rules.address.host = "127.0.0.1".into());
        for wrong in [other, named] {
            let away = ask(&wrong, "mallory", PASSWORD).await.unwrap_err();
            assert!(matches!(&away, Away::Unreachable(why) if why.contains("certificate")), "{privacy:?}: {away}");
            assert!(wrong.check().await.is_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dn_may_be_made_of_the_name_without_looking_for_it() {
    crate::world::http();
    slapd().person("niaj");
    let template = |rules: &mut Rules| {
        rules.lookup = Lookup::Dn("uid={username},ou=people,dc=example,dc=com".into());
        rules.bind = None;
        rules.groups = Groups { attribute: Some("sn".into()), search: None };
    };
    let directory = slapd().directory(template);
    let candidate = directory.look_for(Some("niaj"), "decoy").await.unwrap();
    let person = candidate.prove(Typed::new(PASSWORD.into())).await.unwrap().unwrap();
    assert_eq!(
        (person.attributes["mail"][0].as_str(), person.groups),
        ("niaj@corp.example", vec!["Person".to_owned()])
    );
    for (name, password) in [
        ("niaj", "wrong"),
        ("niaj", ""),
        ("niaj", "\0"),
        ("nobody", PASSWORD),
        ("niaj,ou=people", PASSWORD),
        ("niaj+cn=x", PASSWORD),
    ] {
        assert_eq!(ask(&directory, name, password).await, Ok(None), "{name} {password}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_lists_names_is_asked_by_the_entrys_own() {
    crate::world::http();
    slapd().person("peggy");
    slapd().group("peggy", "peggy");
    let directory = slapd().directory(|rules| rules.groups.search.as_mut().unwrap().filter = "(cn={username})".into());
    for typed in ["peggy@corp.example", "PEGGY", "peggy"] {
        let candidate = directory.look_for(Some(typed), "decoy").await.unwrap();
        let person = candidate.prove(Typed::new(PASSWORD.into())).await.unwrap().unwrap();
        assert_eq!(person.groups, ["cn=peggy,ou=groups,dc=example,dc=com"], "{typed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_set_up_wrongly_says_so_and_lets_nobody_in() {
    crate::world::http();
    slapd().person("olivia");
    slapd().person("olivia-2");
    let twins = slapd().directory(|rules| {
        let Lookup::Search(search) = &mut rules.lookup else { unreachable!() };
        search.filter = "(|(uid={username})(uid=olivia-2))".into();
    });
    assert_eq!(ask(&twins, "olivia", PASSWORD).await, Ok(None), "two entries");
    let locked = slapd().directory(|rules| rules.bind.as_mut().unwrap().1 = Typed::new("wrong".into()));
    assert!(matches!(ask(&locked, "olivia", PASSWORD).await, Err(Away::Locked(_))));
    let nameless = slapd().directory(|rules| rules.id = "employeeNumber".into());
    assert_eq!(ask(&nameless, "olivia", PASSWORD).await, Ok(None), "no id");
    let elsewhere = slapd().directory(|rules| {
        let Lookup::Search(search) = &mut rules.lookup else { unreachable!() };
        search.base = "dc=other".into();
    });
    assert!(matches!(ask(&elsewhere, "olivia", PASSWORD).await, Err(Away::Unwilling(_))), "a referral is not followed");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = slapd().directory(|rules| {
        rules.address.port = silent.local_addr().unwrap().port();
        rules.timeout = Duration::seconds(1);
    });
    assert!(ask(&deaf, "olivia", PASSWORD).await.is_err());
}

//! What the languages say, and which of them somebody gets.

use super::*;

fn file(name: &str, source: &str) -> Dropped {
    Dropped { name: name.to_owned(), source: source.to_owned() }
}

fn with(name: &str, source: &str) -> Languages {
    Languages::new(&[file(name, source)]).unwrap()
}

fn broken(name: &str, source: &str) -> Broken {
    Languages::new(&[file(name, source)]).err().unwrap()
}

#[test]
fn both_languages_say_the_same_things_of_the_same_things() {
    let languages = Languages::new(&[]).unwrap();
    assert_eq!(languages.tags(), ["en", "de"]);
    let [english, german] = ["en", "de"].map(|tag| &languages.named(tag).0.arguments);
    for (key, arguments) in english {
        assert_eq!(german.get(key), Some(arguments), "{key}");
    }
    assert_eq!(english.len(), german.len());
    assert_eq!(languages.gaps(), []);
}

#[test]
fn the_first_wish_that_is_spoken_wins() {
    let languages = with("pt-BR.ftl", "cancel = Cancelar");
    let found = |wishes: &[&str]| languages.lookup(wishes.iter().copied()).map(|language| language.tag().to_owned());
    for (wishes, tag) in [
        (vec!["de-AT-1996", "en"], Some("de")),
        (vec!["DE"], Some("de")),
        (vec!["fr", "xx-invalid-", "en-GB"], Some("en")),
        (vec!["pt-br"], Some("pt-BR")),
        (vec!["pt", "*", "", "-"], None),
    ] {
        assert_eq!(found(&wishes).as_deref(), tag, "{wishes:?}");
    }
    assert_eq!(languages.named("fr").tag(), "en");
}

#[test]
fn a_file_adds_a_language_and_english_fills_its_gaps() {
    let languages = with("fr.ftl", "cancel = Annuler\ncancle = Annuler");
    let french = languages.named("fr");
    assert_eq!(french.say(&Phrase::of("cancel")), "Annuler");
    assert_eq!(french.say(&Phrase::of("allow")), "Allow");
    // A message that is there without its attribute leaves that to English, and may quote what only English has.
    let partial = with("fr.ftl", "reason-idle = Rien\non-date = le { $day } { month }");
    assert_eq!(partial.named("fr").say(&Phrase::of("reason-idle.told")), "Signed out: nothing happened for too long");
    assert_eq!(partial.named("fr").say(&Phrase::of("on-date").with("day", 2_u32).with("month", 1_u32)), "le 2 January");
    let gaps = languages.gaps();
    assert_eq!((gaps.len(), gaps[0].tag.as_str(), gaps[0].unknown.clone()), (1, "fr", vec!["cancle".to_owned()]));
    assert!(
        gaps[0].missing.contains(&"reason-idle.told".to_owned()) && !gaps[0].missing.contains(&"cancel".to_owned())
    );
}

#[test]
fn a_file_changes_a_language_and_a_region_says_what_differs() {
    let languages = with("de.ftl", "cancel = Doch nicht");
    assert_eq!(languages.named("de").say(&Phrase::of("cancel")), "Doch nicht");
    assert_eq!(languages.named("de").say(&Phrase::of("allow")), "Erlauben");
    let languages = with("de-AT.ftl", "month = { $month ->\n    [1] Jänner\n   *[other] { $month }\n}");
    let austrian = languages.named("de-AT");
    assert_eq!(austrian.say(&Phrase::of("month").with("month", 1_u32)), "Jänner");
    assert_eq!(austrian.say(&Phrase::of("allow")), "Erlauben");
    assert_eq!(
        austrian.say(&Phrase::of("on-date").with("day", 2_u32).with("month", 1_u32).with("clock", "9:00")),
        "2. Jänner, 9:00"
    );
    assert_eq!(languages.gaps(), []);
}

#[test]
fn a_file_that_is_broken_is_refused_with_its_place() {
    let syntax = broken("fr.ftl", "cancel = Annuler\n\nallow Permettre\n");
    assert!(matches!(&syntax, Broken::Syntax { file, line: 3, .. } if file == "fr.ftl"), "{syntax}");
    assert_eq!(syntax.to_string(), "fr.ftl:3: Expected a token starting with \"=\"");
    let argument = broken("fr.ftl", "too-long = { hint }\nhint = { $span } de trop");
    assert_eq!(argument.to_string(), "fr.ftl: the message too-long speaks of $span, which is not told to it");
    for name in ["fr", "français.ftl", "und.ftl", ".ftl", "fr_.ftl"] {
        assert_eq!(broken(name, ""), Broken::Name(name.to_owned()));
    }
}

#[test]
fn what_is_filled_in_is_text_and_nothing_else() {
    let languages = Languages::new(&[]).unwrap();
    let english = languages.english();
    let hostile = "<img src=x>\"'&";
    let phrase = Phrase::of("person").with("username", hostile);
    assert_eq!(english.html(&phrase), "You are <strong>&lt;img src=x&gt;&quot;&#39;&amp;</strong>");
    assert_eq!(english.html(&Phrase::Text(hostile.into())), "&lt;img src=x&gt;&quot;&#39;&amp;");
    // What may run from right to left does not turn its neighbours.
    let phrase = Phrase::of("event-granted").with("app", "\u{202e}\u{634}<");
    assert_eq!(english.html(&phrase), "Signed in to <bdi>\u{202e}\u{634}&lt;</bdi>");
    assert_eq!(english.say(&phrase), "Signed in to \u{202e}\u{634}<");
    // A placeable in what is filled in is no placeable.
    assert_eq!(english.say(&Phrase::of("event-granted").with("app", "{ $app }")), "Signed in to { $app }");
}

#[test]
fn what_cannot_be_said_is_a_problem() {
    let languages = Languages::new(&[]).unwrap();
    let said = |key| languages.english().write(key, &[], Place::Page);
    assert!(said("person").is_err() && said("nonsense").is_err() && said("reason-idle.nonsense").is_err());
    assert_eq!(said("reason-idle.told").unwrap(), "Signed out: nothing happened for too long");
}

#[test]
fn a_language_knows_how_it_runs() {
    assert_eq!(with("ar.ftl", "").named("ar").direction(), "rtl");
    assert_eq!(with("fr.ftl", "").named("fr").direction(), "ltr");
    let hebrew = with("he.ftl", "").named("he").html(&Phrase::of("event-granted").with("app", "App"));
    assert_eq!(hebrew, "Signed in to <bdi>App</bdi>");
}

//! The SQL of a release, read from the sources of its store: every literal, and what `concat!` and our own macros make of
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What a statement begins with.
const VERBS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "WITH "];

/// A macro with the names of its parameters.
struct Macro {
    parameters: Vec<String>,
    body: TokenStream,
}

type Macros = BTreeMap<String, Macro>;

/// Every statement below this folder, each once, on one line.
pub fn of_sources(store: &Path) -> Vec<String> {
    let mut sources = Vec::new();
    read(store, &mut sources);
    let mut macros = Macros::new();
    for source in &sources {
        define(source.clone(), &mut macros);
    }
    let mut found = Vec::new();
    for source in sources {
        collect(source, &macros, &mut found);
    }
    // Lists are as long as they are when they are run; a statement with anything else to fill in cannot be read here.
    let is_whole = |text: &String| VERBS.iter().any(|verb| text.starts_with(verb)) && !text.contains('{');
    let found = found.iter().map(|text| one_line(text).replace("IN ({})", "IN ($30)"));
    let mut found: Vec<_> = found.filter(is_whole).collect();
    found.sort();
    found.dedup();
    found
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Everything but the file pair that knows the engines, whose words are about connections.
fn read(folder: &Path, into: &mut Vec<TokenStream>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("db") {
            read(&path, into);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            into.push(fs::read_to_string(&path).unwrap().parse().unwrap());
        }
    }
}

/// Notes the macros, of one arm each.
fn define(source: TokenStream, into: &mut Macros) {
    let tokens: Vec<_> = source.into_iter().collect();
    for window in tokens.windows(4) {
        let [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Ident(name), TokenTree::Group(rules)] = window
        else {
            continue;
        };
        let groups: Vec<Group> = groups(rules.stream()).collect();
        if *word == "macro_rules"
            && let [pattern, body] = &groups[..]
        {
            let pattern: Vec<_> = pattern.stream().into_iter().collect();
            let parameters = pattern.windows(2).filter_map(|pair| match pair {
                [TokenTree::Punct(mark), TokenTree::Ident(name)] if mark.as_char() == '$' => Some(name.to_string()),
                _ => None,
            });
            into.insert(name.to_string(), Macro { parameters: parameters.collect(), body: body.stream() });
        }
    }
}

fn groups(tokens: TokenStream) -> impl Iterator<Item = Group> {
    tokens.into_iter().filter_map(|token| if let TokenTree::Group(group) = token { Some(group) } else { None })
}

fn collect(source: TokenStream, macros: &Macros, into: &mut Vec<String>) {
    let tokens: Vec<_> = source.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at..] {
            [TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Ident(_), TokenTree::Group(_), ..]
                if *word == "macro_rules" =>
            {
                at += 4;
            }
            [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(_), ..]
                if *word == "mod" && *name == "tests" =>
            {
                at += 3;
            }
            [TokenTree::Ident(name), TokenTree::Punct(mark), TokenTree::Group(given), ..]
                if mark.as_char() == '!' && (*name == "concat" || macros.contains_key(&name.to_string())) =>
            {
                into.extend(expand(&name.to_string(), given.stream(), macros));
                at += 3;
            }
            [TokenTree::Group(group), ..] => {
                collect(group.stream(), macros, into);
                at += 1;
            }
            [TokenTree::Literal(literal), ..] => {
                into.extend(text(&literal.to_string()));
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// What a macro makes of what it is given, if that is one text.
fn expand(name: &str, given: TokenStream, macros: &Macros) -> Option<String> {
    let given = arguments(given);
    if name == "concat" {
        return given.into_iter().map(|one| evaluate(one, macros)).collect();
    }
    let known = &macros[name];
    evaluate(substitute(known.body.clone(), &known.parameters, &given), macros)
}

fn evaluate(tokens: TokenStream, macros: &Macros) -> Option<String> {
    match &tokens.into_iter().collect::<Vec<_>>()[..] {
        [TokenTree::Literal(literal)] => text(&literal.to_string()),
        [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Group(given)]
            if *name == "concat" || macros.contains_key(&name.to_string()) =>
        {
            expand(&name.to_string(), given.stream(), macros)
        }
        _ => None,
    }
}

fn arguments(given: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<_> = given.into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let parts = tokens.split(is_comma).map(|part| part.iter().cloned().collect::<TokenStream>());
    parts.filter(|part| !part.is_empty()).collect()
}

fn substitute(body: TokenStream, parameters: &[String], given: &[TokenStream]) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            (TokenTree::Punct(mark), Some(TokenTree::Ident(name))) if mark.as_char() == '$' => {
                let at = parameters.iter().position(|parameter| *name == parameter);
                out.extend(at.and_then(|at| given.get(at)).cloned().unwrap_or_default());
                tokens.next();
            }
            (TokenTree::Group(group), _) if group.delimiter() != Delimiter::None => {
                let inner = substitute(group.stream(), parameters, given);
                out.extend([TokenTree::Group(Group::new(group.delimiter(), inner))]);
            }
            _ => out.extend([token]),
        }
    }
    out
}

/// The text of a string literal; nothing for other literals.
fn text(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::new();
    let mut rest = inside.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        match rest.next()? {
            'n' => out.push('\n'),
            // A line that goes on.
            '\n' => while rest.next_if(|next| next.is_whitespace()).is_some() {},
            other => out.push(other),
        }
    }
    Some(out)
}

#[test]
fn literals_macros_and_lines_that_go_on_are_read() {
    let source = r#"
        macro_rules! columns { () => { "a, \
            b" }; }
        macro_rules! open { ($of:literal, $now:literal) => { concat!("(", $of, "end > ", $now, ")") }; }
        #[doc = "SELECT nothing"]
        fn f() { g(concat!("SELECT ", columns!(), " FROM t WHERE ", open!("t.", "$1"))).h("DELETE
            FROM t"); i("no statement", 1, b"SELECT"); }
    "#;
    let source: TokenStream = source.parse().unwrap();
    let (mut macros, mut found) = (Macros::new(), Vec::new());
    define(source.clone(), &mut macros);
    collect(source, &macros, &mut found);
    let found: Vec<_> = found.iter().map(|text| one_line(text)).collect();
    let expected = ["SELECT nothing", "SELECT a, b FROM t WHERE (t.end > $1)", "DELETE FROM t", "no statement"];
    assert_eq!(found, expected);
}

use proptest::prelude::*;

use super::*;
use crate::latent::{Prior, lerp, slerp};

const DIMS: usize = 7;

fn latents() -> BTreeMap<String, Latent> {
    ["G", "D", "anna", "old man", "it's", "zero", "mean", "größe"]
        .into_iter()
        .enumerate()
        .map(|(i, name)| (name.to_owned(), Prior::Normal.from_seed(DIMS, i as u64)))
        .chain([("long".to_owned(), Latent::zero(DIMS + 1))])
        .chain([("huge".to_owned(), Latent::new(vec![f32::MAX; DIMS]).unwrap())])
        .collect()
}

fn evaluated(text: &str) -> Result<Latent, Flaw> {
    let names = latents();
    let scope = Scope { dims: DIMS, prior: Prior::Normal, names: &names };
    Formula::parse(text)?.evaluate(&scope)
}

fn by_hand(f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    let names = latents();
    names["G"].values().iter().zip(names["D"].values()).map(|(g, d)| f(*g, *d)).collect()
}

/// Bit for bit what the same arithmetic gives by hand.
#[test]
fn formulas_are_plain_arithmetic() {
    type ByHand = fn(f32, f32) -> f32;
    let cases: &[(&str, ByHand)] = &[
        ("G", |g, _| g),
        ("G + D", |g, d| g + d),
        ("G − D", |g, d| g - d),
        ("G - D - D", |g, d| g - d - d),
        ("G - (D - D)", |g, d| g - (d - d)),
        ("G * D", |g, d| g * d),
        ("G ⊙ D", |g, d| g * d),
        ("G + D * 3", |g, d| g + d * 3.0),
        ("(G + D) * 3", |g, d| (g + d) * 3.0),
        ("2 * G", |g, _| 2.0 * g),
        ("G / 3", |g, _| g / 3.0),
        ("G / 3 / 7", |g, _| g / 3.0 / 7.0),
        ("1 / 3 * G", |g, _| (1.0 / 3.0) * g),
        ("G + 1", |g, _| g + 1.0),
        ("1 - G", |g, _| 1.0 - g),
        ("-G", |g, _| -g),
        ("--G", |g, _| g),
        ("-+-+-G", |g, _| -g),
        ("-G * D", |g, d| -g * d),
        ("G * -D", |g, d| g * -d),
        ("G - -2", |g, _| g - -2.0),
        ("abs(G - D)", |g, d| (g - d).abs()),
        ("|G - D|", |g, d| (g - d).abs()),
        ("|G - |D||", |g, d| (g - d.abs()).abs()),
        ("||G| - D|", |g, d| (g.abs() - d).abs()),
        ("|G| * |D|", |g, d| g.abs() * d.abs()),
        ("abs(-2) * G", |g, _| 2.0 * g),
        ("mean(G, D)", |g, d| (g + d) / 2.0),
        ("mean(G, D, D)", |g, d| (g + d + d) / 3.0),
        ("mean(G)", |g, _| g),
        ("lerp(G, D, 0.3)", |g, d| g + (d - g) * 0.3),
        ("clamp(G, -0.5, .5)", |g, _| g.clamp(-0.5, 0.5)),
        ("truncate(G, 0.7)", |g, _| g * 0.7),
        ("zero", |_, _| 0.0),
        ("zero + 1.5e0", |_, _| 0.0 + 1.5),
        ("\"G\" + 'D'", |g, d| g + d),
        ("“G” + D", |g, d| g + d),
        (" ( ( G ) ) ", |g, _| g),
        ("G×D÷2", |g, d| g * d / 2.0),
    ];
    for (text, hand) in cases {
        let found = evaluated(text).unwrap_or_else(|flaw| panic!("{text}: {flaw:?}"));
        let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(found.values()), bits(&by_hand(hand)), "{text}");
    }
}

#[test]
fn functions_are_those_of_the_rest_of_the_program() {
    let all = latents();
    let (g, d) = (&all["G"], &all["D"]);
    assert_eq!(evaluated("slerp(G, D, 0.25)").unwrap(), slerp(g, d, 0.25));
    assert_eq!(evaluated("lerp(G, D, -1)").unwrap(), lerp(g, d, -1.0));
    assert_eq!(evaluated("random(42)").unwrap(), Prior::Normal.from_seed(DIMS, 42));
    let norm = evaluated("normalize(G * 17)").unwrap().norm();
    assert!((norm - Prior::Normal.typical_norm(DIMS)).abs() < 1e-5, "{norm}");
    let names = [("\"old man\"", "old man"), ("\"it's\"", "it's"), ("\"zero\"", "zero")];
    for (text, name) in names.into_iter().chain([("mean", "mean"), ("größe", "größe")]) {
        assert_eq!(evaluated(text).unwrap(), all[name], "{text}");
    }
}

#[test]
fn flaws_are_placed_and_named() {
    for (text, at, said) in [
        ("", "", "the formula is empty"),
        ("   ", "", "the formula is empty"),
        ("G - ana", "ana", "no latent called ana; did you mean anna?"),
        ("g", "g", "did you mean G?"),
        ("\"Old Man\"", "\"Old Man\"", "did you mean \"old man\"?"),
        ("nobody + G", "nobody", "no latent called nobody; the library shows"),
        ("means(G)", "means", "no function means; did you mean mean?"),
        ("f(G)", "f", "no function f; there are abs, mean"),
        ("abs", "abs", "arguments stand in brackets"),
        ("abs()", "abs()", "abs(x) takes 1 argument, and 0 were given"),
        ("abs(G, D)", "abs(G, D)", "and 2 were given"),
        ("G + lerp(G, D)", "lerp(G, D)", "lerp(a, b, t) takes 3 arguments, and 2 were given"),
        ("mean()", "mean()", "takes at least 1 argument"),
        ("G / 0", "0", "divides by zero"),
        ("G / (1 - 1)", "(1 - 1)", "divides by zero"),
        ("G / 1e-60", "1e-60", "divides by zero"),
        ("1 / 0 * G", "0", "divides by zero"),
        ("G / D", "D", "only numbers divide"),
        ("huge * 2", "huge * 2", "dimension 0 of this becomes inf"),
        ("G + mean(huge, huge)", "mean(huge, huge)", "becomes inf"),
        ("1e30 * 1e30", "1e30 * 1e30", "too large"),
        ("G * 1e39", "1e39", "too large"),
        ("G + long", "long", "long has 8 dimensions, and this generator takes 7"),
        ("2 + 3", "2 + 3", "gives the number 5"),
        ("lerp(G, D, D)", "D", "a number belongs here"),
        ("mean(G, 2)", "2", "a latent belongs here, and this is the number 2"),
        ("normalize(zero)", "zero", "no direction"),
        ("clamp(G, 1, -1)", "1, -1", "the lower end 1 lies above"),
        ("random(1.5)", "1.5", "a seed is a whole number"),
        ("random(-1)", "-1", "a seed is a whole number"),
        ("random(G)", "G", "a seed is a whole number"),
        ("G +", "", "ends too early"),
        ("G + * D", "*", "an operand is missing before this sign"),
        ("G D", "D", "an operator is missing"),
        ("2G", "2G", "neither a number nor a name"),
        ("1.2.3", "1.2.3", "neither a number nor a name"),
        (".", ".", "not a number"),
        ("(G", "(", "this bracket is never closed"),
        ("G)", ")", "closes none"),
        ("|G", "|", "this bar is never closed"),
        ("abs(G", "(", "never closed"),
        ("()", ")", "something is missing"),
        ("(G, D)", ",", "a comma only stands"),
        ("mean(G,, D)", ",", "something is missing before this comma"),
        ("G, D", ",", "a comma only stands"),
        ("\"G", "\"G", "never closed"),
        ("G ^ 2", "^", "means nothing in a formula"),
        ("G; D", ";", "means nothing in a formula"),
        ("G 👍", "👍", "means nothing in a formula"),
    ] {
        let flaw = evaluated(text).expect_err(text);
        assert_eq!(&text[flaw.at.clone()], at, "{text}: {flaw:?}");
        assert!(flaw.message.contains(said), "{text}: {}", flaw.message);
    }
    let place = evaluated("mean(G,, D)").unwrap_err().at;
    assert_eq!(place, 7..8, "the second comma, not the first");
}

#[test]
fn what_is_endless_is_a_sentence() {
    for (text, said) in [
        ("G+".repeat(500_000), "at most"),
        ("(".repeat(10_000) + "G" + &")".repeat(10_000), "at most"),
        ("(".repeat(5_000) + "G" + &")".repeat(5_000), "nested more than"),
        ("|".repeat(5_001), "nested more than"),
        ("abs(".repeat(3_000), "nested more than"),
        ("-".repeat(MAX_BYTES), "ends too early"),
        ("\"".to_owned() + &"x".repeat(10_000), "never closed"),
        ("x".repeat(10_000), "no latent called"),
    ] {
        let flaw = evaluated(&text).unwrap_err();
        assert!(flaw.message.contains(said), "{text:.20}: {}", flaw.message);
        assert!(flaw.message.len() < 300, "{text:.20}: {}", flaw.message);
    }
    // As long as it may be, and computed without recursion.
    let sum = format!("{}G", "G+".repeat(MAX_BYTES / 2 - 1));
    assert!(evaluated(&sum).is_ok());
    assert!(evaluated(&format!("{}G", "-".repeat(MAX_BYTES - 1))).is_ok());
}

#[test]
fn names_come_in_order_and_once() {
    let formula = Formula::parse("D - G + \"old man\" * D + random(2) + mean(G)").unwrap();
    assert_eq!(formula.names(), ["D", "G", "old man"]);
    for (text, seed) in [("random(7)", Some(7)), ("random(-7)", None), ("random(7) + zero", None)] {
        assert_eq!(Formula::parse(text).unwrap().seed(), seed, "{text}");
    }
}

#[test]
fn quoted_names_read_back() {
    for name in ["G", "old man", "it's", "a\"b", "a\\b", "zero", "mean", "2nd", "größe", "x-y", "“"]
    {
        let text = quoted(name);
        let formula = Formula::parse(&text).unwrap_or_else(|flaw| panic!("{text}: {flaw:?}"));
        assert_eq!(formula.names(), [name], "{text}");
    }
    assert_eq!(quoted("G"), "G");
}

fn folded<'a>(names: &'a [&'a str]) -> impl Iterator<Item = (&'a str, String)> {
    names.iter().map(|name| (*name, name.to_lowercase()))
}

#[test]
fn completions_fit_the_word_at_the_cursor() {
    let names = ["anna", "anton", "old man", "mean streets", "Bea"];
    for (text, cursor, place, offers) in [
        ("an", 2, 0..2, &["anna", "anton", "\"old man\"", "\"mean streets\""][..]),
        ("G - ann", 7, 4..7, &["anna"]),
        ("G - antx + D", 7, 4..8, &["anton"]),
        ("me", 2, 0..2, &["\"mean streets\"", "mean("]),
        ("sl", 2, 0..2, &["slerp("]),
        ("\"ol", 3, 0..3, &["\"old man\""]),
        ("\"ol\"", 3, 0..4, &["\"old man\""]),
        ("\"old man\" - b", 13, 12..13, &["Bea"]),
        ("2x", 2, 2..2, &["anna", "anton", "\"old man\"", "\"mean streets\"", "Bea"]),
        ("", 0, 0..0, &["anna", "anton", "\"old man\"", "\"mean streets\"", "Bea"]),
        ("man", 3, 0..3, &["\"old man\""]),
        ("anna", 4, 0..4, &[]),
    ] {
        let (at, found) = completions(text, cursor, folded(&names));
        assert_eq!(
            (at, found),
            (place, offers.iter().map(|s| (*s).to_owned()).collect()),
            "{text}"
        );
    }
}

proptest! {
    /// Whatever is typed has a result or a flaw that lies in the text between two characters.
    #[test]
    fn nothing_typed_panics(text in prop_oneof![
        ".{0,60}",
        "[-+*/|(),.0-9e GDabsmenlrpzocu\"'\\\\]{0,80}",
        "((abs|mean|lerp|slerp|normalize|clamp|truncate|random)?[(|]|G|D|long|huge|zero|[0-9.]{1,4}| |,|[-+*/)|]){0,40}",
    ], cursor in 0usize..100) {
        if let Err(flaw) = evaluated(&text) {
            prop_assert!(text.get(flaw.at.clone()).is_some(), "{:?} of {:?}", flaw, text);
        }
        let (at, _) = completions(&text, cursor, folded(&["G", "old man"]));
        prop_assert!(text.get(at).is_some());
    }

    #[test]
    fn any_name_can_be_quoted(name in "\\PC{1,40}") {
        let text = quoted(&name).into_owned();
        let formula = Formula::parse(&text).unwrap();
        prop_assert_eq!(formula.names(), [name.as_str()]);
    }

    /// A random tree gives bit for bit what the same tree gives computed by hand.
    #[test]
    fn random_trees_agree_with_arithmetic(tree in tree()) {
        let found = evaluated(&tree.text());
        let all = latents();
        let expected: Vec<f32> = (0..DIMS)
            .map(|i| tree.value(all["G"].get(i), all["D"].get(i)))
            .collect();
        if expected.iter().all(|v| v.is_finite()) {
            // An intermediate result may overflow where the end does not.
            if let Ok(found) = found {
                for (a, b) in found.values().iter().zip(&expected) {
                    prop_assert_eq!(a.to_bits(), b.to_bits(), "{}", tree.text());
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Tree {
    G,
    D,
    Scaled(f32, Box<Tree>),
    Two(char, Box<Tree>, Box<Tree>),
    Abs(Box<Tree>),
    Minus(Box<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::G => "G".into(),
            Self::D => "D".into(),
            Self::Scaled(by, x) => format!("({} * {by})", x.text()),
            Self::Two(op, x, y) => format!("({} {op} {})", x.text(), y.text()),
            Self::Abs(x) => format!("|{}|", x.text()),
            Self::Minus(x) => format!("(-{})", x.text()),
        }
    }

    fn value(&self, g: f32, d: f32) -> f32 {
        match self {
            Self::G => g,
            Self::D => d,
            Self::Scaled(by, x) => x.value(g, d) * by,
            Self::Two('+', x, y) => x.value(g, d) + y.value(g, d),
            Self::Two('-', x, y) => x.value(g, d) - y.value(g, d),
            Self::Two(_, x, y) => x.value(g, d) * y.value(g, d),
            Self::Abs(x) => x.value(g, d).abs(),
            Self::Minus(x) => -x.value(g, d),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![Just(Tree::G), Just(Tree::D)];
    leaf.prop_recursive(6, 40, 2, |inner| {
        let op = prop_oneof![Just('+'), Just('-'), Just('*')];
        prop_oneof![
            (-4f32..4.0, inner.clone()).prop_map(|(by, x)| Tree::Scaled(by, Box::new(x))),
            (op, inner.clone(), inner.clone()).prop_map(|(op, x, y)| Tree::Two(
                op,
                Box::new(x),
                Box::new(y)
            )),
            inner.clone().prop_map(|x| Tree::Abs(Box::new(x))),
            inner.prop_map(|x| Tree::Minus(Box::new(x))),
        ]
    })
}

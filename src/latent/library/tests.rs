use super::*;
use crate::latent::Prior;

pub(super) fn key(name: &str, dims: usize) -> ModelKey {
    let hash = blake3::hash(name.as_bytes()).to_hex()[..32].to_owned();
    ModelKey { name: name.to_owned(), hash, dims, prior: Prior::Normal }
}

pub(super) fn faces() -> ModelKey {
    key("faces", 6)
}

pub(super) fn new(name: &str, seed: u64) -> NewEntry {
    NewEntry {
        name: name.to_owned(),
        latent: Prior::Normal.from_seed(6, seed),
        origin: Origin::Seed { seed },
        tags: vec!["drawn".into()],
    }
}

pub(super) fn names(library: &Library) -> Vec<&str> {
    library.entries().into_iter().map(|entry| entry.name.as_str()).collect()
}

pub(super) struct Place {
    _folder: tempfile::TempDir,
    pub path: PathBuf,
}

pub(super) fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/faces.json");
    Place { _folder: folder, path }
}

#[test]
fn what_is_kept_is_there_at_the_next_start() {
    let place = place();
    let mut library = Library::open(&place.path, faces()).unwrap();
    assert!(library.is_empty() && !library.is_unsaved());
    let g = library.add(new("G", 1)).unwrap();
    library.add(new("D", 2)).unwrap();
    let formula = Formula::parse("abs(G - D)").unwrap();
    library.add_result("difference", &formula, Latent::zero(6), &[]).unwrap();
    library.retag(g, &["smile".into(), " smile ".into(), "".into()]).unwrap();
    assert!(library.is_unsaved());
    library.save().unwrap();
    assert!(!library.is_unsaved());
    let again = Library::open(&place.path, faces()).unwrap();
    assert_eq!(again.entries, library.entries);
    assert_eq!(again.problems(), [""; 0]);
    assert_eq!(names(&again), ["G", "D", "difference"]);
    assert_eq!(again.by_name("G").unwrap().tags, ["smile"]);
    let Origin::Formula { text, parents } = &again.by_name("difference").unwrap().origin else {
        panic!("no lineage")
    };
    assert_eq!(text, "abs(G - D)");
    assert_eq!(parents[0], Parent { name: "G".into(), id: g });
    let text = std::fs::read_to_string(&place.path).unwrap();
    assert_eq!(text.lines().filter(|line| line.contains("\"z\":")).count(), 3, "{text}");
    assert_eq!(text, again.to_text().unwrap());
}

/// Two windows open the same library; neither knows of what the other does.
#[test]
fn two_windows_lose_nothing_of_each_other() {
    let place = place();
    let mut first = Library::open(&place.path, faces()).unwrap();
    let g = first.add(new("G", 1)).unwrap();
    let d = first.add(new("D", 2)).unwrap();
    first.save().unwrap();
    let mut second = Library::open(&place.path, faces()).unwrap();
    // The first adds and removes, the second adds, renames and takes the same name.
    first.add(new("mine", 3)).unwrap();
    first.add(new("same", 4)).unwrap();
    let gone = first.remove(d).unwrap();
    // Of two that want the same name, the one that was kept first gets it.
    std::thread::sleep(std::time::Duration::from_millis(5));
    second.add(new("theirs", 5)).unwrap();
    second.add(new("same", 6)).unwrap();
    second.rename(g, "Gerda").unwrap();
    first.save().unwrap();
    let merged = second.save().unwrap();
    assert_eq!(merged, Merged { added: 2, changed: 0, removed: 1 });
    assert_eq!(first.refresh().unwrap(), Merged { added: 2, changed: 1, removed: 0 });
    for library in [&first, &second, &Library::open(&place.path, faces()).unwrap()] {
        let mut found = names(library);
        found.sort_unstable();
        assert_eq!(found, ["Gerda", "mine", "same", "same 2", "theirs"]);
        assert_eq!(library.by_name("same").unwrap().origin, Origin::Seed { seed: 4 });
    }
    // What was removed does not come back by itself, but it can be put back.
    second.save().unwrap();
    assert!(second.by_name("D").is_none());
    first.restore(gone);
    first.save().unwrap();
    second.refresh().unwrap();
    assert_eq!(second.by_name("D").unwrap().id, d);
}

/// Many writers at once: whoever holds the lock takes in what the others wrote.
#[test]
fn writers_at_once_lose_nothing() {
    let place = place();
    std::thread::scope(|scope| {
        for writer in 0..4u64 {
            let path = &place.path;
            scope.spawn(move || {
                for i in 0..5 {
                    let mut library = Library::open(path, faces()).unwrap();
                    library.add(new(&format!("{writer}-{i}"), writer * 10 + i)).unwrap();
                    library.save().unwrap();
                }
            });
        }
    });
    assert_eq!(Library::open(&place.path, faces()).unwrap().len(), 20);
}

#[test]
fn a_copy_saved_in_the_background_is_adopted() {
    let place = place();
    let mut library = Library::open(&place.path, faces()).unwrap();
    library.add(new("G", 1)).unwrap();
    let mut copy = library.clone();
    copy.save().unwrap();
    library.adopt(&copy);
    assert!(!library.is_unsaved(), "everything was in the copy");
    let mut copy = library.clone();
    library.add(new("D", 2)).unwrap();
    copy.save().unwrap();
    library.adopt(&copy);
    assert!(library.is_unsaved(), "D came after the copy");
    // Also where the copy took in more than was changed here.
    let mut other = Library::open(&place.path, faces()).unwrap();
    for seed in 3..9 {
        other.add(new(&format!("other {seed}"), seed)).unwrap();
    }
    other.save().unwrap();
    let mut copy = library.clone();
    library.add(new("anna", 2)).unwrap();
    copy.save().unwrap();
    assert_eq!(library.adopt(&copy).added, 6);
    assert!(library.is_unsaved(), "Anna came after the copy");
    library.save().unwrap();
    assert_eq!(Library::open(&place.path, faces()).unwrap().len(), 9);
}

#[test]
fn names_are_kept_unique_and_sound() {
    let mut library = Library::in_memory(faces());
    let g = library.add(new(" G ", 1)).unwrap();
    assert_eq!(library.get(g).unwrap().name, "G");
    let long = "x".repeat(MAX_NAME + 1);
    for (name, said) in [
        ("G", "\"G\" is taken; \"G 2\" would be free"),
        ("", "at least one character"),
        ("  ", "at least one character"),
        ("a\nb", "line breaks"),
        (long.as_str(), "at most 100"),
    ] {
        let error = library.add(new(name, 2)).unwrap_err().to_string();
        assert!(error.contains(said), "{name:?}: {error}");
    }
    let d = library.add(new("D", 2)).unwrap();
    assert!(library.rename(d, "G").unwrap_err().to_string().contains("taken"));
    library.rename(d, "D").unwrap();
    library.rename(d, "Dora").unwrap();
    assert!(library.by_name("D").is_none() && library.by_name("Dora").is_some());
    assert_eq!(library.free_name("Dora"), "Dora 2");
    library.add(new("Dora 2", 3)).unwrap();
    assert_eq!(library.free_name("Dora 2"), "Dora 3");
    let removed = library.remove(d).unwrap();
    assert!(library.rename(d, "x").unwrap_err().to_string().contains("not in the library"));
    library.add(new("Dora", 4)).unwrap();
    library.restore(removed);
    assert_eq!(library.get(d).unwrap().name, "Dora 3", "its name was taken meanwhile");
    let wrong = NewEntry { latent: Latent::zero(5), ..new("short", 1) };
    assert!(library.add(wrong).unwrap_err().to_string().contains("5 dimensions"));
}

#[test]
fn a_library_of_another_model_says_what_does_not_fit() {
    let place = place();
    let mut library = Library::open(&place.path, faces()).unwrap();
    library.add(new("G", 1)).unwrap();
    library.add(new("D", 2)).unwrap();
    library.save().unwrap();
    let text = std::fs::read_to_string(&place.path).unwrap();

    let mut other = Library::open(&place.path, key("digits", 4)).unwrap();
    assert_eq!(
        other.problems(),
        ["\"G\" and \"D\" are not of 4 dimensions, which this model takes"]
    );
    assert_eq!(other.fit(other.by_name("G").unwrap()), Fit::OtherSize);
    let scope = super::super::expr::Scope { dims: 4, prior: Prior::Normal, names: &other };
    let flaw = Formula::parse("G + D").unwrap().evaluate(&scope).unwrap_err();
    assert!(flaw.message.contains("G has 6 dimensions"), "{}", flaw.message);
    // What the other model adds is marked as its own, and nothing is lost for the first.
    let latent = Latent::zero(4);
    let origin = Origin::Sliders { seed: None };
    other.add(NewEntry { name: "seven".into(), latent, origin, tags: vec![] }).unwrap();
    other.save().unwrap();
    assert_eq!(other.fit(other.by_name("seven").unwrap()), Fit::Fits);
    let again = Library::open(&place.path, faces()).unwrap();
    assert_eq!(again.problems(), ["\"seven\" is not of 6 dimensions, which this model takes"]);
    assert_eq!(again.fit(again.by_name("G").unwrap()), Fit::Fits);

    std::fs::write(&place.path, text).unwrap();
    let same_size = Library::open(&place.path, key("other faces", 6)).unwrap();
    assert_eq!(same_size.fit(same_size.by_name("D").unwrap()), Fit::OtherModel);
    assert!(same_size.problems()[0].contains("will draw something else"));
}

#[test]
fn bundled_entries_are_given_once() {
    let place = place();
    let mut bundled = Library::in_memory(faces());
    let g = bundled.add(new("G", 1)).unwrap();
    bundled.add(new("D", 2)).unwrap();
    let open = |bundled: &Library| {
        let mut library = Library::open(&place.path, faces()).unwrap();
        library.offer(bundled);
        library
    };
    let mut library = open(&bundled);
    assert_eq!(names(&library), ["G", "D"]);
    assert!(!library.is_unsaved() && !place.path.exists(), "looking writes nothing");
    library.remove(g);
    library.save().unwrap();
    assert_eq!(names(&open(&bundled)), ["D"]);
    // Also not where the line was deleted by hand.
    let text = std::fs::read_to_string(&place.path).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains("\"name\":\"D\"")).collect();
    std::fs::write(&place.path, kept.join("\n")).unwrap();
    assert!(open(&bundled).is_empty());
    // A later version brings another one.
    bundled.add(new("anna", 3)).unwrap();
    assert_eq!(names(&open(&bundled)), ["anna"]);
}

#[test]
fn searching_looks_at_names_tags_and_origins() {
    let mut library = Library::in_memory(faces());
    let anna = library.add(new("Anna", 1)).unwrap();
    library.add(new("bert", 23)).unwrap();
    let formula = Formula::parse("Anna * 2").unwrap();
    library.add_result("Zoë", &formula, Latent::zero(6).with(0, 1.0), &[]).unwrap();
    library.retag(anna, &["Smile".into()]).unwrap();
    let find = |query: &str, order: &Order| -> Vec<String> {
        library.find(query, order).into_iter().map(|entry| entry.name.clone()).collect()
    };
    assert_eq!(find("", &Order::Name), ["Anna", "bert", "Zoë"]);
    assert_eq!(find("", &Order::Newest), ["Zoë", "bert", "Anna"]);
    assert_eq!(find("anna", &Order::Name), ["Anna", "Zoë"]);
    assert_eq!(find("SMILE ann", &Order::Name), ["Anna"]);
    assert_eq!(find("seed 23", &Order::Name), ["bert"]);
    assert_eq!(find("nobody", &Order::Name), [""; 0]);
    let near = Prior::Normal.from_seed(6, 23);
    assert_eq!(find("", &Order::Nearest(near))[0], "bert");
}

#[test]
fn latents_travel_between_libraries_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut library = Library::in_memory(faces());
    let g = library.add(new("G", 1)).unwrap();
    library.add(new("D", 2)).unwrap();
    assert_eq!(library.export(&[], &at("all.json")).unwrap(), 2);
    assert_eq!(library.export(&[g], &at("one.npy")).unwrap(), 1);
    let mut other = Library::in_memory(faces());
    other.add(new("G", 5)).unwrap();
    let imported = other.import(&at("all.json")).unwrap();
    assert_eq!((imported.added.len(), imported.known), (2, 0));
    assert_eq!(imported.problems, ["\"G\" is taken; it is now \"G 2\""]);
    assert_eq!(other.by_name("G 2").unwrap().latent, Prior::Normal.from_seed(6, 1));
    assert_eq!(other.by_name("D").unwrap().origin, Origin::Seed { seed: 2 });
    assert_eq!(other.import(&at("all.json")).unwrap().known, 2, "a second time brings nothing");
    let imported = other.import(&at("one.npy")).unwrap();
    assert_eq!(other.get(imported.added[0]).unwrap().name, "one");
    assert_eq!(super::super::read(&at("all.json")).unwrap().len(), 2, "numbers of a library");

    // Another size: nothing is taken, and the sentence says why.
    let mut digits = Library::in_memory(key("digits", 4));
    for file in ["all.json", "one.npy"] {
        let error = digits.import(&at(file)).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains('4'), "{error}");
        assert!(digits.is_empty());
    }
    assert!(library.export(&[EntryId(1)], &at("none.json")).is_err());
    // Removed here and imported again: it was asked for.
    let mut back = Library::in_memory(faces());
    back.import(&at("all.json")).unwrap();
    back.remove(g);
    back.import(&at("all.json")).unwrap();
    assert!(back.get(g).is_some());
    assert_eq!(Library::from_text("x", &back.to_text().unwrap(), faces()).unwrap().len(), 2);
}

#[test]
fn ten_thousand_entries_are_quick() {
    let place = place();
    let mut library = Library::open(&place.path, key("large", 64)).unwrap();
    for i in 0..10_000u64 {
        let latent = Prior::Normal.from_seed(64, i);
        let origin = Origin::Seed { seed: i };
        library.add(NewEntry { name: format!("face {i}"), latent, origin, tags: vec![] }).unwrap();
    }
    library.save().unwrap();
    let begun = std::time::Instant::now();
    let again = Library::open(&place.path, key("large", 64)).unwrap();
    let opened = begun.elapsed();
    assert_eq!(again.entries, library.entries, "every bit of every value");
    let begun = std::time::Instant::now();
    assert_eq!(again.find("face 9999", &Order::Name).len(), 1);
    let found = begun.elapsed();
    // Generous: the machine may be busy, and this is no optimised build.
    assert!(opened.as_secs_f32() < 2.0 && found.as_secs_f32() < 0.2, "{opened:?} {found:?}");
}

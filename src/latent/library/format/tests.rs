//! Files that are damaged, foreign, or were edited by hand.

use super::super::tests::{faces, names, new, place};
use super::super::{Fit, Library, Merged};
use crate::latent::Prior;

/// Cut off at every byte: whole lines are read, the rest is kept aside, and a save loses nothing.
#[test]
fn a_file_cut_off_anywhere_opens() {
    let place = place();
    let mut library = Library::open(&place.path, faces()).unwrap();
    for (i, name) in ["G", "D", "anna"].into_iter().enumerate() {
        library.add(new(name, i as u64)).unwrap();
    }
    let gone = library.add(new("gone", 9)).unwrap();
    library.remove(gone);
    library.save().unwrap();
    let whole = std::fs::read_to_string(&place.path).unwrap();
    let lines: Vec<usize> = ["\"G\"", "\"D\"", "\"anna\""]
        .map(|name| whole.find(name).unwrap())
        .map(|at| at + whole[at..].find("]}").unwrap_or_default() + 2)
        .into();
    for cut in 0..whole.len() {
        let text = &whole[..cut];
        std::fs::write(&place.path, text).unwrap();
        let opened = Library::open(&place.path, faces());
        let Ok(library) = opened else {
            assert!(cut < lines[0], "{cut}: {}", opened.unwrap_err());
            continue;
        };
        let expected = lines.iter().filter(|end| **end <= cut).count();
        assert_eq!(library.len(), expected, "cut at {cut}");
        let tail = text.lines().last().unwrap_or_default();
        let is_entry = tail.starts_with("{\"id\"") && !text.contains("\"removed\"");
        if is_entry && !tail.contains("]}") {
            let problems = library.problems();
            assert_eq!(problems.len(), 1, "cut at {cut}: {problems:?}");
            assert!(problems[0].contains("kept aside"), "{problems:?}");
        }
    }
    // A save after a cut in the middle of "anna" keeps her text, and a copy of the damaged file.
    let damaged = &whole[..lines[2] - 5];
    std::fs::write(&place.path, damaged).unwrap();
    let mut library = Library::open(&place.path, faces()).unwrap();
    assert!(library.problems()[0].contains("the entry \"anna\" cannot be read"));
    library.add(new("new", 7)).unwrap();
    library.save().unwrap();
    let again = Library::open(&place.path, faces()).unwrap();
    assert_eq!(names(&again), ["G", "D", "new"]);
    assert!(again.problems()[0].contains("the entry \"anna\" cannot be read"));
    let copy = place.path.with_extension("json.damaged-1");
    assert_eq!(std::fs::read_to_string(copy).unwrap(), damaged);
}

#[test]
fn an_entry_broken_by_hand_is_named_and_comes_back_when_it_is_put_right() {
    let place = place();
    let mut library = Library::open(&place.path, faces()).unwrap();
    for name in ["G", "D", "anna"] {
        library.add(new(name, 1)).unwrap();
    }
    library.save().unwrap();
    let whole = std::fs::read_to_string(&place.path).unwrap();
    for (from, to) in [
        ("\"name\":\"D\"", "\"name\":\"D\",\"nmae\":1"),
        ("\"name\":\"D\"", "\"name\":\"\""),
        ("\"name\":\"D\"", "\"name\":7"),
        ("\"name\":\"D\"", "\"name\":\"D\",\"created\":\"yesterday\""),
        ("\"name\":\"D\"", "\"name\":\"D"),
        ("\"name\":\"D\"", "\"name\":\"D\",\"z\":[]"),
        ("\"name\":\"D\"", "name:D"),
        ("{\"id\"", "\"id\""),
    ] {
        let broken = whole.replacen(from, to, 1);
        std::fs::write(&place.path, &broken).unwrap();
        let mut library = Library::open(&place.path, faces()).unwrap();
        assert_eq!(library.len(), 2, "{to}");
        assert_eq!(library.problems().len(), 1, "{to}: {:?}", library.problems());
        // Saved twice, it is still there to the letter.
        library.add(new("new", 7)).unwrap();
        library.save().unwrap();
        library.retag(library.by_name("new").unwrap().id, &["t".into()]).unwrap();
        library.save().unwrap();
        let again = Library::open(&place.path, faces()).unwrap();
        assert_eq!((again.len(), again.problems().len()), (3, 1), "{to}");
    }
    // Text kept aside that is put right in the file is an entry again.
    let broken = whole.replacen("\"name\":\"D\"", "\"name\":\"D\",\"nmae\":1", 1);
    std::fs::write(&place.path, broken).unwrap();
    let mut library = Library::open(&place.path, faces()).unwrap();
    library.save().unwrap();
    let saved = std::fs::read_to_string(&place.path).unwrap();
    assert!(saved.find("\"aside\"").unwrap() < saved.find("nmae").unwrap());
    std::fs::write(&place.path, saved.replace(",\"nmae\":1", "")).unwrap();
    library.refresh().unwrap();
    assert_eq!(library.problems(), [""; 0]);
    assert_eq!(library.by_name("D").unwrap().latent, Prior::Normal.from_seed(6, 1));
}

/// What gave way to another name keeps the new one however often the file is read.
#[test]
fn two_of_one_name_settle() {
    let place = place();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let entry = |z: u32| format!("{{\"name\": \"twin\", \"z\": [{z}, 2, 3, 4, 5, 6]}}");
    let text = format!(
        "{{\"latentscape-library\": 1, \"entries\": [{}, {}, {}]}}",
        entry(1),
        entry(2),
        entry(3)
    );
    std::fs::write(&place.path, text).unwrap();
    let mut library = Library::open(&place.path, faces()).unwrap();
    let known = |library: &Library| -> Vec<(String, u64)> {
        library.entries().iter().map(|entry| (entry.name.clone(), entry.id.0)).collect()
    };
    let first = known(&library);
    let revision = library.revision();
    for _ in 0..3 {
        assert_eq!(library.refresh().unwrap(), Merged::default());
        assert_eq!(known(&library), first);
    }
    assert_eq!(library.revision(), revision);
    library.save().unwrap();
    assert_eq!(known(&Library::open(&place.path, faces()).unwrap()), first);
}

#[test]
fn entries_written_by_hand_need_a_name_and_numbers() {
    let text = r#"{ "latentscape-library": 1, "entries": [
        {"name": "by hand", "z": [1, 2, 3, 4, 5, 6]},
        {"name": "by hand", "z": [6, 5, 4, 3, 2, 1]}, {"name": "one line",
         "z": [0.1, -0.0, 1e-40, 3.4028235e38, 16777217, 0]}
    ] }"#;
    let library = Library::from_text("x", text, faces()).unwrap();
    let mut found = names(&library);
    found.sort_unstable();
    assert_eq!(found, ["by hand", "by hand 2", "one line"]);
    assert!(library.problems()[0].contains("two entries called \"by hand\""));
    let z = &library.by_name("one line").unwrap().latent;
    let bits: Vec<u32> = z.values().iter().map(|v| v.to_bits()).collect();
    let expected = [0.1f32, -0.0, 1e-40, f32::MAX, 16_777_216.0, 0.0].map(f32::to_bits);
    assert_eq!(bits, expected);
    assert_eq!(library.fit(library.by_name("one line").unwrap()), Fit::Fits);
}

#[test]
fn what_is_no_library_is_left_alone() {
    let place = place();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let newer = "{\"latentscape-library\": 2, \"entries\": []}";
    for (text, said) in [
        ("[1, 2, 3]", "not a library"),
        ("some words", "not a library"),
        ("\u{1}\u{2}", "not a library"),
        ("{\"entries\": []}", "not a library"),
        (newer, "newer Latentscape"),
        ("{\n\"latentscape-library\": 2,\n\"entries\": [", "newer Latentscape"),
    ] {
        std::fs::write(&place.path, text).unwrap();
        let error = Library::open(&place.path, faces()).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("faces.json"), "{text:?}: {error}");
        // A window that was open before does not write over it either.
        std::fs::remove_file(&place.path).unwrap();
        let mut library = Library::open(&place.path, faces()).unwrap();
        std::fs::write(&place.path, text).unwrap();
        library.add(new("G", 1)).unwrap();
        assert!(library.save().is_err());
        assert!(library.is_unsaved());
        assert_eq!(std::fs::read_to_string(&place.path).unwrap(), text);
    }
    for nothing in ["", "\n", "\0\0\0\0"] {
        std::fs::write(&place.path, nothing).unwrap();
        assert!(Library::open(&place.path, faces()).unwrap().is_empty());
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = Library::from_text("x", &text, faces());
        let marked = format!("{{\n\"latentscape-library\": 1,\n\"entries\": [\n{text}");
        let _ = Library::from_text("x", &marked, faces());
    }
}

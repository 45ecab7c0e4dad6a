use super::*;
use crate::latent::Prior;

fn key(name: &str, dims: usize) -> ModelKey {
    let hash = blake3::hash(name.as_bytes()).to_hex()[..32].to_owned();
    ModelKey { name: name.to_owned(), hash, dims, prior: Prior::Normal }
}

fn faces() -> ModelKey {
    key("faces", 6)
}

fn new(name: &str, seed: u64) -> NewEntry {
    NewEntry {
        name: name.to_owned(),
        latent: Prior::Normal.from_seed(6, seed),
        origin: Origin::Seed { seed },
        tags: vec!["drawn".into()],
    }
}

fn names(library: &Library) -> Vec<&str> {
    library.entries().into_iter().map(|entry| entry.name.as_str()).collect()
}

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
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
    library.add_result("difference", &formula, Latent::zero(6)).unwrap();
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

//! What is blended is what a person would compute by hand.

use super::*;
use crate::latent::Prior;
use crate::latent::library::{ModelKey, NewEntry, Origin};

fn library(names: &[&str]) -> (Library, Vec<EntryId>) {
    let key = ModelKey { name: "m".into(), hash: "h".into(), dims: 16, prior: Prior::Normal };
    let mut library = Library::in_memory(key);
    let ids = names.iter().zip(1u64..).map(|(name, seed)| {
        let latent = Prior::Normal.from_seed(16, seed);
        let origin = Origin::Seed { seed };
        let new = NewEntry { name: (*name).into(), latent, origin, tags: Vec::new() };
        library.add(new).unwrap()
    });
    let ids = ids.collect();
    (library, ids)
}

fn blend(library: &Library, ids: &[EntryId]) -> Blend {
    let mut blend = Blend::default();
    for (slot, id) in blend.inputs.slots.iter_mut().zip(ids) {
        *slot = Some(*id);
    }
    blend.update(library);
    blend
}

#[test]
fn results_follow_their_slots() {
    let (library, ids) = library(&["G", "D"]);
    let mut blend = blend(&library, &ids);
    let (g, d) = (Prior::Normal.from_seed(16, 1), Prior::Normal.from_seed(16, 2));
    let sum = |z: &Latent, w: &Latent| {
        Latent::new(z.values().iter().zip(w.values()).map(|(z, w)| z + w).collect()).unwrap()
    };
    assert_eq!(blend.outcomes[0].shown(false), Some(&sum(&g, &d)));
    assert_eq!(blend.outcomes[0].title, "G + D");
    blend.inputs.slots[0] = Some(ids[1]);
    blend.update(&library);
    assert_eq!(blend.outcomes[0].shown(false), Some(&sum(&d, &d)));
    blend.inputs.slots[1] = None;
    blend.update(&library);
    let trouble = blend.outcomes[0].computed.as_ref().unwrap_err();
    assert!(trouble.message.contains("slot B is empty"), "{trouble:?}");
}

#[test]
fn the_typical_length_is_that_of_training() {
    let (library, ids) = library(&["G", "D"]);
    let mut blend = blend(&library, &ids);
    let outcome = blend.selected().unwrap();
    let typical = outcome.shown(true).unwrap();
    assert!((typical.norm() - Prior::Normal.typical_norm(16)).abs() < 1e-4);
    assert_eq!(outcome.other(true), outcome.shown(false));
    // What is kept under this formula can be computed again from it.
    let text = outcome.formula(true);
    let scope = crate::latent::expr::Scope { dims: 16, prior: Prior::Normal, names: &library };
    assert_eq!(&crate::latent::expr::evaluate(&text, &scope).unwrap(), typical);
    blend.inputs.add(Recipe::Typed("zero".into()));
    blend.update(&library);
    assert_eq!(blend.selected().unwrap().other(false), None, "the origin has no direction");
}

#[test]
fn a_flaw_is_told_with_its_place() {
    let (library, ids) = library(&["G", "D"]);
    let mut blend = blend(&library, &ids);
    blend.inputs.add(Recipe::Typed("G + )".into()));
    blend.update(&library);
    let trouble = blend.selected().unwrap().computed.as_ref().unwrap_err();
    assert_eq!(trouble.at, Some(4..5), "{trouble:?}");
}

#[test]
fn the_row_shows_each_result_once_and_the_other_length_of_the_selected_one() {
    let (library, ids) = library(&["G", "D", "anna"]);
    let mut blend = blend(&library, &ids);
    blend.inputs.add(Recipe::Operation(Operation::Difference));
    blend.inputs.add(Recipe::Operation(Operation::Add));
    blend.update(&library);
    let cells: Vec<Cell> = blend.row(&library).into_iter().map(|(cell, _)| cell).collect();
    assert_eq!(
        cells,
        [
            Cell::Slot(0),
            Cell::Slot(1),
            Cell::Slot(2),
            Cell::Result(1),
            Cell::Result(2),
            Cell::Other
        ]
    );
    assert_eq!(blend.inputs.selected, 1, "an operation that is there is only selected");
    blend.inputs.drop_item(1);
    assert_eq!(blend.inputs.selected, 2);
    blend.inputs.drop_item(2);
    blend.update(&library);
    assert_eq!(blend.row(&library).len(), 3);
}

#[test]
fn the_fourth_corner_of_an_analogy_follows_from_three() {
    let (library, ids) = library(&["A", "B", "C"]);
    let mut blend = blend(&library, &ids);
    assert_eq!(blend.corners(&library), None, "four corners were wanted");
    blend.inputs.page = Page::Analogy;
    let [a, b, c, d] = blend.corners(&library).unwrap();
    for i in 0..16 {
        assert!((d.get(i) - (c.get(i) + b.get(i) - a.get(i))).abs() < 1e-5);
    }
    assert_eq!(blend.grid(&library).unwrap().len(), 64);
    blend.inputs.reach[0] = 0.0;
    let pulled = blend.corners(&library).unwrap();
    let mean = |i| (a.get(i) + b.get(i) + c.get(i) + d.get(i)) / 4.0;
    assert!((0..16).all(|i| (pulled[0].get(i) - mean(i)).abs() < 1e-5));
    assert_eq!(pulled[3], d, "the other corners stay");
}

#[test]
fn every_picture_of_a_grid_can_be_written_as_a_formula() {
    let (library, ids) = library(&["A", "two words", "C", "D"]);
    let mut blend = blend(&library, &ids);
    let scope = crate::latent::expr::Scope { dims: 16, prior: Prior::Normal, names: &library };
    (blend.inputs.columns, blend.inputs.rows) = (4, 3);
    for (page, arc, reach) in [
        (Page::Grid, true, [1.0; SLOTS]),
        (Page::Grid, false, [1.0, 0.3, 1.0, 2.5]),
        (Page::Analogy, true, [1.7, 1.0, 1.0, 1.0]),
    ] {
        (blend.inputs.page, blend.inputs.arc, blend.inputs.reach) = (page, arc, reach);
        for (cell, latent) in blend.grid(&library).unwrap().iter().enumerate() {
            let text = blend.cell_formula(&library, cell).unwrap();
            let found = crate::latent::expr::evaluate(&text, &scope).unwrap();
            let far = (0..16).map(|i| (found.get(i) - latent.get(i)).abs()).fold(0.0, f32::max);
            assert!(far < 1e-5, "{text} is {far} away");
        }
    }
    assert_eq!(blend.cell_formula(&library, 12), None);
}

#[test]
fn only_what_has_changed_is_drawn_again() {
    let (library, ids) = library(&["G", "D"]);
    let mut blend = blend(&library, &ids);
    blend.inputs.add(Recipe::Typed("G * 2".into()));
    blend.update(&library);
    let (cells, latents) = blend.undrawn(blend.row(&library));
    let all = [Cell::Slot(0), Cell::Slot(1), Cell::Result(1), Cell::Result(2), Cell::Other];
    assert_eq!(cells, all);
    for (cell, latent) in cells.into_iter().zip(latents) {
        blend.pictures.insert(cell, (latent, RgbImage::new(1, 1)));
    }
    assert!(blend.undrawn(blend.row(&library)).0.is_empty());
    blend.inputs.item().unwrap().recipe = Recipe::Typed("G * 3".into());
    blend.update(&library);
    // Its other length is the same direction, so that picture stays.
    assert_eq!(blend.undrawn(blend.row(&library)).0[0], Cell::Result(2));
    assert!(blend.undrawn(blend.row(&library)).0.len() <= 2);
}

#[test]
fn settings_from_elsewhere_are_brought_into_range() {
    let text = r#"{"t": 7, "columns": 0, "rows": 99999, "reach": [1, -3, 9, 1]}"#;
    let inputs: Inputs = serde_json::from_str(text).unwrap();
    let inputs = inputs.checked();
    assert_eq!((inputs.t, inputs.columns, inputs.rows), (0.5, 2, MAX_GRID));
    assert_eq!(inputs.reach, [1.0, 0.0, MAX_REACH, 1.0]);
}

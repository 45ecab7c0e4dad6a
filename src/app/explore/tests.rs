//! The state of the Explore tab changes as a person expects.

use super::*;

fn explore() -> Explore {
    Explore::new(64, Prior::Normal, 7)
}

#[test]
fn locked_dimensions_stay() {
    let mut explore = explore();
    explore.locked[5] = true;
    let (kept, other) = (explore.latent.get(5), explore.latent.get(6));
    let changes: [fn(&mut Explore); 4] =
        [|e| e.randomize(), |e| e.mutate(0.5), |e| e.set_seed(9), |e| e.reset()];
    for change in changes {
        change(&mut explore);
        assert_eq!(explore.latent.get(5), kept);
        assert_ne!(explore.latent.get(6), other);
    }
    explore.set_value(5, 1.5);
    assert_eq!(explore.latent.get(5), 1.5, "a hand may move it all the same");
}

#[test]
fn a_seed_names_the_same_picture_as_everywhere() {
    let mut explore = explore();
    explore.set_seed(42);
    assert_eq!(explore.latent, Prior::Normal.from_seed(64, 42));
    explore.randomize();
    assert_eq!(explore.latent, Prior::Normal.from_seed(64, explore.seed));
}

#[test]
fn truncation_changes_the_picture_but_not_the_values() {
    let mut explore = explore();
    let latent = explore.latent.clone();
    explore.set_psi(0.5);
    assert_eq!(explore.latent, latent);
    assert_eq!(explore.shown(), latent.truncated(0.5));
    explore.set_psi(f32::NAN);
    assert_eq!(explore.psi, 0.5);
    explore.set_psi(9.0);
    assert_eq!(explore.psi, MAX_PSI);
}

#[test]
fn the_list_follows_search_and_influence() {
    let mut explore = explore();
    let found = |explore: &mut Explore, search: &str| {
        explore.search = search.into();
        explore.sort(Sort::Number);
        explore.order.clone()
    };
    assert_eq!(found(&mut explore, "").len(), 64);
    assert_eq!(found(&mut explore, "z6"), [6, 60, 61, 62, 63]);
    assert_eq!(found(&mut explore, "3-5, 9"), [3, 4, 5, 9]);
    explore.locked[8] = true;
    assert_eq!(found(&mut explore, "lock"), [8]);
    assert!(found(&mut explore, "nonsense").is_empty());
    explore.search.clear();
    explore.influence = Some((0..64).map(|i| ((i * 37) % 64) as f32).collect());
    explore.sort(Sort::Influence);
    let influence = explore.influence.clone().unwrap();
    assert!(explore.order.windows(2).all(|w| influence[w[0]] >= influence[w[1]]));
    explore.selected = explore.order[0];
    explore.select_by(-1);
    assert_eq!(explore.selected, explore.order[0]);
    explore.select_by(1);
    assert_eq!(explore.selected, explore.order[1]);
}

#[test]
fn values_that_are_no_numbers_change_nothing() {
    let mut explore = explore();
    let latent = explore.latent.clone();
    explore.set_value(3, f32::NAN);
    explore.set_value(99, 1.0);
    assert_eq!(explore.latent, latent);
    explore.set_value(3, 1e9);
    assert_eq!(explore.latent.get(3), MAX_VALUE);
}

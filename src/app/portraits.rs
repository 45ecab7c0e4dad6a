//! Portraits of models on screen: looked for in the background while they are in sight, one model at a
//! time.

use std::collections::HashMap;

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions, Vec2};

use crate::error::{Error, Result};
use crate::gallery::{Seen, Sitter, reason};

/// Portraits that are kept: more than a gallery and the menu show together.
const KEPT: usize = 300;

/// A portrait with its pictures as textures.
pub struct Card {
    /// The model's name.
    pub name: String,
    /// The network in a line.
    pub summary: String,
    /// It makes pictures from pictures.
    pub takes_pictures: bool,
    /// Its pictures, each with its size.
    pub faces: Vec<(TextureHandle, Vec2)>,
}

/// What is known of a model.
pub enum Known<'a> {
    /// Nothing yet.
    Nothing,
    /// What it shows.
    Card(&'a Card),
    /// Why it cannot be opened.
    Not(&'a str),
}

struct Kept {
    /// By which a file is known again.
    stamp: Option<String>,
    what: Result<Card, String>,
    /// When it was looked for.
    edition: u64,
    /// The frame in which it was in sight last.
    seen: u64,
}

/// All of them.
#[derive(Default)]
pub struct Portraits {
    kept: HashMap<Sitter, Kept>,
    wanted: Vec<Sitter>,
    edition: u64,
    frame: u64,
}

impl Portraits {
    /// What is known of a model that is in sight; what is not, or not any more, is asked for.
    pub fn get(&mut self, sitter: &Sitter) -> Known<'_> {
        if !self.is_settled(sitter) {
            self.wanted.push(sitter.clone());
        }
        if let Some(kept) = self.kept.get_mut(sitter) {
            kept.seen = self.frame;
        }
        self.glance(sitter)
    }

    /// What is known of a model, without asking for more.
    pub fn glance(&self, sitter: &Sitter) -> Known<'_> {
        match self.kept.get(sitter).map(|kept| &kept.what) {
            None => Known::Nothing,
            Some(Ok(card)) => Known::Card(card),
            Some(Err(why)) => Known::Not(why),
        }
    }

    /// Whether it was looked at since the last [`Portraits::renew`].
    pub fn is_settled(&self, sitter: &Sitter) -> bool {
        self.kept.get(sitter).is_some_and(|kept| kept.edition == self.edition)
    }

    /// Has every model looked at again: its file may be another one by now. What is known stays until
    /// then.
    pub fn renew(&mut self) {
        self.edition += 1;
    }

    /// Has this model looked at as if nothing was known of it.
    pub fn forget(&mut self, sitter: &Sitter) {
        self.kept.remove(sitter);
    }

    /// The stamp under which a model is known.
    pub fn stamp(&self, sitter: &Sitter) -> Option<String> {
        self.kept.get(sitter)?.stamp.clone()
    }

    /// What was asked for in this frame, what was in sight first at its head.
    pub fn wish(&mut self) -> Vec<Sitter> {
        self.frame += 1;
        std::mem::take(&mut self.wanted)
    }

    /// Takes in what came of looking at a model.
    pub fn take(&mut self, ctx: &Context, sitter: Sitter, result: Result<Seen>) {
        let (edition, seen) = (self.edition, self.frame);
        let (stamp, what) = match result {
            // Whoever still wants it asks again.
            Err(Error::Cancelled) => return,
            Err(error) => (None, Err(reason(&error))),
            Ok(Seen::Same) => {
                if let Some(kept) = self.kept.get_mut(&sitter) {
                    kept.edition = edition;
                }
                return;
            }
            Ok(Seen::Drawn(stamp, portrait)) => {
                let faces = portrait.faces.iter().map(|face| {
                    let size = [face.width() as usize, face.height() as usize];
                    let image = ColorImage::from_rgb(size, face.as_raw());
                    let texture = ctx.load_texture("portrait", image, TextureOptions::LINEAR);
                    (texture, Vec2::new(size[0] as f32, size[1] as f32))
                });
                let card = Card {
                    faces: faces.collect(),
                    name: portrait.name,
                    summary: portrait.summary,
                    takes_pictures: portrait.takes_pictures,
                };
                (Some(stamp), Ok(card))
            }
        };
        self.kept.insert(sitter, Kept { stamp, what, edition, seen });
        if self.kept.len() > KEPT {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.seen);
            if let Some(sitter) = oldest.map(|(sitter, _)| sitter.clone()) {
                self.kept.remove(&sitter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::gallery::Portrait;

    fn sitter(i: usize) -> Sitter {
        Sitter::File(format!("{i}.pth").into())
    }

    fn drawn(stamp: &str) -> Result<Seen> {
        let portrait = Portrait {
            name: "a".into(),
            summary: "b".into(),
            takes_pictures: false,
            faces: vec![RgbImage::new(2, 1); 4],
        };
        Ok(Seen::Drawn(stamp.into(), portrait))
    }

    #[test]
    fn what_is_in_sight_is_asked_for_until_it_is_known() {
        let ctx = Context::default();
        let mut portraits = Portraits::default();
        for i in 0..2 {
            assert!(matches!(portraits.get(&sitter(i)), Known::Nothing));
        }
        assert_eq!(portraits.wish(), [sitter(0), sitter(1)]);
        portraits.take(&ctx, sitter(0), Err(Error::Cancelled));
        assert!(matches!(portraits.get(&sitter(0)), Known::Nothing));
        assert_eq!(portraits.wish(), [sitter(0)], "whoever was interrupted comes again");
        portraits.take(&ctx, sitter(0), drawn("x"));
        portraits.take(&ctx, sitter(1), Err(Error::bad_model("1.pth", "it is empty")));
        assert!(matches!(portraits.get(&sitter(0)), Known::Card(card) if card.faces.len() == 4));
        assert!(matches!(portraits.get(&sitter(1)), Known::Not("It is empty.")));
        assert_eq!(portraits.wish(), []);
        portraits.renew();
        assert!(matches!(portraits.get(&sitter(0)), Known::Card(_)), "it stays meanwhile");
        assert_eq!(portraits.stamp(&sitter(0)).as_deref(), Some("x"));
        assert_eq!(portraits.wish(), [sitter(0)]);
        portraits.take(&ctx, sitter(0), Ok(Seen::Same));
        assert!(portraits.is_settled(&sitter(0)) && !portraits.is_settled(&sitter(1)));
        portraits.forget(&sitter(1));
        assert!(matches!(portraits.get(&sitter(1)), Known::Nothing));
    }

    #[test]
    fn what_was_out_of_sight_longest_is_forgotten() {
        let ctx = Context::default();
        let mut portraits = Portraits::default();
        for i in 0..2 * KEPT {
            portraits.get(&sitter(0));
            portraits.wish();
            portraits.take(&ctx, sitter(i), drawn("x"));
        }
        assert_eq!(portraits.kept.len(), KEPT);
        assert!(portraits.is_settled(&sitter(0)) && !portraits.is_settled(&sitter(1)));
        assert!(portraits.is_settled(&sitter(2 * KEPT - 1)));
    }
}

//! Changes of the library, each a step that can be undone.

use std::path::PathBuf;

use eframe::egui::Context;

use crate::app::history::{Edit, Gesture, Note};
use crate::app::keeper::faces;
use crate::app::tabs;
use crate::app::window::App;
use crate::app::workers::Brought;
use crate::error::Result;
use crate::latent::Latent;
use crate::latent::library::{EntryId, NewEntry, Origin};

impl App {
    /// Keeps what is looked at: the face of Explore, or the selected result of Blend.
    pub(super) fn keep(&mut self) -> Result<()> {
        if self.state.tab == tabs::BLEND {
            return self.keep_result();
        }
        self.keep_present().map(|id| self.state.shelf.begin_naming(id, true))
    }

    /// Keeps the face of Explore.
    pub(super) fn keep_present(&mut self) -> Result<EntryId> {
        let explore = &self.state.explore;
        let (latent, origin) = (explore.shown(), explore.origin());
        self.keep_as("face 1", latent, origin)
    }

    /// Keeps a latent under a name like `wish`.
    pub(super) fn keep_as(
        &mut self,
        wish: &str,
        latent: Latent,
        origin: Origin,
    ) -> Result<EntryId> {
        let new =
            NewEntry { name: String::new(), latent: latent.clone(), origin, tags: Vec::new() };
        let (id, edit) = self.state.shelf.add(wish, new)?;
        let name = self.name_of(id);
        let note = Note {
            gesture: Some(Gesture::Naming(id)),
            edits: vec![edit],
            picture: Some(latent),
            ..Note::new(format!("Keep {name}"))
        };
        self.state.record(note, self.now);
        self.say(format!("Kept {name}"));
        Ok(id)
    }

    pub(super) fn show_entry(&mut self, id: EntryId) -> Result<()> {
        let Some(entry) = self.state.shelf.get(id).cloned() else { return Ok(()) };
        entry.latent.expect_dims(self.state.explore.dims())?;
        self.state.explore.show(entry.latent.clone(), format!("Show {}", entry.name));
        self.state.show_tab(tabs::EXPLORE);
        Ok(())
    }

    pub(super) fn rename(&mut self, id: EntryId, name: &str, is_new: bool) -> Result<()> {
        let edit = self.state.shelf.edit(id, |library| library.rename(id, name))?;
        let Some(edit) = edit else { return Ok(()) };
        let (verb, gesture) = match is_new {
            true => ("Keep", Some(Gesture::Naming(id))),
            false => ("Rename", None),
        };
        let label = format!("{verb} {}", self.name_of(id));
        self.note_edits(Note { gesture, ..Note::new(label) }, vec![edit]);
        Ok(())
    }

    pub(super) fn delete(&mut self, ctx: &Context, ids: &[EntryId]) -> Result<()> {
        let what = match ids {
            [id] => self.name_of(*id),
            ids => faces(ids.len()),
        };
        let mut edits = Vec::new();
        for id in ids {
            edits.extend(self.state.shelf.edit(*id, |library| {
                library.remove(*id);
                Ok(())
            })?);
        }
        if !edits.is_empty() {
            self.note_edits(Note::new(format!("Delete {what}")), edits);
            self.announce(ctx, format!("Deleted {what}. Undo (Ctrl+Z) brings it back."), false);
        }
        Ok(())
    }

    /// Puts `tags` in the place of `common`, the tags that all of `ids` have.
    pub(super) fn tag(
        &mut self,
        ids: &[EntryId],
        common: &[String],
        tags: &[String],
    ) -> Result<()> {
        let mut edits = Vec::new();
        let mut failed = Ok(());
        for id in ids {
            let Some(entry) = self.state.shelf.get(*id) else { continue };
            let own = entry.tags.iter().filter(|tag| !common.contains(tag));
            let all: Vec<String> = own.chain(tags).cloned().collect();
            match self.state.shelf.edit(*id, |library| library.retag(*id, &all)) {
                Ok(edit) => edits.extend(edit),
                Err(error) => failed = Err(error),
            }
        }
        if !edits.is_empty() {
            let what = match ids {
                [id] => self.name_of(*id),
                ids => faces(ids.len()),
            };
            self.note_edits(Note::new(format!("Tag {what}")), edits);
        }
        failed
    }

    /// Begins to take faces in from files.
    pub(super) fn import(&mut self, paths: Vec<PathBuf>) -> Result<()> {
        let library = self.state.shelf.library_mut()?.clone();
        self.workers.import_faces(library, paths)
    }

    /// Begins to write the chosen faces, or all, to a file.
    pub(super) fn export(&mut self, path: PathBuf) -> Result<()> {
        let ids = self.state.shelf.chosen.iter().copied().collect();
        let library = self.state.shelf.library_mut()?.clone();
        self.workers.export_faces(library, ids, path)
    }

    /// Takes in what was read from files, as one step.
    pub(in crate::app) fn take_in(&mut self, ctx: &Context, brought: Brought) -> Result<()> {
        let count = brought.entries.len();
        let mut edits = Vec::with_capacity(count);
        for entry in brought.entries {
            edits.push(self.state.shelf.take_in(entry)?);
        }
        if count > 0 {
            self.note_edits(Note::new(format!("Import {}", faces(count))), edits);
        }
        let mut text = format!("Took in {}", faces(count));
        if brought.known > 0 {
            text += &format!("; {} already there", faces(brought.known));
        }
        let is_error = !brought.problems.is_empty();
        for problem in brought.problems {
            text += &format!(". {problem}");
        }
        self.announce(ctx, text, is_error);
        Ok(())
    }

    /// Goes to a step of the history.
    pub(super) fn go_to_step(&mut self, to: usize) -> Result<()> {
        let edits = self.state.go_to(to);
        let mut done = Ok(());
        for edit in &edits {
            // The others are done all the same: as much as can be is as it was.
            done = done.and(self.state.shelf.apply(edit));
        }
        done
    }

    fn note_edits(&mut self, note: Note, edits: Vec<Edit>) {
        let last = edits.last().and_then(|edit| edit.after.as_ref().or(edit.before.as_ref()));
        let picture = last.map(|entry| entry.latent.clone());
        self.state.record(Note { edits, picture, ..note }, self.now);
    }

    pub(super) fn name_of(&self, id: EntryId) -> String {
        self.state.shelf.get(id).map_or_else(String::new, |entry| entry.name.clone())
    }
}

//! What the workers have to tell, and what they are asked for: the beginning and the end of a frame.

mod blend;
mod gallery;
mod train;
mod translate;

use std::sync::Arc;

use eframe::egui::{Context, ViewportCommand};

use super::dialog::Answer;
use super::settings::Enlarge;
use super::shown::Side;
use super::state::Source;
use super::window::App;
use super::workers;
use crate::checkpoint::Bundled;
use crate::device::DeviceChoice;
use crate::error::Error;
use crate::train::TrainControl;
use crate::worker::{Given, Lane, Loaded, RenderEvent, RenderRequest, Rendered};

impl App {
    /// Takes in whatever the workers have to tell. Called when a frame begins.
    pub(super) fn hear(&mut self, ctx: &Context) {
        while let Some(event) = self.workers.renderer.poll() {
            match event {
                RenderEvent::Loaded(loaded) => self.loaded(ctx, loaded),
                RenderEvent::Rendered(rendered) => self.rendered(ctx, rendered),
            }
        }
        if let Some((source, result)) = workers::finished(&mut self.workers.opening) {
            match result {
                Ok(file) => self.workers.load(file, source, self.device),
                Err(error) => self.cannot_open(ctx, error),
            }
        }
        self.hear_choice(ctx);
        if let Some((model, result)) = workers::finished(&mut self.workers.influence) {
            // The same model under new weights has another name.
            let is_current = self.state.live.is_some()
                || self.state.model.as_ref().is_some_and(|open| open.id == model);
            match result {
                Ok(influence) if is_current && influence.len() == self.state.explore.dims() => {
                    self.state.explore.influence = Some(influence);
                    self.state.explore.order_is_stale = true;
                }
                Ok(_) => {}
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
        if let Some((plan, result)) = workers::finished(&mut self.workers.sweep) {
            let sweep = &mut self.state.explore.sweep;
            match result {
                Ok(sheet) => {
                    self.screen.sheet.set(ctx, Side::Large, &sheet.preview, Enlarge::Crisp);
                    sweep.sheet = Some((plan, sheet.full));
                    sweep.error = None;
                }
                Err(error) if workers::is_news(&error) => {
                    sweep.error = Some(error.to_string());
                    self.failed_sweep = Some(plan);
                }
                Err(_) => {}
            }
        }
        if let Some(result) = workers::done(&mut self.workers.saving) {
            match result {
                Ok(path) => self.announce(ctx, format!("Saved {}", path.display()), false),
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
        if let Some((purpose, result)) = workers::finished(&mut self.workers.dialog) {
            match result {
                Ok(Answer::Path(path)) => self.take_path(ctx, purpose, path),
                Ok(Answer::Nothing) => {}
                Ok(Answer::Unavailable) => {
                    self.native_dialogs = false;
                    self.ask_in_window(purpose);
                }
                Err(error) => {
                    self.tell(ctx, Err(error));
                    self.ask_in_window(purpose);
                }
            }
        }
        if let Some(Ok(gone @ 1..)) = workers::done(&mut self.workers.trimming) {
            tracing::info!("{gone} old small pictures were removed from the cache");
        }
        self.hear_library(ctx);
        self.hear_gallery(ctx);
        self.hear_translate(ctx);
        self.hear_training(ctx);
        if let Some(result) = workers::done(&mut self.workers.devices) {
            match result {
                Ok(devices) => self.state.devices = devices,
                Err(error) => self.tell(ctx, Err(error)),
            }
        }
    }

    fn loaded(&mut self, ctx: &Context, loaded: Loaded) {
        if self.workers.pending.as_ref().is_none_or(|pending| pending.id != loaded.model) {
            return;
        }
        let Some(pending) = self.workers.pending.take() else { return };
        match loaded.result {
            Ok(on) => {
                if let Some(note) = on.note {
                    self.announce(ctx, note, true);
                }
                let before = self.state.model.as_ref();
                let live = self.state.live.as_ref();
                let is_stray = match &pending.source {
                    Source::Live(run) => live.is_none_or(|live| live.run != *run),
                    _ => false,
                };
                if let Some(model) = before.filter(|_| is_stray) {
                    // Switched off while the weights were on their way.
                    let (file, source) = (model.file.clone(), model.source.clone());
                    self.workers.load(file, source, self.device);
                    return;
                }
                let is_renewed = matches!(pending.source, Source::Live(_))
                    && before.is_some_and(|before| before.source == pending.source);
                if is_renewed {
                    let id = pending.id;
                    if let Some((model, _)) = &mut self.workers.shelving {
                        *model = id;
                    }
                    self.state.adopt(pending.open_on(on.device), self.first_seed);
                    self.ready_to_translate(ctx, false);
                    self.live_renewed();
                    return;
                }
                let before = before.map(|model| model.file.clone());
                // A library that is put aside, or comes back, changes places with the model.
                let saved = self.save_library();
                self.tell(ctx, saved);
                let was_live = self.state.live.is_some();
                self.state.adopt(pending.open_on(on.device), self.first_seed);
                let file = self.state.model.as_ref().map(|model| &model.file);
                let is_same = before.zip(file).is_some_and(|(old, new)| Arc::ptr_eq(&old, new));
                if !is_same {
                    let begun = self.open_library();
                    self.tell(ctx, begun);
                }
                if was_live && self.state.live.is_none() {
                    self.control(TrainControl::ShowWeights(false));
                }
                self.ready_to_translate(ctx, !is_same);
                self.live_renewed();
                self.workers.influence = None;
                self.workers.sweep = None;
                self.screen.peek.forget();
                self.failed_sweep = None;
                // Of weights that change twice a second it would be outdated before it is known.
                let missing = self.state.explore.influence.is_none() && self.state.live.is_none();
                if let Some(model) = self.state.latent_model().filter(|_| missing) {
                    let begun = self.workers.measure_influence(model, self.device);
                    self.tell(ctx, begun);
                }
                let name = self.state.model.as_ref().map_or_else(String::new, |m| m.name().into());
                ctx.send_viewport_cmd(ViewportCommand::Title(format!("{name} · Latentscape")));
            }
            Err(error @ Error::NoDevice { .. }) => {
                self.tell(ctx, Err(error));
                match &self.state.model {
                    // The device before it goes on, and is what the menu says.
                    Some(model) => self.device = model.device.parse().unwrap_or_default(),
                    None => {
                        self.device = DeviceChoice::Auto;
                        self.workers.load(pending.file, pending.source, self.device);
                    }
                }
            }
            Err(error) => self.cannot_open(ctx, error),
        }
    }

    /// Says why, and sees to it that there is some model on screen.
    fn cannot_open(&mut self, ctx: &Context, error: Error) {
        self.tell(ctx, Err(error));
        if self.state.model.is_none() && !std::mem::replace(&mut self.fell_back, true) {
            let begun = self.workers.open(Source::Bundled(Bundled::Faces64));
            self.tell(ctx, begun);
        }
    }

    fn rendered(&mut self, ctx: &Context, rendered: Rendered) {
        if self.state.model.as_ref().is_none_or(|model| model.id != rendered.model) {
            return;
        }
        match rendered.lane {
            Lane::Row => return self.row_rendered(ctx, rendered),
            Lane::Grid => return self.grid_rendered(ctx, rendered),
            Lane::Thumbnails => {
                self.screen.thumbs.take(ctx, rendered.given.latents(), rendered.result);
                return;
            }
            Lane::Peek => {
                let enlarge = self.state.settings.enlarge;
                self.screen.peek.take(ctx, rendered.given.latents(), rendered.result, enlarge);
                return;
            }
            Lane::Picture if matches!(rendered.given, Given::Picture { .. }) => {
                return self.answered(ctx, rendered);
            }
            Lane::Picture | Lane::Strip => {}
        }
        let enlarge = self.state.settings.enlarge;
        let explore = &mut self.state.explore;
        match (rendered.lane, rendered.result) {
            (Lane::Picture, Ok(mut pictures)) => {
                if let Some(picture) = pictures.pop() {
                    self.screen.picture.set(ctx, Side::Large, &picture, enlarge);
                    explore.picture_error = None;
                    if explore.picture.replace(picture).is_some() {
                        self.network_millis += 0.2 * (rendered.millis - self.network_millis);
                        self.state.pacing.shows_picture_of(rendered.asked);
                    } else {
                        // Nobody moved a slider for this one.
                        let millis = self.started.elapsed().as_secs_f32() * 1e3;
                        tracing::info!("first picture after {millis:.0} ms");
                    }
                }
            }
            (Lane::Picture, Err(error)) => explore.picture_error = Some(error.to_string()),
            (Lane::Strip, Ok(pictures)) => {
                self.screen.strip.resize_with(pictures.len(), Default::default);
                for (shown, picture) in self.screen.strip.iter_mut().zip(&pictures) {
                    shown.set(ctx, Side::Small, picture, enlarge);
                }
                explore.strip.pictures = pictures;
                explore.strip.error = None;
            }
            (Lane::Strip, Err(error)) => explore.strip.error = Some(error.to_string()),
            _ => {}
        }
    }

    /// Asks the workers for what the window should show. Called when a frame ends, so that a moved
    /// slider's picture is asked for in the same frame. Returns how many were asked for that may come
    /// within it.
    pub(super) fn ask_for_pictures(&mut self, ctx: &Context) -> usize {
        if self.state.latent_model().is_none() {
            return self.ask_for_answer(ctx);
        }
        let mut awaited = self.ask_for_blend();
        let Some(model) = &self.state.model else { return 0 };
        let explore = &mut self.state.explore;
        let asked = self.state.pacing.input_time();
        if self.state.tab == super::tabs::TRAIN && explore.picture.is_some() {
            return awaited;
        }
        let picture = RenderRequest::latents(model.id, vec![explore.shown()]);
        awaited += usize::from(self.workers.renderer.request(Lane::Picture, picture, asked));
        let latents = super::tabs::explore::strip_latents(explore);
        let strip = RenderRequest::latents(model.id, latents);
        self.workers.renderer.request(Lane::Strip, strip, asked);
        if let Some(latents) = self.screen.thumbs.wish(model.id) {
            // The same few may be wanted twice, once they were forgotten.
            self.workers.renderer.forget(Lane::Thumbnails);
            let small = RenderRequest::latents(model.id, latents);
            self.workers.renderer.request(Lane::Thumbnails, small, asked);
        }
        if let Some(latent) = self.screen.peek.wish() {
            self.workers.renderer.forget(Lane::Peek);
            let large = RenderRequest::latents(model.id, vec![latent]);
            self.workers.renderer.request(Lane::Peek, large, asked);
        }
        if explore.sweep.open {
            let plan = explore.sweep.plan(explore, &self.state.shelf);
            let has = explore.sweep.sheet.as_ref().is_some_and(|(drawn, _)| *drawn == plan);
            let failed = self.failed_sweep.as_ref() == Some(&plan);
            match &self.workers.sweep {
                // One at a time: the next begins when this one has stopped.
                Some((drawn, job)) if *drawn != plan => job.cancel(),
                Some(_) => {}
                None if has || failed => {}
                None => {
                    explore.sweep.error = None;
                    let begun = self.workers.draw_sweep(model, self.device, plan.clone());
                    if begun.is_err() {
                        self.failed_sweep = Some(plan);
                    }
                    self.tell(ctx, begun);
                }
            }
        } else {
            self.workers.sweep = None;
        }
        let progress = self.workers.sweep.as_ref().map(|(_, job)| job.progress());
        self.state.explore.sweep.progress = progress;
        awaited
    }
}

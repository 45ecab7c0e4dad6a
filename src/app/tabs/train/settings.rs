//! Every setting of a run, in groups: what it does, when to touch it, and the preset's value a
//! double-click away.

mod networks;
mod recipe;
mod rows;

use eframe::egui::{Align, CollapsingHeader, ComboBox, Label, Layout, RichText, Ui};

use super::TabContext;
use super::want;
use crate::app::command::TrainCommand;
use crate::app::theme::{self, UNIT};
use crate::data::Framing;
use crate::error::Error;
use crate::model::{Network, Preset};
use crate::train::TrainConfig;
use crate::train::metrics::Measure;
use rows::{Row, Rows};

/// Draws all groups.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    preset(ui, context);
    let setup = &context.state.train.setup;
    let mut config = setup.config.clone();
    let usual = setup.usual();
    let wrong = match config.validate() {
        Err(Error::BadSetting { setting, why }) => Some((setting, why)),
        _ => None,
    };
    let rows =
        Rows { wrong: wrong.as_ref().map(|(setting, why)| (setting.as_str(), why.as_str())) };
    group(ui, "Length and saving", true, |ui| length(ui, &rows, &mut config, &usual));
    group(ui, "Pictures", true, |ui| pictures(ui, &rows, &mut config, &usual));
    group(ui, "Learning", false, |ui| learning(ui, &rows, &mut config, &usual));
    group(ui, "Objective", false, |ui| recipe::objective(ui, &rows, &mut config, &usual));
    // Pairs would be torn apart by it.
    if !config.spec.takes_pictures() {
        group(ui, "Augmentation", false, |ui| recipe::augmentation(ui, &rows, &mut config, &usual));
    }
    if config.growth.is_some() {
        group(ui, "Growth", true, |ui| recipe::growth(ui, &rows, &mut config, &usual));
    }
    group(ui, "Networks", false, |ui| networks::show(ui, &rows, &mut config, &usual));
    group(ui, "Watching", false, |ui| watching(ui, &rows, &mut config, &usual));
    if config != context.state.train.setup.config {
        want(context, TrainCommand::Set(Box::new(config)));
    }
}

fn preset(ui: &mut Ui, context: &mut TabContext) {
    let chosen = context.state.train.setup.preset;
    ui.horizontal(|ui| {
        ui.label("Preset")
            .on_hover_text("A published system to begin with. Choosing one sets everything below.");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let width = (ui.available_width() - UNIT).min(26.0 * UNIT);
            let combo = ComboBox::from_id_salt("preset").width(width).selected_text(chosen.name());
            let response = combo.show_ui(ui, |ui| {
                for preset in Preset::ALL {
                    let label = ui.selectable_label(preset == chosen, preset.name());
                    if label.on_hover_text(preset.about()).clicked() {
                        want(context, TrainCommand::SetPreset(preset));
                    }
                }
            });
            response.response.accessible_name("Preset").on_hover_text(chosen.about());
        });
    });
    let faint = theme::palette(ui).faint;
    ui.add(Label::new(RichText::new(chosen.about()).color(faint)).wrap());
    let summary = context.state.train.setup.config.spec.summary();
    ui.add(Label::new(RichText::new(summary).color(faint)).wrap());
}

fn group(ui: &mut Ui, title: &str, open: bool, add: impl FnOnce(&mut Ui)) {
    CollapsingHeader::new(RichText::new(title).strong())
        .default_open(open)
        .show_unindented(ui, add);
}

fn length(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    rows.number(
        ui,
        Row::new("Length", "--kimg", "Thousands of pictures that the discriminator sees. More is better up to a point; a run can be made longer when it goes on.").unit("kimg"),
        &mut config.kimg,
        usual.kimg,
        1.0,
    );
    rows.number(
        ui,
        Row::new(
            "Save every",
            "--save-kimg",
            "Thousands of pictures between two checkpoints. Less if power cuts are likely.",
        )
        .unit("kimg"),
        &mut config.save_kimg,
        usual.save_kimg,
        0.1,
    );
    rows.count(
        ui,
        Row::new(
            "Preview pictures",
            "--samples",
            "Pictures on a preview sheet, always from the same latents or the same pairs.",
        ),
        &mut config.samples,
        usual.samples,
    );
    let mut seed = config.seed as usize;
    rows.count(
        ui,
        Row::new("Seed", "--seed", "Where every random number of the run comes from: the same seed and settings give the same run."),
        &mut seed,
        usual.seed as usize,
    );
    config.seed = seed as u64;
}

fn pictures(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    rows.count(
        ui,
        Row::new("Batch", "--batch", "Pictures per step. Larger is steadier and needs more memory; with few pictures take fewer."),
        &mut config.batch,
        usual.batch,
    );
    let (size, channels) = (config.spec.size().0, config.spec.channels());
    let (mut resolution, mut colours) = (size, channels);
    rows.count(
        ui,
        Row::new("Resolution", "--resolution", "Height and width of the pictures. DCGANs take a power of two; each doubling costs four times as much.").unit("px"),
        &mut resolution,
        usual.spec.size().0,
    );
    rows.choice(
        ui,
        Row::new(
            "Channels",
            "--channels",
            "Colour, or grey: a third of the values where colour tells nothing.",
        ),
        &mut colours,
        usual.spec.channels(),
        &[(3, "colour"), (1, "grey")],
    );
    if (resolution, colours) != (size, channels) {
        config.choose_resolution(resolution);
        match &mut config.spec.network {
            Network::Mlp(net) => net.channels = colours,
            Network::Dcgan(net) => net.channels = colours,
            Network::Pix2pix(net) => net.channels = colours,
            Network::Stack(_) => {}
        }
    }
    rows.choice(
        ui,
        Row::new("Framing", "--framing", "How a picture of another shape is fitted: the largest middle part, or all of it on the colour of its border."),
        &mut config.framing,
        usual.framing,
        &[(Framing::Crop, "crop"), (Framing::Fit, "fit")],
    );
    if config.target().input > 0 {
        rows.number(
            ui,
            Row::new("Jitter", "--jitter", "Share by which pairs are read larger than they are learnt at; every time another part of them is shown, the same of both halves. 0.117 reads 286 pixels for 256; 0 shows them whole."),
            &mut config.jitter,
            usual.jitter,
            0.01,
        );
    }
    rows.count(
        ui,
        Row::new(
            "Only the first",
            "--pictures",
            "Uses only so many pictures of the data: to see how little is enough. 0 uses all.",
        ),
        &mut config.pictures,
        usual.pictures,
    );
    rows.flag(
        ui,
        Row::new("Mirror half", "--no-flip", "Half of the pictures are mirrored: twice the data for faces; not for digits or letters."),
        &mut config.flip,
        usual.flip,
    );
}

fn learning(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    let pairs = [
        ("G", &mut config.generator, &usual.generator),
        ("D", &mut config.discriminator, &usual.discriminator),
    ];
    for (net, adam, usual) in pairs {
        let named = |what: &str| format!("{what} of {net}");
        rows.number(
            ui,
            Row::new(
                &named("Learning rate"),
                "--lr",
                "How far a step goes. Half of it where losses jump about; less for D where D wins.",
            ),
            &mut adam.lr,
            usual.lr,
            1e-5,
        );
        rows.number(
            ui,
            Row::new(&named("β₁"), "--beta1", "How much of the past gradients a step follows. GANs like 0.5 or 0, not the usual 0.9."),
            &mut adam.beta1,
            usual.beta1,
            0.01,
        );
        rows.number(
            ui,
            Row::new(
                &named("β₂"),
                "--beta2",
                "How long the size of gradients is remembered. Seldom worth a change.",
            ),
            &mut adam.beta2,
            usual.beta2,
            0.001,
        );
    }
    recipe::steps(ui, rows, config, usual);
    rows.number(
        ui,
        Row::new("Rates fall over", "--lr-decay", "Last part of the run, as a share, in which the learning rates fall to 0: 0.5 settles the pictures at the end."),
        &mut config.lr_decay,
        usual.lr_decay,
        0.01,
    );
    rows.number(
        ui,
        Row::new(
            "Real label",
            "--real-label",
            "What D is to say of real pictures: a little below 1 keeps it from growing too sure.",
        ),
        &mut config.real_label,
        usual.real_label,
        0.01,
    );
    rows.number(
        ui,
        Row::new("Average over", "--ema-kimg", "Half-life of the averaged generator's memory, which is what you see: longer is calmer, and later.").unit("kimg"),
        &mut config.ema_kimg,
        usual.ema_kimg,
        0.1,
    );
}

fn watching(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    let (upkeep, usual) = (&mut config.upkeep, &usual.upkeep);
    rows.number(
        ui,
        Row::new("Preview every", "--preview-kimg", "Thousands of pictures between two preview sheets. Each is kept, and can be gone back to.").unit("kimg"),
        &mut upkeep.preview_kimg,
        usual.preview_kimg,
        0.1,
    );
    rows.number(
        ui,
        Row::new("Keep a model every", "--keep-kimg", "Thousands of pictures between two models that are kept for good: the ages of Explore live. 0 keeps only the newest.").unit("kimg"),
        &mut upkeep.keep_kimg,
        usual.keep_kimg,
        0.5,
    );
    rows.number(
        ui,
        Row::new("Measure every", "--measure-kimg", "Thousands of pictures between two measurings against the data, which the charts show. 0 never measures.").unit("kimg"),
        &mut upkeep.measure_kimg,
        usual.measure_kimg,
        0.5,
    );
    rows.count(
        ui,
        Row::new("Pictures measured", "--measure-pictures", "More tell more, and take longer."),
        &mut upkeep.measure_pictures,
        usual.measure_pictures,
    );
    let measures: Vec<_> = std::iter::once((None, "none"))
        .chain(Measure::ALL.map(|measure| (Some(measure), measure.name())))
        .collect();
    rows.choice(
        ui,
        Row::new(
            "Keep the best by",
            "--keep-best",
            "The model that measured best is kept beside the newest, by this measure.",
        ),
        &mut upkeep.keep_best,
        usual.keep_best,
        &measures,
    );
}

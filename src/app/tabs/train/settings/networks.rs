//! What the networks are.

use eframe::egui::Ui;

use super::rows::{Row, Rows};
use crate::latent::Prior;
use crate::model::{Dcgan, ModelSpec, Network, NormKind, Pix2pix, Widths};
use crate::train::TrainConfig;

/// The networks' own settings.
pub fn show(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    if !config.spec.takes_pictures() {
        latents(ui, rows, &mut config.spec, &usual.spec);
    }
    match (&mut config.spec.network, &usual.spec.network) {
        (Network::Dcgan(net), Network::Dcgan(usual)) => dcgan(ui, rows, net, usual),
        (Network::Pix2pix(net), Network::Pix2pix(usual)) => pix2pix(ui, rows, net, usual),
        _ => {}
    }
}

fn latents(ui: &mut Ui, rows: &Rows, spec: &mut ModelSpec, usual: &ModelSpec) {
    let about =
        "Numbers in a latent: a slider each. 64 to 128 for faces; fewer are easier to explore.";
    let row = Row::new("Latent dimensions", "--z", about);
    rows.count(ui, row, &mut spec.z_dim, usual.z_dim);
    let about = "How latents are drawn: normal, or uniform between −1 and 1.";
    let row = Row::new("Latents", "--prior", about);
    let priors = [(Prior::Normal, "normal"), (Prior::Uniform, "uniform")];
    rows.choice(ui, row, &mut spec.prior, usual.prior, &priors);
}

const WIDTH: &str = "Channels next to the picture; the other layers follow. Half of it is four times \
                     as quick, and less able.";

fn dcgan(ui: &mut Ui, rows: &Rows, net: &mut Dcgan, usual: &Dcgan) {
    for (name, flag, widths, usual) in [
        ("Width of G", "--width", &mut net.generator, usual.generator),
        ("Width of D", "--width-d", &mut net.discriminator, usual.discriminator),
    ] {
        let mut width = base(*widths);
        rows.count(ui, Row::new(name, flag, WIDTH), &mut width, base(usual));
        *widths = widths.with_base(width);
    }
}

fn pix2pix(ui: &mut Ui, rows: &Rows, net: &mut Pix2pix, usual: &Pix2pix) {
    let about = "Of the pictures that others are made from: 1 is grey, 3 is colour.";
    let row = Row::new("Input channels", "--input-channels", about);
    rows.count(ui, row, &mut net.inputs, usual.inputs);
    rows.count(ui, Row::new("Width of G", "--width", WIDTH), &mut net.width, usual.width);
    let (patches, usual_patches) = (&mut net.discriminator, &usual.discriminator);
    let row = Row::new("Width of D", "--width-d", WIDTH);
    rows.count(ui, row, &mut patches.width, usual_patches.width);
    let about = "Layers of D with stride 2: it judges patches of 16 pixels a side with 1, of 34 with \
                 2, of 70 with 3. Small patches make crisp details, large ones whole shapes.";
    let row = Row::new("Layers of D", "--layers-d", about);
    rows.count(ui, row, &mut patches.layers, usual_patches.layers);
    let about = "Over what both networks normalise: the batch, or each picture by itself.";
    let norms = [(NormKind::Batch, "batch"), (NormKind::Instance, "instance")];
    rows.choice(ui, Row::new("Norm", "--norm", about), &mut net.norm, usual.norm, &norms);
    let about = "How often inner layers of G leave values out: it keeps few pairs from being learnt by \
                 heart, and gives several answers to one picture. 0 never does.";
    rows.number(ui, Row::new("Dropout", "--dropout", about), &mut net.dropout, usual.dropout, 0.01);
}

fn base(widths: Widths) -> usize {
    match widths {
        Widths::Doubling { base, .. } | Widths::Constant { base } => base,
    }
}

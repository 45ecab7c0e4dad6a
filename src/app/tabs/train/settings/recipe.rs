//! What the networks want, how pictures are changed, how networks grow.

use eframe::egui::Ui;

use super::rows::{Row, Rows};
use crate::train::{Loss, TrainConfig};

/// The loss, and what keeps the discriminator from growing too steep.
pub fn objective(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    let mut loss = config.objective.loss;
    let losses = Loss::ALL.map(|loss| format!("{}: {}", loss.name(), loss.about())).join("\n");
    let about = format!("What each network is to say of pictures.\n{losses}");
    rows.choice(
        ui,
        Row::new("Loss", "--objective", &about),
        &mut loss,
        usual.objective.loss,
        &Loss::ALL.map(|loss| (loss, loss.name())),
    );
    if loss != config.objective.loss {
        config.choose_loss(loss);
    }
    if config.spec.takes_pictures() {
        let about = "Weight of the mean difference of outputs from their truths, beside the loss: more \
                     is nearer and softer, less is crisper and bolder.";
        rows.number(ui, Row::new("L1", "--l1", about), &mut config.l1, usual.l1, 1.0);
    }
    let (objective, usual) = (&mut config.objective, &usual.objective);
    let about = "Weight of the discriminator's squared slope at real pictures. Raise it where the \
                 losses swing; 0 leaves it away.";
    rows.number(ui, Row::new("R1", "--r1", about), &mut objective.r1, usual.r1, 0.1);
    let about = "The same at generated pictures; relativistic wants both.";
    rows.number(ui, Row::new("R2", "--r2", about), &mut objective.r2, usual.r2, 0.1);
    if objective.r1 > 0.0 || objective.r2 > 0.0 {
        let about = "Standard deviation of the noise by which slopes are measured. Seldom worth a \
                     change.";
        let row = Row::new("Noise of slopes", "--penalty-sigma", about);
        rows.number(ui, row, &mut objective.sigma, usual.sigma, 0.001);
    }
}

/// How pictures are changed before the discriminator judges them.
pub fn augmentation(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    let (augment, usual) = (&mut config.augment, &usual.augment);
    let about = "Brightness, saturation and contrast of real and generated pictures are changed \
                 before D judges them. Helps with fewer than some thousand pictures.";
    rows.flag(ui, Row::new("Colour", "--augment", about), &mut augment.colour, usual.colour);
    let about = "Pictures are shifted by up to an eighth of their size before D judges them.";
    let row = Row::new("Shift", "--augment", about);
    rows.flag(ui, row, &mut augment.translation, usual.translation);
    let about = "A square of half the picture's side is cut out of it before D judges it.";
    rows.flag(ui, Row::new("Cut out", "--augment", about), &mut augment.cutout, usual.cutout);
    if augment.is_on() {
        let about = "How likely each change is; where it adapts, the one at the start.";
        let row = Row::new("Probability", "--augment-p", about);
        rows.number(ui, row, &mut augment.p, usual.p, 0.01);
        let about = "Thousands of pictures in which the probability may go from 0 to 1, as D comes \
                     to know the pictures by heart. 500 is usual; 0 keeps it as it is.";
        let row = Row::new("Adapts over", "--ada", about).unit("kimg");
        rows.number(ui, row, &mut augment.ada_kimg, usual.ada_kimg, 5.0);
    }
}

/// How far networks grow, and when.
pub fn growth(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    let (Some(growth), Some(usual)) = (&mut config.growth, &usual.growth) else { return };
    let about = "Height and width at which it ends: a power of two.";
    let row = Row::new("Grow to", "--grow-to", about).unit("px");
    rows.count(ui, row, &mut growth.until, usual.until);
    let about = "Thousands of pictures at each size before the next layer is added. 0 leaves that \
                 to the button Grow.";
    let row = Row::new("Each size for", "--stage-kimg", about).unit("kimg");
    rows.number(ui, row, &mut growth.stage_kimg, usual.stage_kimg, 1.0);
    let about = "Thousands of pictures over which a new layer is blended in; 0 adds it at once.";
    let row = Row::new("Blended in over", "--fade-kimg", about).unit("kimg");
    rows.number(ui, row, &mut growth.fade_kimg, usual.fade_kimg, 1.0);
    let about = "The most values that the pictures of a batch have together: batches shrink as \
                 pictures grow, and memory holds.";
    let row = Row::new("Values in a batch", "--batch-values", about);
    rows.count(ui, row, &mut growth.batch_values, usual.batch_values);
}

/// How steps are taken.
pub fn steps(ui: &mut Ui, rows: &Rows, config: &mut TrainConfig, usual: &TrainConfig) {
    let about =
        "Steps of the discriminator for each of the generator: more where it cannot follow.";
    rows.count(ui, Row::new("Steps of D", "--d-steps", about), &mut config.d_steps, usual.d_steps);
    let about = "Thousands of pictures over which the learning rates rise from 0: for large batches \
                 and rates that go astray at first.";
    let row = Row::new("Warm-up", "--warm-up-kimg", about).unit("kimg");
    rows.number(ui, row, &mut config.warm_up_kimg, usual.warm_up_kimg, 0.1);
    let about =
        "Longer gradients are shortened to this length; 0 never does. For runs that explode.";
    let row = Row::new("Longest gradient", "--clip", about);
    rows.number(ui, row, &mut config.clip, usual.clip, 0.1);
}

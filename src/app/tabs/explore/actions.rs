//! What can be done with the latent: random, mutate, seed, truncation, save.

use eframe::egui::{DragValue, Label, RichText, Ui, Vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_CASINO, ICON_CONTENT_COPY, ICON_CONTENT_PASTE, ICON_GENETICS, ICON_GRID_VIEW,
    ICON_RESTART_ALT, ICON_SAVE,
};

use super::TabContext;
use super::rail::Rail;
use crate::app::buttons;
use crate::app::command::{Action, AppCommand};
use crate::app::explore::MAX_PSI;
use crate::app::theme::{self, UNIT};

/// Width of a setting's name and of its number.
const NAME: f32 = 9.0 * UNIT;
const NUMBER: f32 = 8.0 * UNIT;

/// Draws them.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    let enabled = context.state.model.is_some();
    row(
        ui,
        context,
        enabled,
        [
            (ICON_CASINO, Action::Random),
            (ICON_GENETICS, Action::Mutate),
            (ICON_RESTART_ALT, Action::Reset),
        ],
    );
    let explore = &context.state.explore;
    let psi = Setting {
        title: "Truncation",
        about: "ψ: the picture of the latent times this. Less is more typical, 0 the average \
                picture; the values stay as they are. Double-click for 1.",
        value: explore.psi,
        low: 0.0,
        high: MAX_PSI,
        usual: 1.0,
    };
    if let Some(psi) = psi.show(ui) {
        context.commands.push(AppCommand::SetPsi(psi));
    }
    let mutation = Setting {
        title: "Mutation",
        about: "How far Mutate goes: 0.1 is a close relative, 1 somebody else. Double-click for 0.25.",
        value: context.state.settings.mutation,
        low: 0.01,
        high: 1.0,
        usual: 0.25,
    };
    if let Some(amount) = mutation.show(ui) {
        context.commands.push(AppCommand::SetMutation(amount));
    }
    seed(ui, context);
    row(ui, context, enabled, [(ICON_SAVE, Action::SavePng), (ICON_GRID_VIEW, Action::Sweep)]);
    row(
        ui,
        context,
        enabled,
        [(ICON_CONTENT_COPY, Action::Copy), (ICON_CONTENT_PASTE, Action::Paste)],
    );
}

/// Buttons of equal width.
fn row<const N: usize>(
    ui: &mut Ui,
    context: &mut TabContext,
    enabled: bool,
    actions: [(MaterialIcon, Action); N],
) {
    ui.columns_const(|columns: &mut [Ui; N]| {
        for (ui, (icon, action)) in columns.iter_mut().zip(actions) {
            if buttons::wide(ui, icon, action, enabled).clicked() {
                context.commands.push(AppCommand::Do(action));
            }
        }
    });
}

/// A name, a rail and a number.
struct Setting {
    title: &'static str,
    about: &'static str,
    value: f32,
    low: f32,
    high: f32,
    usual: f32,
}

impl Setting {
    fn show(self, ui: &mut Ui) -> Option<f32> {
        let mut set = None;
        ui.horizontal(|ui| {
            name(ui, self.title).on_hover_text(self.about);
            let width = ui.available_width() - NUMBER - UNIT;
            let rail = Rail {
                name: self.title,
                value: self.value,
                low: self.low,
                high: self.high,
                origin: self.low,
                usual: self.usual,
                dimmed: false,
            };
            let (response, moved) = rail.show(ui, Vec2::new(width.max(40.0), 3.0 * UNIT));
            response.on_hover_text(self.about);
            let mut typed = self.value;
            let field = DragValue::new(&mut typed)
                .speed(0.005)
                .range(self.low..=self.high)
                .fixed_decimals(2)
                .update_while_editing(false);
            let field = ui
                .add_sized(Vec2::new(NUMBER, 3.0 * UNIT), field)
                .accessible_name(format!("{} value", self.title));
            set = moved.or((field.changed() && typed != self.value).then_some(typed));
        });
        set
    }
}

/// The seed of the latent, to type in and to read off.
fn seed(ui: &mut Ui, context: &mut TabContext) {
    ui.horizontal(|ui| {
        let about = "The number that names this latent. The same seed gives the same picture in \
                     every window, on the command line, on every machine.";
        name(ui, "Seed").on_hover_text(about);
        let mut seed = context.state.explore.seed;
        let field = DragValue::new(&mut seed).speed(0.1).update_while_editing(false);
        let field = ui
            .add_sized(Vec2::new(12.0 * UNIT, 3.0 * UNIT), field)
            .accessible_name("Seed")
            .on_hover_text(about);
        if field.changed() {
            context.commands.push(AppCommand::Seed(seed));
        }
        let norm = context.state.explore.latent.norm();
        let typical = context.state.explore.prior().typical_norm(context.state.explore.dims());
        let faint = theme::palette(ui).faint;
        let text = RichText::new(format!("|z| {norm:6.2}")).monospace().color(faint);
        ui.label(text).on_hover_text(format!(
            "Length of the latent. The generator was trained on lengths around {typical:.2}."
        ));
    });
}

fn name(ui: &mut Ui, title: &str) -> eframe::egui::Response {
    let label = Label::new(title).selectable(false).halign(eframe::egui::Align::LEFT);
    ui.allocate_ui_with_layout(
        Vec2::new(NAME, 3.0 * UNIT),
        eframe::egui::Layout::left_to_right(eframe::egui::Align::Center),
        |ui| {
            ui.set_min_width(NAME);
            ui.add(label)
        },
    )
    .inner
}

//! The tabs of the window. A new one is a file beside this and a line in [`TABS`].

pub mod blend;
pub mod explore;
pub mod train;
pub mod translate;

use eframe::egui::{Button, Label, RichText, Ui, Vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_BRUSH, ICON_EXPLORE, ICON_JOIN_INNER, ICON_MODEL_TRAINING};

use super::command::{Action, AppCommand};
use super::screen::Screen;
use super::state::State;
use super::theme::{self, UNIT};

/// What a tab gets to draw itself: everything the window knows, the textures, and a list for what
/// it asks for.
pub struct TabContext<'a> {
    /// What the window knows. A tab changes what belongs to its own fields; for the rest it asks.
    pub state: &'a mut State,
    /// Pictures on screen.
    pub screen: &'a mut Screen,
    /// What the person asks for.
    pub commands: &'a mut Vec<AppCommand>,
}

/// One tab.
pub struct Tab {
    /// Its name.
    pub title: &'static str,
    /// A sentence for the tooltip.
    pub about: &'static str,
    /// Its icon.
    pub icon: MaterialIcon,
    /// Draws it.
    pub show: fn(&mut Ui, &mut TabContext),
}

/// Says why a tab that is about latents has nothing to show, if the model on screen has none.
fn refuses(ui: &mut Ui, context: &mut TabContext) -> bool {
    let Some(why) = context.state.takes_pictures() else { return false };
    refuse(ui, context, &why, &[Action::GoToTranslate, Action::OpenBundled, Action::Open]);
    true
}

/// Says why a tab has nothing to show, with what can be done about it.
fn refuse(ui: &mut Ui, context: &mut TabContext, why: &str, actions: &[Action]) {
    let colours = theme::palette(ui);
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() / 3.0);
        ui.set_max_width(ui.available_width().min(56.0 * UNIT));
        ui.add(Label::new(RichText::new(why).color(colours.faint)).wrap());
        ui.add_space(2.0 * UNIT);
        for (i, action) in actions.iter().enumerate() {
            // What most people want stands first, and out.
            let words = RichText::new(action.title());
            let button = match i {
                0 => Button::new(words.color(colours.on_accent)).fill(colours.accent),
                _ => Button::new(words),
            };
            let button = button.min_size(Vec2::new(26.0 * UNIT, 4.0 * UNIT));
            let tooltip = action.tooltip(ui.ctx());
            if ui.add(button).on_hover_text(tooltip).clicked() {
                context.commands.push(AppCommand::Do(*action));
            }
        }
    });
}

/// All tabs, from the top.
pub const TABS: &[Tab] = &[
    Tab {
        title: "Explore",
        about: "See what every dimension does",
        icon: ICON_EXPLORE,
        show: explore::show,
    },
    Tab {
        title: "Blend",
        about: "Do arithmetic with kept faces",
        icon: ICON_JOIN_INNER,
        show: blend::show,
    },
    Tab {
        title: "Translate",
        about: "Draw, and see what a network makes of it",
        icon: ICON_BRUSH,
        show: translate::show,
    },
    Tab {
        title: "Train",
        about: "Train a generator on pictures, and watch it learn",
        icon: ICON_MODEL_TRAINING,
        show: train::show,
    },
];

/// Index of Explore.
pub const EXPLORE: usize = 0;
/// Index of Blend.
pub const BLEND: usize = 1;
/// Index of Translate.
pub const TRANSLATE: usize = 2;
/// Index of Train.
pub const TRAIN: usize = 3;

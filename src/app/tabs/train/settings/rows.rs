//! One setting: its name, its value, and the way back to the preset's.

use eframe::egui::{
    Align, Button, Checkbox, ComboBox, DragValue, Label, Layout, RichText, Ui, Vec2,
};

use crate::app::theme::{self, UNIT};

/// Width of a number.
const FIELD: f32 = 11.0 * UNIT;

/// One setting in words.
pub struct Row {
    name: String,
    /// What the command line and errors call it.
    flag: &'static str,
    about: String,
    unit: &'static str,
}

impl Row {
    pub fn new(name: &str, flag: &'static str, about: &str) -> Self {
        Self { name: name.into(), flag, about: about.into(), unit: "" }
    }

    pub fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }
}

/// What all settings share.
pub struct Rows<'a> {
    /// The setting that is out of range, and why.
    pub wrong: Option<(&'a str, &'a str)>,
}

impl Rows<'_> {
    /// A name at the left, `field` at the right; a double-click on the name goes back to `usual`.
    fn row<T: PartialEq + Clone>(
        &self,
        ui: &mut Ui,
        row: &Row,
        value: &mut T,
        usual: T,
        said: &str,
        field: impl FnOnce(&mut Ui, &mut T),
    ) {
        let colours = theme::palette(ui);
        let wrong = self.wrong.filter(|(setting, _)| *setting == row.flag);
        ui.horizontal(|ui| {
            let is_changed = *value != usual;
            let ink = match (wrong, is_changed) {
                (Some(_), _) => colours.bad,
                (None, true) => colours.accent,
                (None, false) => colours.ink,
            };
            let name = Button::new(RichText::new(&row.name).color(ink)).frame(false);
            let about = format!("{}\nPreset: {said}. Double-click for it.", row.about);
            let name = ui.add(name);
            let name = name.accessible_name(format!("{}: preset's value", row.name));
            if name.on_hover_text(about).double_clicked() {
                *value = usual;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| field(ui, value));
        });
        if let Some((_, why)) = wrong {
            ui.add(Label::new(RichText::new(why).color(colours.bad)).wrap());
        }
    }

    /// A number.
    pub fn number(&self, ui: &mut Ui, row: Row, value: &mut f64, usual: f64, speed: f64) {
        let said = format!("{usual} {}", row.unit);
        self.row(ui, &row, value, usual, said.trim_end(), |ui, value| {
            let field = DragValue::new(value).speed(speed).max_decimals(6).suffix(suffix(row.unit));
            ui.add_sized(Vec2::new(FIELD, 3.0 * UNIT), field)
                .accessible_name(&row.name)
                .on_hover_text(&row.about);
        });
    }

    /// A whole number.
    pub fn count(&self, ui: &mut Ui, row: Row, value: &mut usize, usual: usize) {
        let said = format!("{usual} {}", row.unit);
        self.row(ui, &row, value, usual, said.trim_end(), |ui, value| {
            let field = DragValue::new(value).speed(0.2).suffix(suffix(row.unit));
            ui.add_sized(Vec2::new(FIELD, 3.0 * UNIT), field)
                .accessible_name(&row.name)
                .on_hover_text(&row.about);
        });
    }

    /// A switch.
    pub fn flag(&self, ui: &mut Ui, row: Row, value: &mut bool, usual: bool) {
        let said = if usual { "yes" } else { "no" };
        self.row(ui, &row, value, usual, said, |ui, value| {
            ui.add(Checkbox::without_text(value))
                .accessible_name(&row.name)
                .on_hover_text(&row.about);
        });
    }

    /// One of a few.
    pub fn choice<T: PartialEq + Clone>(
        &self,
        ui: &mut Ui,
        row: Row,
        value: &mut T,
        usual: T,
        choices: &[(T, &str)],
    ) {
        let name_of = |value: &T| {
            choices.iter().find(|(choice, _)| choice == value).map_or("?", |(_, name)| *name)
        };
        let said = name_of(&usual);
        self.row(ui, &row, value, usual.clone(), said, |ui, value| {
            let combo =
                ComboBox::from_id_salt(&row.name).width(FIELD).selected_text(name_of(value));
            let response = combo.show_ui(ui, |ui| {
                for (choice, name) in choices {
                    if ui.selectable_label(choice == value, *name).clicked() {
                        *value = choice.clone();
                    }
                }
            });
            response.response.accessible_name(&row.name).on_hover_text(&row.about);
        });
    }
}

fn suffix(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

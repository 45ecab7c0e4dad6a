//! The pictures to train on: where they come from, what they are like, how the network will see them.

use eframe::egui::{
    Button, Color32, Frame, Label, Margin, Popup, Pos2, ProgressBar, Rect, RichText, Role, Sense,
    Ui, Vec2, WidgetInfo,
};
use egui_material_icons::icons::{
    ICON_CREATE_NEW_FOLDER, ICON_DESCRIPTION, ICON_DRAW, ICON_EXPAND_MORE, ICON_FACE,
    ICON_FOLDER_OPEN, ICON_PALETTE, ICON_REFRESH, ICON_SWAP_HORIZ, ICON_WARNING,
};

use super::TabContext;
use super::{want, words};
use crate::app::command::{Action, AppCommand, TrainCommand};
use crate::app::theme::{self, UNIT};
use crate::app::train::{self, Look};
use crate::data::DataSource;

/// Draws source and look.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    sources(ui, context);
    let setup = &context.state.train.setup;
    match (&setup.source, &setup.look) {
        (None, Look::Failed(why)) => failed(ui, context, &why.clone()),
        (None, _) => nothing(ui, context),
        (_, Look::Looking(done, total)) => looking(ui, context, (*done, *total)),
        (_, Look::Failed(why)) => failed(ui, context, &why.clone()),
        (_, Look::None) => not_looked(ui, context),
        (_, Look::Seen(_)) => seen(ui, context),
    }
}

/// Where pictures come from.
fn sources(ui: &mut Ui, context: &mut TabContext) {
    let source = context.state.train.setup.source.clone();
    let takes_pairs = context.state.train.setup.takes_pairs();
    ui.horizontal_wrapped(|ui| {
        built_in(ui, context, source.as_ref(), takes_pairs);
        let folder = Button::new((ICON_FOLDER_OPEN.rich_text().size(16.0), "Folder…"));
        let (name, tooltip) = match takes_pairs {
            true => (
                "Folder of pairs",
                "A folder with two pictures side by side in each file, or with two folders of pictures \
                 of the same names. It can also be dropped here.",
            ),
            false => (
                "Folder of pictures",
                "A folder of pictures, with its sub-folders. It can also be dropped here.",
            ),
        };
        if ui.add(folder).accessible_name(name).on_hover_text(tooltip).clicked() {
            context.commands.push(AppCommand::Do(Action::ChooseData));
        }
        match takes_pairs {
            true => second_folder(ui, context, source.as_ref()),
            false => idx_file(ui, context),
        }
        recent(ui, context, takes_pairs);
        if let Some(source) = &source {
            let again = Button::new(ICON_REFRESH.rich_text().size(16.0)).frame_when_inactive(false);
            let again = ui.add(again).accessible_name("Look again");
            if again.on_hover_text("Look at the pictures again").clicked() {
                want(context, TrainCommand::Look);
            }
            if source.path().is_some() {
                let name = RichText::new(train::name_of(source)).strong();
                ui.add(Label::new(name).truncate()).on_hover_text(source.place());
            }
        }
    });
}

/// The pictures that come with the program.
fn built_in(ui: &mut Ui, context: &mut TabContext, source: Option<&DataSource>, pairs: bool) {
    if !pairs {
        let is_demo = source == Some(&DataSource::Demo);
        let demo = Button::selectable(is_demo, (ICON_FACE.rich_text().size(16.0), "Demo faces"));
        let tooltip = Action::DemoData.tooltip(ui.ctx());
        if ui.add(demo).accessible_name("Demo faces").on_hover_text(tooltip).clicked() {
            context.commands.push(AppCommand::Do(Action::DemoData));
        }
        return;
    }
    let choices = [
        (
            DataSource::DemoSketches,
            ICON_DRAW,
            "Demo sketches",
            "Line drawings of faces, and the faces",
        ),
        (
            DataSource::DemoLabels,
            ICON_PALETTE,
            "Demo label maps",
            "Flat maps of where hair, eyes and mouth are, and the faces",
        ),
    ];
    for (demo, icon, name, tooltip) in choices {
        let label = (icon.rich_text().size(16.0), name);
        let button = ui.add(Button::selectable(source == Some(&demo), label));
        if button.accessible_name(name).on_hover_text(tooltip).clicked() {
            want(context, TrainCommand::SetSource(demo));
        }
    }
}

fn idx_file(ui: &mut Ui, context: &mut TabContext) {
    let file = Button::new((ICON_DESCRIPTION.rich_text().size(16.0), "IDX file…"));
    let tooltip = "MNIST and its relatives, gzipped or not. It can also be dropped here.";
    if ui.add(file).accessible_name("IDX file").on_hover_text(tooltip).clicked() {
        context.commands.push(AppCommand::AskForDataFile);
    }
}

/// Where pairs lie in two folders that are not in one; and which of two pictures goes in.
fn second_folder(ui: &mut Ui, context: &mut TabContext, source: Option<&DataSource>) {
    let has_folder = source.is_some_and(|source| source.path().is_some());
    let second = Button::new((ICON_CREATE_NEW_FOLDER.rich_text().size(16.0), "Outputs…"));
    let second = ui.add_enabled(has_folder, second).accessible_name("Folder of outputs");
    let tooltip = "What should come out lies in a folder of its own, under the same names";
    let second = second.on_hover_text(tooltip).on_disabled_hover_text("First the folder of inputs");
    if second.clicked() {
        context.commands.push(AppCommand::AskForOutputs);
    }
    let Some(source) = source.filter(|source| source.path().is_some()) else { return };
    let swap = Button::new(ICON_SWAP_HORIZ.rich_text().size(16.0));
    let swap = ui.add(swap).accessible_name("Exchange input and output");
    if swap.on_hover_text("Exchange input and output").clicked() {
        want(context, TrainCommand::SetSource(source.clone().reversed()));
    }
}

/// Pictures that were trained on before, of the kind that is wanted.
fn recent(ui: &mut Ui, context: &mut TabContext, pairs: bool) {
    let sources = context.state.settings.train.sources.iter();
    let recent: Vec<DataSource> = sources.filter(|old| old.is_pairs() == pairs).cloned().collect();
    let label = (RichText::new("Recent"), ICON_EXPAND_MORE.rich_text());
    let button = ui.add_enabled(!recent.is_empty(), Button::new(label));
    let button = button.accessible_name("Recent pictures");
    let about = "Pictures that were trained on before";
    let button = button.on_hover_text(about).on_disabled_hover_text("Nothing yet");
    Popup::menu(&button).show(|ui| {
        for source in recent {
            let label = ui.button(train::name_of(&source));
            if label.on_hover_text(source.place()).clicked() {
                want(context, TrainCommand::SetSource(source.clone()));
            }
        }
    });
}

/// An empty place says what belongs there.
fn nothing(ui: &mut Ui, context: &mut TabContext) {
    let (question, what, demo) = match context.state.train.setup.takes_pairs() {
        true => (
            "Which pairs shall it learn from?",
            "A folder of some hundred pairs or more: what goes in, and what should come out.",
            "Take the demo sketches",
        ),
        false => (
            "Which pictures shall it learn from?",
            "A folder of some hundred pictures or more of one kind; any size, any format.",
            "Take the demo faces",
        ),
    };
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.25);
        ui.label(RichText::new(question).heading());
        ui.weak(what);
        ui.weak("Drop it here, or begin with the faces that come with the program.");
        ui.add_space(UNIT);
        let button = Button::new((ICON_FACE.rich_text().size(16.0), demo));
        let button = ui.add(button.min_size(Vec2::new(24.0 * UNIT, 4.0 * UNIT)));
        let button = button.accessible_name(demo);
        if button.on_hover_text(Action::DemoData.tooltip(ui.ctx())).clicked() {
            context.commands.push(AppCommand::Do(Action::DemoData));
        }
    });
}

fn looking(ui: &mut Ui, context: &mut TabContext, (done, total): (usize, usize)) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.35);
        ui.label(match total {
            0 => format!("Looking for pictures: {done} found"),
            _ => format!("Looking at the pictures: {done} of {total}"),
        });
        let bar = ProgressBar::new(done as f32 / total.max(1) as f32);
        ui.add(bar.desired_width(30.0 * UNIT).desired_height(UNIT));
        if ui.button("Cancel").on_hover_text("Training can be started without a look").clicked() {
            want(context, TrainCommand::StopLooking);
        }
    });
}

fn not_looked(ui: &mut Ui, context: &mut TabContext) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.35);
        ui.weak("The pictures were not looked at.");
        let about = "Count them, find damaged and double ones, and see them as the network will";
        if ui.button("Look at the pictures").on_hover_text(about).clicked() {
            want(context, TrainCommand::Look);
        }
    });
}

fn failed(ui: &mut Ui, context: &mut TabContext, why: &str) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.25);
        let bad = theme::palette(ui).bad;
        ui.label(RichText::new("These pictures cannot be used").heading());
        ui.add(Label::new(RichText::new(why).color(bad)).wrap());
        if context.state.train.setup.source.is_some()
            && ui.button("Look again").on_hover_text("After something was put right").clicked()
        {
            want(context, TrainCommand::Look);
        }
    });
}

/// What the pictures are like, and a page of them.
fn seen(ui: &mut Ui, context: &mut TabContext) {
    let setup = &context.state.train.setup;
    let colours = theme::palette(ui);
    let is_stale = setup.looked_at.as_ref().is_some_and(|(_, target, framing)| {
        *target != setup.config.target() || *framing != setup.config.framing
    });
    ui.horizontal_wrapped(|ui| {
        for line in setup.lines() {
            let frame = Frame::new().fill(colours.raised).corner_radius(10);
            frame.inner_margin(Margin::symmetric(8, 3)).show(ui, |ui| {
                ui.spacing_mut().item_spacing.x = UNIT / 2.0;
                let ink = if line.is_warning { colours.bad } else { colours.ink };
                if line.is_warning {
                    ui.label(ICON_WARNING.rich_text().size(15.0).color(ink));
                }
                let label = Label::new(RichText::new(&line.text).color(ink)).selectable(false);
                ui.add(label).on_hover_text(&line.more);
            });
        }
    });
    let (height, width) = (setup.config.target().height, setup.config.target().width);
    let about = match is_stale {
        true => "The settings ask for another size or framing: look again to see that.".to_owned(),
        false if setup.takes_pairs() => {
            format!("As the network will see them, input and output, {width}×{height} each:")
        }
        false => format!("As the network will see them, {width}×{height}:"),
    };
    ui.horizontal(|ui| {
        ui.weak(about);
        if is_stale && ui.button("Look again").on_hover_text("With these settings").clicked() {
            want(context, TrainCommand::Look);
        }
    });
    let place = ui.available_rect_before_wrap();
    let response = ui.allocate_rect(place, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Samples of the data"));
    let Some(texture) = context.screen.samples.texture() else {
        words(ui, place, "No pictures to show", colours.faint);
        return;
    };
    let [width, height] = context.screen.samples.size();
    let sheet = Vec2::new(width as f32, height as f32);
    let fitted = sheet * (place.size() / sheet).min_elem();
    let rect = Rect::from_min_size(place.min, fitted);
    let uv = Rect::from_min_max(Pos2::ZERO, Pos2::new(1.0, 1.0));
    ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
}

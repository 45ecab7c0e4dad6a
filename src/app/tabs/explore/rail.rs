//! A slider that grows from its middle: for values around 0.

use eframe::egui::accesskit::{Action, ActionData};
use eframe::egui::{
    CornerRadius, CursorIcon, EventFilter, Id, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo,
    pos2,
};

use crate::app::theme::{self, UNIT};

/// Radius of the handle.
const HANDLE: f32 = 7.0;
/// How much slower the handle follows while Shift is held.
const FINE: f32 = 0.1;

/// What a rail shows.
pub struct Rail<'a> {
    /// Its name for screen readers.
    pub name: &'a str,
    /// The value.
    pub value: f32,
    /// Its ends.
    pub low: f32,
    /// Its ends.
    pub high: f32,
    /// Where the filled part begins.
    pub origin: f32,
    /// What a double click goes back to; the rail has a mark there.
    pub usual: f32,
    /// Whether it may be moved by accident.
    pub dimmed: bool,
}

/// A drag in which Shift was pressed goes on relative to the pointer, so that it does not jump when
/// Shift is let go.
#[derive(Clone, Copy, Default)]
struct Drag {
    relative: bool,
    value: f32,
}

impl Rail<'_> {
    /// Draws the rail into `size`; the second is the new value, if the person moved it.
    pub fn show(self, ui: &mut Ui, size: Vec2) -> (Response, Option<f32>) {
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let travel = rect.shrink2(Vec2::new(HANDLE + 1.0, 0.0));
        let moved = self.moved(ui, &response, travel);
        let value = moved.unwrap_or(self.value);
        response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), f64::from(value), self.name));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_min_numeric_value(f64::from(self.low));
            node.set_max_numeric_value(f64::from(self.high));
            node.set_numeric_value_step(0.1);
            node.add_action(Action::SetValue);
            node.add_action(Action::Increment);
            node.add_action(Action::Decrement);
        });
        if ui.is_rect_visible(rect) {
            self.paint(ui, &response, travel, value);
        }
        let response = response.on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        (response, moved)
    }

    /// The value that the person gives in this frame.
    fn moved(&self, ui: &Ui, response: &Response, travel: Rect) -> Option<f32> {
        if response.has_focus() {
            // The arrow keys move the value; egui would move the focus.
            let filter = EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                ..EventFilter::default()
            };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        if let Some(value) = self.asked_by_screen_reader(ui, response.id) {
            return Some(value);
        }
        if response.double_clicked() {
            return Some(self.usual);
        }
        let pointer = response.interact_pointer_pos()?;
        if !response.is_pointer_button_down_on() && !response.dragged() {
            return None;
        }
        let per_point = (self.high - self.low) / travel.width().max(1.0);
        let (fine, pressed) = ui.input(|i| (i.modifiers.shift, i.pointer.primary_pressed()));
        if ui.input(|i| !i.pointer.primary_down()) {
            return None;
        }
        let mut drag: Drag = if pressed {
            Drag { relative: fine, value: self.value }
        } else {
            ui.data(|data| data.get_temp(response.id)).unwrap_or_default()
        };
        if fine && !drag.relative {
            drag = Drag { relative: true, value: self.value };
        }
        let value = if drag.relative {
            let factor = if fine { FINE } else { 1.0 };
            drag.value += response.drag_delta().x * per_point * factor;
            drag.value
        } else {
            self.low + (pointer.x - travel.left()) * per_point
        };
        ui.data_mut(|data| data.insert_temp(response.id, drag));
        let value = value.clamp(self.low, self.high);
        // Close to the mark it is the mark: a hand can find 0 again.
        let value = if !drag.relative && (value - self.usual).abs() < 2.0 * per_point {
            self.usual
        } else {
            value
        };
        (value != self.value).then_some(value)
    }

    fn asked_by_screen_reader(&self, ui: &Ui, id: Id) -> Option<f32> {
        let step = 0.1;
        let value = ui.input(|input| {
            let set = input
                .accesskit_action_requests(id, Action::SetValue)
                .filter_map(|request| match request.data {
                    Some(ActionData::NumericValue(value)) => Some(value as f32),
                    _ => None,
                })
                .last();
            let up = input.num_accesskit_action_requests(id, Action::Increment) as f32;
            let down = input.num_accesskit_action_requests(id, Action::Decrement) as f32;
            set.or((up != down).then_some(self.value + (up - down) * step))
        })?;
        value.is_finite().then(|| value.clamp(self.low, self.high))
    }

    fn paint(&self, ui: &Ui, response: &Response, travel: Rect, value: f32) {
        let colours = theme::palette(ui);
        let painter = ui.painter();
        let middle = travel.center().y;
        let place = |value: f32| {
            let part = (value.clamp(self.low, self.high) - self.low) / (self.high - self.low);
            travel.left() + part * travel.width()
        };
        let bar = |from: f32, to: f32, thickness: f32| {
            Rect::from_x_y_ranges(
                from.min(to)..=from.max(to),
                middle - thickness / 2.0..=middle + thickness / 2.0,
            )
        };
        let round = CornerRadius::same(2);
        painter.rect_filled(bar(travel.left(), travel.right(), 4.0), round, colours.line);
        let origin = place(self.origin);
        let mark = pos2(place(self.usual), middle);
        let tick = Rect::from_center_size(mark, Vec2::new(2.0, UNIT + 2.0));
        painter.rect_filled(tick, 1.0, colours.line);
        let accent = if self.dimmed { colours.faint } else { colours.accent };
        let at = place(value);
        painter.rect_filled(bar(origin, at, 4.0), round, accent);
        let is_hot = response.hovered() || response.is_pointer_button_down_on();
        let radius = if is_hot { HANDLE } else { HANDLE - 1.0 };
        let edge = Stroke::new(2.0, colours.panel);
        painter.circle(pos2(at, middle), radius, accent, edge);
        if value < self.low || value > self.high {
            // Beyond the end: typed, not dragged.
            painter.circle_filled(pos2(at, middle), 2.0, colours.panel);
        }
        if response.has_focus() {
            let ring = Stroke::new(1.5, colours.accent);
            painter.circle_stroke(pos2(at, middle), radius + 3.0, ring);
        }
    }
}

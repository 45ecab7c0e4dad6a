//! Losses, verdicts and measures over the run: zoomed by the wheel, moved by dragging, together.

use std::ops::RangeInclusive;

use eframe::egui::{
    Button, Checkbox, Color32, Id, Response, RichText, Slider, Stroke, TextStyle, Ui, Vec2, Vec2b,
    vec2,
};
use egui_material_icons::icons::ICON_FIT_SCREEN;
use egui_plot::{
    Corner, GridMark, HoverPosition, Legend, Line, LineStyle, Plot, PlotPoints, PlotUi, Points,
    VLine,
};

use super::TabContext;
use super::want;
use crate::app::command::TrainCommand;
use crate::app::theme::{self, Palette, UNIT};
use crate::app::train::{ChartView, Curves, Mark, MarkKind, Run, Series};
use crate::train::metrics::{Measure, Measures};

/// The smallest value that a logarithmic scale shows.
const LEAST: f64 = 1e-4;
/// Most blocks of a line: a chart has about this many columns.
const COLUMNS: usize = 500;
/// Points from a mark in which the pointer is on it.
const NEAR: f32 = 5.0;

/// One line of a chart.
pub struct Curve {
    /// Its name.
    pub name: String,
    /// Its points `[kimg, value]`.
    pub points: Vec<[f64; 2]>,
    /// Its colour.
    pub colour: Color32,
    /// Whether it only stands behind another one.
    pub is_faint: bool,
    /// Whether its points are shown: where there are few.
    pub dots: bool,
}

/// Draws all charts of the run on screen.
pub fn show(ui: &mut Ui, context: &mut TabContext) {
    toolbar(ui, context);
    let view = context.state.train.charts;
    context.state.train.charts.fit = false;
    let Some(run) = context.state.train.shown() else { return };
    let colours = theme::palette(ui);
    if run.curves.is_empty() {
        let text = match run.phase.is_running() {
            true => "Losses and verdicts are drawn here from the first step on.",
            false => "This run has no steps yet.",
        };
        super::words(ui, ui.available_rect_before_wrap(), text, colours.faint);
        return;
    }
    let (swd, shares): (Vec<_>, Vec<_>) = Measure::ALL
        .into_iter()
        .filter(|measure| *measure != Measure::L1)
        .partition(|measure| *measure == Measure::Swd);
    let measured: Vec<(&str, Vec<Curve>)> = [("SWD", swd), ("Measures", shares)]
        .into_iter()
        .map(|(title, measures)| (title, measures_of(ui, run, &measures)))
        .filter(|(_, curves)| !curves.is_empty())
        .collect();
    let has_truths = run.config.spec.takes_pictures();
    let count = 2 + usize::from(has_truths) + measured.len();
    let gap = ui.spacing().item_spacing.y;
    let height = (ui.available_height() - gap * (count - 1) as f32) / count as f32;
    let height = height.max(9.0 * UNIT);
    let chart =
        |title, is_log, unit| Chart { title, height, is_log, unit, view, group: "run charts" };
    let losses = [(Series::LossD, colours.accent), (Series::LossG, colours.second)];
    let verdicts = [(Series::Real, colours.accent), (Series::Fake, colours.second)];
    chart("Losses", view.log, None)
        .show(ui, &run.marks, |range| series(&run.curves, &losses, range));
    chart("Verdicts", false, Some(0.0..=1.0))
        .show(ui, &run.marks, |range| series(&run.curves, &verdicts, range));
    if has_truths {
        let mut held_out = measures_of(ui, run, &[Measure::L1]);
        for curve in &mut held_out {
            (curve.name, curve.colour) = ("L1 of held-out pairs".into(), colours.second);
        }
        chart("L1", false, None).show(ui, &run.marks, |range| {
            let learnt = series(&run.curves, &[(Series::L1, colours.accent)], range);
            learnt.into_iter().chain(held_out).collect()
        });
    }
    for (title, curves) in measured {
        chart(title, false, None).show(ui, &run.marks, |_| curves);
    }
}

/// How the charts are drawn.
fn toolbar(ui: &mut Ui, context: &mut TabContext) {
    let view = context.state.train.charts;
    ui.horizontal(|ui| {
        let mut log = view.log;
        let about = "Losses on a logarithmic scale: small changes near 0 can be seen";
        if ui.add(Checkbox::new(&mut log, "Log")).on_hover_text(about).changed() {
            want(context, TrainCommand::SetLog(log));
        }
        let about = "Every value is averaged with those before it; what was measured stands faintly \
                     behind. 0 shows only that. Double-click for 0.98.";
        ui.label("Smoothing").on_hover_text(about);
        let mut smoothing = view.smoothing;
        ui.spacing_mut().slider_width = 12.0 * UNIT;
        // Towards 1 the memory grows ever faster: equal ways on the slider are equal factors.
        let mut half = -(1.0 - smoothing).max(1e-3).log10();
        let slider = Slider::new(&mut half, 0.0..=3.0).show_value(false);
        let response = ui.add(slider).accessible_name("Smoothing of charts").on_hover_text(about);
        if response.double_clicked() {
            half = 1.7;
        }
        if response.changed() || response.double_clicked() {
            smoothing = 1.0 - 10f32.powf(-half);
            want(context, TrainCommand::SetSmoothing(smoothing));
        }
        ui.weak(RichText::new(format!("{smoothing:.3}")).monospace());
        let fit = Button::new((ICON_FIT_SCREEN.rich_text().size(16.0), "Fit"));
        let about = "Show the whole run again. Wheel: zoom in time. Drag: move. Ctrl+wheel: zoom \
                     both ways. Right-drag: zoom to a box.";
        if ui.add(fit).accessible_name("Fit").on_hover_text(about).clicked() {
            want(context, TrainCommand::FitCharts);
        }
    });
}

/// Lines of `series`, faint as measured and smoothed in front.
fn series(curves: &Curves, series: &[(Series, Color32)], range: (f64, f64)) -> Vec<Curve> {
    let one = |is_smooth: bool| {
        series.iter().map(move |(series, colour)| Curve {
            name: series.title().into(),
            points: curves.line(*series, is_smooth, range, COLUMNS),
            colour: *colour,
            is_faint: !is_smooth,
            dots: false,
        })
    };
    one(false).chain(one(true)).collect()
}

fn measures_of(ui: &Ui, run: &Run, measures: &[Measure]) -> Vec<Curve> {
    let curve = |(i, measure): (usize, &Measure)| {
        let point = |m: &Measures| Some([m.images as f64 / 1e3, f64::from(measure.of(m)?)]);
        let points: Vec<_> = run.measures.iter().filter_map(point).collect();
        let (name, colour) = (measure.name().to_owned(), theme::hue(ui, i));
        (!points.is_empty()).then_some(Curve { name, points, colour, is_faint: false, dots: true })
    };
    measures.iter().enumerate().filter_map(curve).collect()
}

/// One chart.
pub struct Chart {
    /// Its name.
    pub title: &'static str,
    /// Its height in points.
    pub height: f32,
    /// Whether its values are drawn by their logarithms.
    pub is_log: bool,
    /// Values that are always in sight.
    pub unit: Option<RangeInclusive<f64>>,
    /// How it is looked at.
    pub view: ChartView,
    /// Charts of one group are moved together.
    pub group: &'static str,
}

impl Chart {
    /// Draws it; `lines` gives the lines between two places.
    pub fn show(
        self,
        ui: &mut Ui,
        marks: &[Mark],
        lines: impl FnOnce((f64, f64)) -> Vec<Curve>,
    ) -> Response {
        let colours = theme::palette(ui);
        let is_log = self.is_log;
        let text = move |value: f64| number(if is_log { 10f64.powf(value) } else { value });
        let near = move |position: &HoverPosition| match position {
            HoverPosition::NearDataPoint { plot_name, position, .. } if !plot_name.is_empty() => {
                let (x, y) = (position.x, text(position.y));
                Some(format!("{plot_name} {y} at {x:.1} kimg"))
            }
            _ => None,
        };
        let legend = Legend::default()
            .position(Corner::RightTop)
            .text_style(TextStyle::Small)
            .follow_insertion_order(true);
        let mut plot = Plot::new((self.group, self.title))
            .height(self.height)
            .width(ui.available_width())
            .min_size(Vec2::splat(6.0 * UNIT))
            .legend(legend)
            .allow_scroll(false)
            .grid_color(colours.line)
            .cursor_color(colours.line)
            .set_margin_fraction(vec2(0.01, 0.08))
            .y_axis_min_width(5.0 * UNIT)
            .label_formatter(near)
            .x_axis_formatter(|mark: GridMark, _: &RangeInclusive<f64>| kimg(mark.value))
            .y_axis_formatter(move |mark: GridMark, _: &RangeInclusive<f64>| text(mark.value))
            .link_axis(Id::unique(self.group), Vec2b::new(true, false))
            .include_x(0.0);
        if let Some(unit) = &self.unit {
            plot = plot.include_y(*unit.start()).include_y(*unit.end());
        }
        if self.view.fit {
            plot = plot.reset();
        }
        let found = plot.show(ui, |plot| {
            zoom(plot);
            let bounds = plot.plot_bounds();
            let range = match bounds.is_valid() {
                true => (bounds.min()[0], bounds.max()[0]),
                false => (0.0, f64::MAX),
            };
            // Without a range of its own, everything is needed to find one.
            let is_auto = plot.auto_bounds().x;
            let curves = lines(if is_auto { (0.0, 1e12) } else { range });
            for curve in curves {
                draw(plot, curve, is_log);
            }
            draw_marks(plot, marks, colours)
        });
        let name = format!("Chart {}", self.title);
        ui.ctx().accesskit_node_builder(found.response.id, |node| node.set_label(name));
        match found.inner {
            Some(text) => found.response.on_hover_text_at_pointer(text),
            None => found.response,
        }
    }
}

/// The wheel zooms in time.
fn zoom(plot: &mut PlotUi) {
    if !plot.response().hovered() {
        return;
    }
    let (wheel, is_both) =
        plot.ctx().input(|input| (input.smooth_scroll_delta().y, input.modifiers.command));
    if wheel != 0.0 && !is_both {
        plot.zoom_bounds_around_hovered(vec2((wheel / 200.0).exp(), 1.0));
    }
}

fn draw(plot: &mut PlotUi, curve: Curve, is_log: bool) {
    let mut points = curve.points;
    if is_log {
        points.iter_mut().for_each(|[_, y]| *y = y.max(LEAST).log10());
    }
    let colour = if curve.is_faint { curve.colour.gamma_multiply(0.3) } else { curve.colour };
    if curve.dots {
        let dots = Points::new(curve.name.clone(), PlotPoints::from(points.clone()));
        plot.points(dots.color(colour).radius(2.5));
    }
    let stroke = Stroke::new(if curve.is_faint { 1.0 } else { 1.75 }, colour);
    // What stands behind has no line in the legend, and is not pointed at.
    let name = if curve.is_faint { String::new() } else { curve.name };
    let line = Line::new(name, PlotPoints::from(points)).stroke(stroke);
    plot.line(line.allow_hover(!curve.is_faint));
}

/// Draws what happened; returns what the pointer is on.
fn draw_marks(plot: &mut PlotUi, marks: &[Mark], colours: &Palette) -> Option<String> {
    let pointer = plot.response().hover_pos();
    let mut texts = Vec::new();
    for mark in marks {
        let (colour, style) = match mark.kind {
            MarkKind::Saved => (colours.line, LineStyle::dotted_dense()),
            MarkKind::Grown => (colours.accent, LineStyle::dashed_dense()),
            MarkKind::Alert | MarkKind::RolledBack => (colours.bad, LineStyle::dashed_dense()),
        };
        let line = VLine::new("", mark.kimg).color(colour).style(style).width(1.0);
        plot.vline(line.allow_hover(false));
        let at = plot.screen_from_plot([mark.kimg, 0.0].into()).x;
        if pointer.is_some_and(|pointer| (pointer.x - at).abs() <= NEAR) {
            texts.push(format!("{:.1} kimg: {}", mark.kimg, mark.text));
        }
    }
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// A place on the axis of pictures shown. Its start says what they are counted in.
fn kimg(value: f64) -> String {
    if value == 0.0 { "0 kimg".into() } else { number(value) }
}

/// A number with as many digits as it needs.
fn number(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        0.0 => return "0".into(),
        s if s >= 100.0 => format!("{value:.0}"),
        s if s >= 10.0 => format!("{value:.1}"),
        s if s >= 0.1 => format!("{value:.2}"),
        s if s >= 0.001 => format!("{value:.4}"),
        _ => return format!("{value:.0e}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.25, "0.25"),
            (12.5, "12.5"),
            (500.0, "500"),
            (-0.004, "-0.004"),
            (0.00001, "1e-5"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}

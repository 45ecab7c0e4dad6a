//! The look: a calm ground, one accent, two sizes of text, everything on a grid of 8 points.

use eframe::egui::{
    self, Color32, Context, CornerRadius, FontFamily, FontId, Margin, Rect, Response, Shadow,
    Stroke, StrokeKind, TextStyle, Ui, Vec2, Visuals, style::HandleShape, style::WidgetVisuals,
};

use eframe::epaint::text::{FontInsert, FontPriority, InsertFontFamily};

use super::settings::Theme;

/// The grid.
pub const UNIT: f32 = 8.0;
/// Size of ordinary text and of headings.
const BODY: f32 = 14.0;
const HEADING: f32 = 18.0;

/// The colours of one theme.
#[derive(Debug, Clone, Copy)]
pub struct Palette {
    /// Behind the picture.
    pub ground: Color32,
    /// Bars and panels.
    pub panel: Color32,
    /// Buttons, fields.
    pub raised: Color32,
    /// A button under the pointer.
    pub hovered: Color32,
    /// Lines and rails.
    pub line: Color32,
    /// Text.
    pub ink: Color32,
    /// Text of less weight.
    pub faint: Color32,
    /// What is selected, and what one should look at.
    pub accent: Color32,
    /// A second line in a chart.
    pub second: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// Ground of a selected row.
    pub selected: Color32,
    /// Errors.
    pub bad: Color32,
}

/// Light ink on dark ground.
pub const DARK: Palette = Palette {
    ground: Color32::from_rgb(0x12, 0x14, 0x18),
    panel: Color32::from_rgb(0x1a, 0x1d, 0x23),
    raised: Color32::from_rgb(0x27, 0x2b, 0x33),
    hovered: Color32::from_rgb(0x32, 0x38, 0x42),
    line: Color32::from_rgb(0x3a, 0x40, 0x4c),
    ink: Color32::from_rgb(0xe7, 0xe9, 0xee),
    faint: Color32::from_rgb(0xa6, 0xad, 0xba),
    accent: Color32::from_rgb(0x5c, 0xc9, 0xb5),
    second: Color32::from_rgb(0xf0, 0xa8, 0x5c),
    on_accent: Color32::from_rgb(0x06, 0x24, 0x20),
    selected: Color32::from_rgb(0x20, 0x33, 0x34),
    bad: Color32::from_rgb(0xff, 0x8f, 0x85),
};

/// Dark ink on light ground.
pub const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xe6, 0xe8, 0xeb),
    panel: Color32::from_rgb(0xf7, 0xf8, 0xfa),
    raised: Color32::from_rgb(0xe8, 0xeb, 0xef),
    hovered: Color32::from_rgb(0xdb, 0xe0, 0xe6),
    line: Color32::from_rgb(0xc3, 0xc9, 0xd2),
    ink: Color32::from_rgb(0x1c, 0x20, 0x27),
    faint: Color32::from_rgb(0x4e, 0x56, 0x64),
    accent: Color32::from_rgb(0x0b, 0x72, 0x66),
    second: Color32::from_rgb(0x96, 0x4a, 0x0c),
    on_accent: Color32::from_rgb(0xff, 0xff, 0xff),
    selected: Color32::from_rgb(0xd8, 0xec, 0xe8),
    bad: Color32::from_rgb(0xab, 0x1f, 0x14),
};

/// The colours that `ui` is drawn in.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    of(ui.visuals().dark_mode)
}

/// The colours of the dark or the light theme.
pub fn of(dark: bool) -> &'static Palette {
    if dark { &DARK } else { &LIGHT }
}

/// Sets fonts and both themes up, once.
pub fn install(ctx: &Context) {
    let mut icons = egui_material_icons::font_insert();
    // Beside words of our size they would hang too low.
    icons.data.tweak.y_offset_factor = -0.04;
    ctx.add_font(icons);
    // The fixed-width face has signs that the other lacks, such as ⊙.
    ctx.add_font(FontInsert::new(
        "signs",
        egui::FontData::from_static(epaint_default_fonts::HACK_REGULAR),
        vec![InsertFontFamily { family: FontFamily::Proportional, priority: FontPriority::Lowest }],
    ));
    for (theme, palette) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(palette, theme == egui::Theme::Dark);
            let sizes = [
                (TextStyle::Small, FontId::proportional(BODY)),
                (TextStyle::Body, FontId::proportional(BODY)),
                (TextStyle::Button, FontId::proportional(BODY)),
                (TextStyle::Monospace, FontId::new(BODY - 1.0, FontFamily::Monospace)),
                (TextStyle::Heading, FontId::proportional(HEADING)),
            ];
            style.text_styles = sizes.into();
            style.drag_value_text_style = TextStyle::Monospace;
            style.animation_time = 0.08;
            let spacing = &mut style.spacing;
            spacing.item_spacing = Vec2::splat(UNIT);
            spacing.button_padding = Vec2::new(UNIT, UNIT / 2.0);
            spacing.interact_size = Vec2::new(3.0 * UNIT, 3.0 * UNIT);
            spacing.window_margin = Margin::same(2 * UNIT as i8);
            spacing.menu_margin = Margin::same(UNIT as i8);
            spacing.icon_width = 2.0 * UNIT;
            spacing.tooltip_width = 40.0 * UNIT;
            spacing.combo_width = 10.0 * UNIT;
            spacing.scroll = egui::style::ScrollStyle::thin();
        });
    }
}

/// Shows `theme` from now on.
pub fn apply(ctx: &Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::System => egui::ThemePreference::System,
        Theme::Light => egui::ThemePreference::Light,
        Theme::Dark => egui::ThemePreference::Dark,
    });
}

fn visuals(palette: &Palette, dark: bool) -> Visuals {
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    let corner = CornerRadius::same(6);
    let look = |fill, line, ink| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        fg_stroke: Stroke::new(1.0, ink),
        corner_radius: corner,
        expansion: 0.0,
    };
    let clear = Color32::TRANSPARENT;
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = look(palette.panel, palette.line, palette.ink);
    widgets.inactive = look(palette.raised, clear, palette.ink);
    widgets.hovered = look(palette.hovered, palette.line, palette.ink);
    widgets.active = look(palette.hovered, palette.accent, palette.ink);
    widgets.open = look(palette.hovered, palette.line, palette.ink);
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.weak_text_color = Some(palette.faint);
    visuals.hyperlink_color = palette.accent;
    visuals.error_fg_color = palette.bad;
    visuals.warn_fg_color = palette.bad;
    visuals.panel_fill = palette.panel;
    visuals.window_fill = palette.panel;
    visuals.window_stroke = Stroke::new(1.0, palette.line);
    visuals.faint_bg_color = palette.raised;
    visuals.extreme_bg_color = palette.ground;
    visuals.text_edit_bg_color = Some(palette.raised);
    visuals.code_bg_color = palette.raised;
    visuals.window_corner_radius = CornerRadius::same(UNIT as u8);
    visuals.menu_corner_radius = CornerRadius::same(UNIT as u8);
    let shadow = Shadow {
        offset: [0, 4],
        blur: 16,
        spread: 0,
        color: Color32::from_black_alpha(if dark { 120 } else { 40 }),
    };
    visuals.window_shadow = shadow;
    visuals.popup_shadow = shadow;
    visuals.handle_shape = HandleShape::Circle;
    visuals.slider_trailing_fill = true;
    visuals.text_cursor.stroke.color = palette.accent;
    visuals
}

/// Colours of lines in a chart that can be told apart.
pub fn hue(ui: &egui::Ui, i: usize) -> Color32 {
    let colours = palette(ui);
    let [blue, violet, green] = match ui.visuals().dark_mode {
        true => [[0x8a, 0xb4, 0xf8], [0xe0, 0x8a, 0xd8], [0xb5, 0xd4, 0x5f]],
        false => [[0x1f, 0x5f, 0xb5], [0x8f, 0x2a, 0x86], [0x4d, 0x69, 0x0c]],
    }
    .map(|[r, g, b]| Color32::from_rgb(r, g, b));
    let all = [colours.accent, colours.second, blue, violet, green, colours.bad, colours.ink];
    all[i % all.len()]
}

/// The line around a picture that is chosen, or under the pointer, on the given
/// side of its edge.
pub fn outline(ui: &Ui, response: &Response, picture: Rect, is_chosen: bool, kind: StrokeKind) {
    let colours = palette(ui);
    let stroke = match (is_chosen, response.hovered() || response.has_focus()) {
        (true, _) => Stroke::new(2.0, colours.accent),
        (false, true) => Stroke::new(1.0, colours.ink),
        (false, false) => return,
    };
    ui.painter().rect_stroke(picture, 2.0, stroke, kind);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1: (L₁ + 0.05) / (L₂ + 0.05), with relative luminance L.
    fn contrast(a: Color32, b: Color32) -> f32 {
        let luminance = |c: Color32| {
            let linear = |byte: u8| {
                let v = f32::from(byte) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
        };
        let (x, y) = (luminance(a), luminance(b));
        (x.max(y) + 0.05) / (x.min(y) + 0.05)
    }

    #[test]
    fn contrast_is_measured_right() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 0.01);
    }

    #[test]
    fn every_text_can_be_read() {
        for p in [DARK, LIGHT] {
            for ground in [p.ground, p.panel, p.raised, p.hovered, p.selected] {
                for ink in [p.ink, p.faint] {
                    assert!(contrast(ink, ground) >= 4.5, "{ink:?} on {ground:?}");
                }
            }
            for ground in [p.ground, p.panel, p.raised] {
                assert!(contrast(p.accent, ground) >= 4.5, "accent on {ground:?}");
                assert!(contrast(p.second, ground) >= 4.5, "second on {ground:?}");
                assert!(contrast(p.bad, ground) >= 4.5, "error on {ground:?}");
            }
            assert!(contrast(p.on_accent, p.accent) >= 4.5);
        }
    }
}

//! What is remembered between two starts of the window.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::blend::Inputs;
use super::gallery::GalleryOrder;
use super::train::TrainPlace;
use super::translate::TranslatePlace;
use crate::checkpoint::Bundled;
use crate::device::DeviceChoice;
use crate::disk;
use crate::error::{Error, Result};
use crate::latent::Latent;

/// Recent models that are listed.
const RECENT: usize = 8;
/// A larger file is not ours.
const MAX_BYTES: u64 = 1 << 20;

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Dark ink on light ground.
    Light,
    /// Light ink on dark ground.
    Dark,
}

/// Order of the sliders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// The dimension that changes the picture most comes first.
    #[default]
    Influence,
    /// 0, 1, 2, ….
    Number,
}

/// Order of the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShelfOrder {
    /// What was kept last comes first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// What is most like the face in Explore comes first.
    Nearest,
}

/// How pixels are enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enlarge {
    /// Without visible pixels.
    #[default]
    Smooth,
    /// Every pixel a square.
    Crisp,
}

/// Where the person left off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Name of the model that the latent belongs to.
    pub model: String,
    /// The latent before truncation.
    pub latent: Latent,
    /// The truncation.
    pub psi: f32,
    /// The selected dimension.
    pub selected: usize,
    /// Locked dimensions.
    pub locked: Vec<usize>,
}

/// What was blended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlendPlace {
    /// Name of the model that the slots belong to.
    pub model: String,
    /// Slots, results, grid.
    pub inputs: Inputs,
}

/// Everything that is remembered. Unknown or missing entries are no error: a file of another
/// version is read as far as it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// Order of the sliders.
    pub sort: Sort,
    /// Order of the library.
    pub shelf_order: ShelfOrder,
    /// How pixels are enlarged.
    pub enlarge: Enlarge,
    /// How far Mutate goes, from 0 to 1.
    pub mutation: f32,
    /// Where networks are computed, if the command line does not say.
    pub device: DeviceChoice,
    /// The model that was open; none is one that comes with the program.
    pub model: Option<PathBuf>,
    /// Which of those.
    pub bundled: Bundled,
    /// Models that were opened, newest first.
    pub recent: Vec<PathBuf>,
    /// Folder whose models were shown last.
    pub models: Option<PathBuf>,
    /// Order in which they are shown.
    pub gallery_order: GalleryOrder,
    /// Folder of the file that was saved last.
    pub folder: Option<PathBuf>,
    /// Where the person left off.
    pub place: Option<Place>,
    /// What was blended.
    pub blend: Option<BlendPlace>,
    /// The tab Translate.
    pub translate: TranslatePlace,
    /// The tab Train.
    pub train: TrainPlace,
    /// Whether the list of everything that was done is open.
    pub shows_history: bool,
    /// Whether a slider has ever been moved: then nobody needs to be told.
    pub has_dragged: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            sort: Sort::default(),
            shelf_order: ShelfOrder::default(),
            enlarge: Enlarge::default(),
            mutation: 0.25,
            device: DeviceChoice::default(),
            model: None,
            bundled: Bundled::default(),
            recent: Vec::new(),
            models: None,
            gallery_order: GalleryOrder::default(),
            folder: None,
            place: None,
            blend: None,
            translate: TranslatePlace::default(),
            train: TrainPlace::default(),
            shows_history: false,
            has_dragged: false,
        }
    }
}

impl Settings {
    /// Where they are kept, if this system has a place for such files.
    pub fn default_path() -> Option<PathBuf> {
        disk::config_folder().map(|folder| folder.join("window.json"))
    }

    /// Reads what was kept. A missing or damaged file gives the defaults: nobody should be kept
    /// from the program by its memory.
    pub fn load(path: &Path) -> Self {
        let read = disk::read_limited(path, MAX_BYTES).ok();
        let mut settings: Self =
            read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        settings.recent.truncate(RECENT);
        if !settings.mutation.is_finite() {
            settings.mutation = Self::default().mutation;
        }
        settings.mutation = settings.mutation.clamp(0.01, 1.0);
        settings
    }

    /// Writes them, all or nothing.
    ///
    /// # Errors
    /// [`Error::Io`] if the folder cannot be made or the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io("make the folder", folder))?;
        }
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::bad_setting("settings", error.to_string()))?;
        disk::write_atomic(path, &text)
    }

    /// Puts `path` at the head of the recent models.
    pub fn remember_model(&mut self, path: &Path) {
        self.recent.retain(|old| old != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(RECENT);
    }

    /// Takes `path` off the recent models.
    pub fn forget_model(&mut self, path: &Path) {
        self.recent.retain(|old| old != path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/window.json");
        assert_eq!(Settings::load(&path), Settings::default());
        let mut settings = Settings { theme: Theme::Dark, mutation: 0.5, ..Settings::default() };
        for i in 0..20 {
            settings.remember_model(Path::new(&format!("{}.safetensors", i % 10)));
        }
        assert_eq!(settings.recent.len(), RECENT);
        assert_eq!(settings.recent[0], Path::new("9.safetensors"));
        settings.forget_model(Path::new("8.safetensors"));
        assert_eq!(settings.recent.len(), RECENT - 1);
        assert_eq!(settings.recent[1], Path::new("7.safetensors"));
        settings.models = Some("/home/models".into());
        settings.gallery_order = GalleryOrder::Newest;
        settings.place = Some(Place {
            model: "faces".into(),
            latent: Latent::zero(2).with(1, 0.1),
            psi: 0.7,
            selected: 1,
            locked: vec![0],
        });
        settings.save(&path).unwrap();
        assert_eq!(Settings::load(&path), settings);
    }

    #[test]
    fn a_damaged_or_older_file_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("window.json");
        std::fs::write(&path, b"{\"theme\": \"dar").unwrap();
        assert_eq!(Settings::load(&path), Settings::default());
        std::fs::write(&path, b"{\"theme\": \"dark\", \"unheard-of\": 3, \"mutation\": 9}")
            .unwrap();
        let settings = Settings::load(&path);
        assert_eq!((settings.theme, settings.mutation), (Theme::Dark, 1.0));
    }
}

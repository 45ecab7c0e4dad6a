//! `latentscape devices`: where networks can be computed here.

use clap::Args;
use serde_json::json;

use super::console;
use crate::device::{self, DeviceChoice};
use crate::error::{Error, Result};

/// List where networks can be computed
#[derive(Debug, Args)]
pub struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints a line for each kind of device.
pub fn run(args: &DevicesArgs) -> Result<()> {
    let auto = DeviceChoice::Auto.open()?;
    let devices = device::list();
    if args.json {
        let devices: Vec<_> = devices
            .iter()
            .map(|(name, found)| match found {
                Ok(what) => json!({ "name": name, "usable": true, "what": what }),
                Err(error) => json!({ "name": name, "usable": false, "why": why(error) }),
            })
            .collect();
        let all = json!({ "auto": auto.name, "devices": devices });
        return console::result(&format!("{all:#}"));
    }
    let mut rows = vec![vec!["auto".to_owned(), format!("takes {}", auto.name)]];
    rows.extend(devices.iter().map(|(name, found)| {
        let what = found.as_ref().map_or_else(|error| format!("no: {}", why(error)), String::clone);
        vec![name.clone(), what]
    }));
    console::result(&console::table(&rows, usize::MAX))
}

/// The reason without the device's name, which stands before it already.
fn why(error: &Error) -> String {
    match error {
        Error::NoDevice { why, .. } => why.clone(),
        other => other.to_string(),
    }
}

//! Points in time, as they stand in a library: `2026-11-22T06:56:07.123Z`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 (UTC).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub u64);

const DAY: u64 = 86_400_000;

impl Moment {
    /// The clock's time.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(since.as_millis() as u64)
    }
}

/// Year, month and day of a day counted from 1970 (Hinnant, "chrono-compatible low-level date
/// algorithms": years that begin in March put the odd day at their end).
fn date(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// The other way round.
fn day(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let march_month = (month + 9) % 12;
    let day_of_year = (153 * march_month + 2) / 5 + day - 1;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let ((year, month, day), rest) = (date(self.0 / DAY), self.0 % DAY);
        let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match rest % 1000 {
            0 => f.write_str("Z"),
            millis => write!(f, ".{millis:03}Z"),
        }
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parse = || -> Option<u64> {
            let (day_text, time) = text.strip_suffix('Z')?.split_once('T')?;
            let (clock, millis) = time.split_once('.').unwrap_or((time, "0"));
            let numbers = |text: &str, by: char| -> Option<[u64; 3]> {
                let all: Option<Vec<u64>> = text.split(by).map(|n| n.parse().ok()).collect();
                all?.try_into().ok()
            };
            let ([year, month, d], [hour, minute, second]) =
                (numbers(day_text, '-')?, numbers(clock, ':')?);
            let fits = (1970..=9999).contains(&year)
                && (1..=12).contains(&month)
                && (1..=31).contains(&d)
                && hour < 24
                && minute < 60
                && second < 61
                && millis.len() <= 3;
            let millis: u64 = format!("{millis:0<3}").parse().ok()?;
            fits.then(|| {
                day(year, month, d) * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + millis
            })
        };
        parse()
            .map(Self)
            .ok_or_else(|| format!("\"{text:.40}\" is not a time such as 2026-01-31T12:00:00Z"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_102_444_800_007, "2100-01-01T00:00:00.007Z"),
        ] {
            assert_eq!(Moment(millis).to_string(), text);
            assert_eq!(Moment::try_from(text.to_owned()), Ok(Moment(millis)));
        }
    }

    #[test]
    fn every_day_reads_back() {
        for day in 0..150_000 {
            let moment = Moment(day * DAY + day);
            assert_eq!(Moment::try_from(moment.to_string()), Ok(moment));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-01-01", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00"] {
            assert!(Moment::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}

//! A point in time with the zone in which it is shown (`time.Time`).

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Where a time is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Zone {
    /// UTC, by that name.
    Utc,
    /// A fixed offset in seconds, with the name that was read with it; may be empty.
    Fixed { name: String, offset: i32 },
    /// A zone of the tz database.
    Named(TimeZone),
}

/// The tz database that is built in.
static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

impl Zone {
    /// `time.LoadLocation`: `None` for what the database does not have.
    pub(crate) fn load(name: &str) -> Option<Self> {
        match name {
            "" | "UTC" | "Local" => Some(Self::Utc),
            name => DATABASE.get(name).ok().map(Self::Named),
        }
    }

    /// Abbreviation and offset at that time.
    fn at(&self, seconds: i64) -> (String, i32) {
        match self {
            Self::Utc => ("UTC".to_owned(), 0),
            Self::Fixed { name, offset } => (name.clone(), *offset),
            Self::Named(zone) => {
                let clamped =
                    seconds.clamp(jiff::Timestamp::MIN.as_second(), jiff::Timestamp::MAX.as_second());
                let timestamp = jiff::Timestamp::from_second(clamped).unwrap_or_default();
                let info = zone.to_offset_info(timestamp);
                (info.abbreviation().to_owned(), info.offset().seconds())
            }
        }
    }
}

/// Go's `time.Time`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Time {
    /// Seconds since 1970.
    pub(crate) seconds: i64,
    /// Nanoseconds beyond, 0 to 999,999,999.
    pub(crate) nanoseconds: u32,
    /// How it is shown.
    pub(crate) zone: Zone,
}

/// The zero `time.Time`: the first of January of year 1.
const ZERO_SECONDS: i64 = -62_135_596_800;

/// A time cut into what clocks and calendars show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    pub(crate) day: i64,
    /// 1 to 366.
    pub(crate) year_day: i64,
    /// 0 is Sunday.
    pub(crate) weekday: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) zone: String,
    /// Seconds east of UTC.
    pub(crate) offset: i64,
}

impl Time {
    /// The zero time, in UTC.
    pub(crate) fn zero() -> Self {
        Self::unix(ZERO_SECONDS)
    }

    /// `time.Unix(seconds, 0)` in UTC.
    pub(crate) fn unix(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0, zone: Zone::Utc }
    }

    /// A point in time in UTC.
    pub(crate) fn from_timestamp(timestamp: jiff::Timestamp) -> Self {
        let nanoseconds = timestamp.as_nanosecond();
        Self {
            seconds: i64::try_from(nanoseconds.div_euclid(1_000_000_000)).unwrap_or_default(),
            nanoseconds: u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).unwrap_or_default(),
            zone: Zone::Utc,
        }
    }

    /// The time at which a clock in that zone shows this; the fields may overflow as in Go's `time.Date`.
    pub(crate) fn date(date: (i64, i64, i64), clock: (i64, i64, i64), nanoseconds: u32, zone: Zone) -> Self {
        let days = days_from_civil(date.0, date.1, date.2);
        let seconds = days * 86_400 + clock.0 * 3600 + clock.1 * 60 + clock.2;
        let offset = i64::from(zone.at(seconds).1);
        let first = seconds - offset;
        let again = i64::from(zone.at(first).1);
        Self { seconds: seconds - again, nanoseconds, zone }
    }

    /// `Time.Add`; saturates where Go wraps around.
    pub(crate) fn add(&self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanoseconds) + nanoseconds.rem_euclid(1_000_000_000);
        let seconds =
            self.seconds.saturating_add(nanoseconds.div_euclid(1_000_000_000) + total / 1_000_000_000);
        let nanoseconds = u32::try_from(total % 1_000_000_000).unwrap_or_default();
        Self { seconds, nanoseconds, zone: self.zone.clone() }
    }

    /// `self - other`, saturating as `Time.Sub` does.
    pub(crate) fn since(&self, other: &Self) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let total = seconds * 1_000_000_000 + i128::from(self.nanoseconds) - i128::from(other.nanoseconds);
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }

    /// The same time shown in another zone.
    pub(crate) fn within(&self, zone: Zone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// Whether it is the zero time.
    pub(crate) fn is_zero(&self) -> bool {
        self.seconds == ZERO_SECONDS && self.nanoseconds == 0
    }

    /// What calendar and clock show.
    pub(crate) fn civil(&self) -> Civil {
        let (zone, offset) = self.zone.at(self.seconds);
        let offset = i64::from(offset);
        let local = self.seconds.saturating_add(offset);
        let (days, clock) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            year_day: days - days_from_civil(year, 1, 1) + 1,
            weekday: (days + 4).rem_euclid(7),
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
            zone,
            offset,
        }
    }

    /// `Time.String`.
    pub(crate) fn string(&self) -> String {
        super::format::format(self, "2006-01-02 15:04:05.999999999 -0700 MST")
    }
}

/// Whether the year has a 29th of February.
pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of a month, 1 to 12.
pub(crate) fn days_in(month: i64, year: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 (Howard Hinnant's algorithm); months and days may overflow.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    let shifted = year - i64::from(month <= 2);
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468 + day - 1
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

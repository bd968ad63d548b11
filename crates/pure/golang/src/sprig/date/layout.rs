//! Go's layouts: text in which the parts of "Mon Jan 2 15:04:05 MST 2006" stand for what to show.

/// One part of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// An offset; `zulu` writes `Z` for none.
    Offset {
        zulu: bool,
        form: OffsetForm,
    },
    /// A fraction with this many digits, its zeros kept or dropped.
    Fraction {
        digits: usize,
        zeros: bool,
        comma: bool,
    },
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OffsetForm {
    /// `-0700`
    Plain,
    /// `-07:00`
    Colon,
    /// `-070000`
    Seconds,
    /// `-07`
    Short,
    /// `-07:00:00`
    ColonSeconds,
}

const FORMS: &[(&str, OffsetForm)] = &[
    ("070000", OffsetForm::Seconds),
    ("07:00:00", OffsetForm::ColonSeconds),
    ("0700", OffsetForm::Plain),
    ("07:00", OffsetForm::Colon),
    ("07", OffsetForm::Short),
];

const LONG: &[(&str, Part)] = &[
    ("January", Part::LongMonth),
    ("Monday", Part::LongWeekDay),
    ("MST", Part::ZoneName),
    ("002", Part::ZeroYearDay),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("15", Part::Hour),
    ("2006", Part::LongYear),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("PM", Part::UpperPm),
    ("pm", Part::LowerPm),
    ("1", Part::NumMonth),
    ("2", Part::Day),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
];

/// The text before the first part, the part, its text, and what follows (`nextStdChunk`). No part: the whole
/// layout is plain text.
pub(super) fn next(layout: &str) -> (&str, Option<(Part, &str)>, &str) {
    for (at, _) in layout.char_indices() {
        let Some((before, rest)) = layout.split_at_checked(at) else { break };
        // `_2006` is an underscore before a year.
        if rest.starts_with("_2006") {
            let (before, rest) = layout.split_at(at + 1);
            let (text, behind) = rest.split_at(4);
            return (before, Some((Part::LongYear, text)), behind);
        }
        if let Some((part, length)) = part_at(rest) {
            let (text, behind) = rest.split_at(length);
            return (before, Some((part, text)), behind);
        }
    }
    (layout, None, "")
}

fn part_at(rest: &str) -> Option<(Part, usize)> {
    if let Some((text, part)) = LONG.iter().find(|(text, _)| rest.starts_with(text)) {
        return Some((*part, text.len()));
    }
    let lower_follows = |text: &str| rest.as_bytes().get(text.len()).is_some_and(u8::is_ascii_lowercase);
    for (text, part) in [("Jan", Part::Month), ("Mon", Part::WeekDay)] {
        if rest.starts_with(text) && !lower_follows(text) {
            return Some((part, 3));
        }
    }
    if let Some(behind) = rest.strip_prefix(['-', 'Z']) {
        let zulu = rest.starts_with('Z');
        let (text, form) = FORMS.iter().find(|(text, _)| behind.starts_with(text))?;
        return Some((Part::Offset { zulu, form: *form }, 1 + text.len()));
    }
    let behind = rest.strip_prefix(['.', ','])?;
    let digit = behind.bytes().next().filter(|byte| matches!(byte, b'0' | b'9'))?;
    let digits = behind.bytes().take_while(|byte| *byte == digit).count();
    if behind.as_bytes().get(digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let comma = rest.starts_with(',');
    Some((Part::Fraction { digits, zeros: digit == b'0', comma }, 1 + digits))
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

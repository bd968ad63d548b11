//! `time.ParseInLocation` with UTC as the location (source followed: `time/format.go` of Go 1.26).

use super::layout::{DAYS, MONTHS, OffsetForm, Part, next};
use super::time::{Time, Zone, days_in, is_leap};

/// `time.quote`: like `strconv.Quote`, but every byte outside ASCII in hexadecimal.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=0x7f => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// Why a value does not fit its part.
enum Misfit {
    Bad,
    Range(&'static str),
}

type Fit<T> = Result<T, Misfit>;

/// The time that `value` shows in that layout; fails with Go's text.
pub(crate) fn parse(layout: &str, value: &str) -> Result<Time, String> {
    let mut reader = Reader { rest: value, ..Reader::default() };
    let mut rest = layout;
    let cannot = |held: &str, part: &str| {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quote(value),
            quote(layout),
            quote(held),
            quote(part)
        )
    };
    let out_of = |what: &str| format!("parsing time {}{what}", quote(value));
    loop {
        let (before, part, behind) = next(rest);
        reader.skip(before).map_err(|held| cannot(held, before))?;
        let Some((part, text)) = part else {
            if !reader.rest.is_empty() {
                return Err(out_of(&format!(": extra text: {}", quote(reader.rest))));
            }
            break;
        };
        let held = reader.rest;
        reader.read(part, behind).map_err(|misfit| match misfit {
            Misfit::Bad => cannot(held, text),
            Misfit::Range(what) => out_of(&format!(": {what} out of range")),
        })?;
        rest = behind;
    }
    reader.finish().map_err(out_of)
}

#[derive(Default)]
struct Reader<'a> {
    rest: &'a str,
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    clock: (i64, i64, i64),
    nanoseconds: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: String,
}

impl<'a> Reader<'a> {
    /// Takes plain text; runs of spaces are alike. Fails with where it stopped.
    fn skip(&mut self, plain: &str) -> Result<(), &'a str> {
        let mut plain = plain;
        while !plain.is_empty() {
            if plain.starts_with(' ') {
                if !self.rest.is_empty() && !self.rest.starts_with(' ') {
                    return Err(self.rest);
                }
                plain = plain.trim_start_matches(' ');
                self.rest = self.rest.trim_start_matches(' ');
                continue;
            }
            let mut runes = plain.chars();
            let Some(rune) = runes.next() else { break };
            self.rest = self.rest.strip_prefix(rune).ok_or(self.rest)?;
            plain = runes.as_str();
        }
        Ok(())
    }

    fn read(&mut self, part: Part, behind: &str) -> Fit<()> {
        match part {
            Part::Year => {
                let year = self.digits(2)?;
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Part::LongYear => self.year = self.digits(4)?,
            Part::LongMonth => self.month = Some(self.lookup(&MONTHS, usize::MAX)? + 1),
            Part::Month => self.month = Some(self.lookup(&MONTHS, 3)? + 1),
            Part::LongWeekDay => drop(self.lookup(&DAYS, usize::MAX)?),
            Part::WeekDay => drop(self.lookup(&DAYS, 3)?),
            Part::NumMonth | Part::ZeroMonth => {
                self.month = Some(within(self.number(2, part == Part::ZeroMonth)?, 1..=12, "month")?);
            }
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                if part == Part::UnderDay {
                    self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                }
                self.day = Some(self.number(2, part == Part::ZeroDay)?);
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                if part == Part::UnderYearDay {
                    self.rest =
                        self.rest.strip_prefix("  ").or(self.rest.strip_prefix(' ')).unwrap_or(self.rest);
                }
                self.year_day = Some(self.number(3, part == Part::ZeroYearDay)?);
            }
            Part::Hour => self.clock.0 = within(self.number(2, false)?, 0..=23, "hour")?,
            Part::Hour12 | Part::ZeroHour12 => {
                self.clock.0 = within(self.number(2, part == Part::ZeroHour12)?, 0..=12, "hour")?;
            }
            Part::Minute | Part::ZeroMinute => {
                self.clock.1 = within(self.number(2, part == Part::ZeroMinute)?, 0..=59, "minute")?;
            }
            Part::Second | Part::ZeroSecond => {
                self.clock.2 = within(self.number(2, part == Part::ZeroSecond)?, 0..=59, "second")?;
                // A fraction may follow although the layout has none.
                if !matches!(next(behind).1, Some((Part::Fraction { .. }, _))) {
                    self.fraction();
                }
            }
            Part::UpperPm => self.afternoon = Some(self.half("AM", "PM")?),
            Part::LowerPm => self.afternoon = Some(self.half("am", "pm")?),
            Part::Offset { zulu, form } => self.offset(zulu, form)?,
            Part::ZoneName => self.zone_name()?,
            Part::Fraction { digits, zeros: true, .. } => self.exact_fraction(digits)?,
            Part::Fraction { zeros: false, .. } => self.fraction(),
        }
        Ok(())
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Fit<i64> {
        let (head, tail) = self.rest.split_at_checked(count).ok_or(Misfit::Bad)?;
        if !head.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Misfit::Bad);
        }
        self.rest = tail;
        head.parse().map_err(|_| Misfit::Bad)
    }

    /// Up to so many digits, or exactly so many.
    fn number(&mut self, most: usize, fixed: bool) -> Fit<i64> {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count == 0 || (fixed && count != most) {
            return Err(Misfit::Bad);
        }
        self.digits(count)
    }

    /// The index of the name that stands here, whatever its case.
    fn lookup(&mut self, names: &[&str], length: usize) -> Fit<i64> {
        for (index, name) in (0..).zip(names) {
            let name = name.get(..length.min(name.len())).unwrap_or(name);
            if let Some((head, tail)) = self.rest.split_at_checked(name.len())
                && head.eq_ignore_ascii_case(name)
            {
                self.rest = tail;
                return Ok(index);
            }
        }
        Err(Misfit::Bad)
    }

    fn half(&mut self, morning: &str, afternoon: &str) -> Fit<bool> {
        let (head, tail) = self.rest.split_at_checked(2).ok_or(Misfit::Bad)?;
        if head != morning && head != afternoon {
            return Err(Misfit::Bad);
        }
        self.rest = tail;
        Ok(head == afternoon)
    }

    fn offset(&mut self, zulu: bool, form: OffsetForm) -> Fit<()> {
        if zulu && let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            self.utc = true;
            return Ok(());
        }
        let sign = self.rest.strip_prefix('-').map(|rest| (-1, rest));
        let (sign, rest) = sign.or(self.rest.strip_prefix('+').map(|rest| (1, rest))).ok_or(Misfit::Bad)?;
        self.rest = rest;
        let colon = matches!(form, OffsetForm::Colon | OffsetForm::ColonSeconds);
        let hours = self.digits(2)?;
        let mut minutes = 0;
        let mut seconds = 0;
        if form != OffsetForm::Short {
            self.colon(colon)?;
            minutes = self.digits(2)?;
        }
        if matches!(form, OffsetForm::Seconds | OffsetForm::ColonSeconds) {
            self.colon(colon)?;
            seconds = self.digits(2)?;
        }
        within(hours, 0..=24, "time zone offset hour")?;
        within(minutes, 0..=60, "time zone offset minute")?;
        within(seconds, 0..=60, "time zone offset second")?;
        self.offset = i32::try_from(sign * (hours * 3600 + minutes * 60 + seconds)).ok();
        Ok(())
    }

    fn colon(&mut self, wanted: bool) -> Fit<()> {
        if wanted {
            self.rest = self.rest.strip_prefix(':').ok_or(Misfit::Bad)?;
        }
        Ok(())
    }

    fn zone_name(&mut self) -> Fit<()> {
        if let Some(rest) = self.rest.strip_prefix("UTC") {
            self.rest = rest;
            self.utc = true;
            return Ok(());
        }
        let (name, rest) =
            zone_length(self.rest).and_then(|at| self.rest.split_at_checked(at)).ok_or(Misfit::Bad)?;
        name.clone_into(&mut self.zone);
        self.rest = rest;
        Ok(())
    }

    fn exact_fraction(&mut self, digits: usize) -> Fit<()> {
        let rest = self.rest.strip_prefix(['.', ',']).ok_or(Misfit::Bad)?;
        let (head, tail) = rest.split_at_checked(digits).ok_or(Misfit::Bad)?;
        if !head.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Misfit::Bad);
        }
        self.nanoseconds = nanoseconds(head);
        self.rest = tail;
        Ok(())
    }

    /// A fraction with any number of digits, when there is one.
    fn fraction(&mut self) {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else { return };
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if count > 0 {
            let (head, tail) = rest.split_at(count);
            self.nanoseconds = nanoseconds(head);
            self.rest = tail;
        }
    }

    fn finish(mut self) -> Result<Time, &'static str> {
        match self.afternoon {
            Some(true) if self.clock.0 < 12 => self.clock.0 += 12,
            Some(false) if self.clock.0 == 12 => self.clock.0 = 0,
            _ => {}
        }
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > days_in(month, self.year) {
            return Err(": day out of range");
        }
        let at = |zone| Time::date((self.year, month, day), self.clock, self.nanoseconds, zone);
        if self.utc {
            return Ok(at(Zone::Utc));
        }
        let fixed = |name: &str, offset| Zone::Fixed { name: name.to_owned(), offset };
        Ok(match self.offset {
            Some(0) if self.zone.is_empty() || self.zone == "UTC" => at(Zone::Utc),
            Some(offset) => at(fixed(&self.zone, offset)),
            None if self.zone.is_empty() => at(Zone::Utc),
            None => {
                // An unknown abbreviation counts as UTC, but for GMT with a number.
                let hours = self.zone.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok());
                let offset = hours.unwrap_or_default() * 3600;
                Time { zone: fixed(&self.zone, offset), ..at(Zone::Utc) }
            }
        })
    }

    fn month_and_day(&self) -> Result<(i64, i64), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if year_day < 1 || year_day > 365 + i64::from(is_leap(self.year)) {
            return Err(": day-of-year out of range");
        }
        let (mut month, mut day) = (1, year_day);
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        if self.month.is_some_and(|given| given != month) {
            return Err(": day-of-year does not match month");
        }
        if self.day.is_some_and(|given| given != day) {
            return Err(": day-of-year does not match day");
        }
        Ok((month, day))
    }
}

fn within(number: i64, range: std::ops::RangeInclusive<i64>, what: &'static str) -> Fit<i64> {
    if range.contains(&number) { Ok(number) } else { Err(Misfit::Range(what)) }
}

/// The first nine digits, as nanoseconds.
fn nanoseconds(digits: &str) -> u32 {
    let digits = digits.get(..digits.len().min(9)).unwrap_or_default();
    format!("{digits:0<9}").parse().unwrap_or_default()
}

/// The length of the zone abbreviation at the start (`parseTimeZone`).
fn zone_length(value: &str) -> Option<usize> {
    if value.starts_with("ChST") || value.starts_with("MeST") {
        return Some(4);
    }
    if let Some(rest) = value.strip_prefix("GMT") {
        return Some(3 + signed_offset(rest));
    }
    if value.len() >= 3 && value.starts_with(['+', '-']) {
        return Some(signed_offset(value)).filter(|length| *length > 0);
    }
    let capitals = value.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match (capitals, value.as_bytes().get(capitals.wrapping_sub(1))) {
        (3, _) => Some(3),
        (4 | 5, Some(b'T')) => Some(capitals),
        (4, _) if value.starts_with("WITA") => Some(4),
        _ => None,
    }
}

/// The length of `+3` or `-11`; 0 when none stands here.
fn signed_offset(value: &str) -> usize {
    let Some(rest) = value.strip_prefix(['+', '-']) else { return 0 };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let hours = rest.get(..digits).and_then(|digits| digits.parse::<u64>().ok());
    if hours.is_some_and(|hours| hours <= 23) { 1 + digits } else { 0 }
}

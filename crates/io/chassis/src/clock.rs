//! The clock's one door.

/// The time of day, in UTC.
#[expect(clippy::disallowed_methods, reason = "this is the door that the ban points to")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

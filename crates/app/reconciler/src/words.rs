//! Sentences for people, never longer than a person reads.

use std::fmt::Display;

use sealward_manifest::ObjectId;

const SHOWN: usize = 10;

/// `text` with the place that it is about.
pub(crate) fn at(origin: &impl Display, text: &impl Display) -> String {
    format!("{origin}: {text}")
}

/// The first ten sentences, and how many there are more.
pub(crate) fn some(sentences: &[String]) -> String {
    first(sentences, "; ")
}

/// The first ten objects, and how many there are more.
pub(crate) fn list(ids: &[ObjectId]) -> String {
    first(ids, ", ")
}

fn first<T: Display>(all: &[T], between: &str) -> String {
    let mut shown: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
    if all.len() > SHOWN {
        shown.push(format!("and {} more", all.len() - SHOWN));
    }
    shown.join(between)
}

/// An error and what caused it.
pub(crate) fn text_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let part = source.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        cause = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_enough() {
        let sentences: Vec<String> = (1..=12).map(|number| number.to_string()).collect();
        assert_eq!(some(&sentences), "1; 2; 3; 4; 5; 6; 7; 8; 9; 10; and 2 more");
        assert_eq!(some(&[]), "");
    }
}

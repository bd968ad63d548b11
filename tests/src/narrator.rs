//! Tells what is done and what came back, as a person would want to read it.

use std::io::{Write, stdout};
use std::time::Instant;

/// Where the story goes.
#[derive(Debug)]
pub struct Narrator {
    start: Instant,
    step: usize,
    quiet: bool,
    told: String,
}

impl Narrator {
    /// Tells on stdout.
    pub fn to_stdout() -> Self {
        Self { start: Instant::now(), step: 0, quiet: false, told: String::new() }
    }

    /// Tells nobody: in tests, the errors say enough.
    pub fn quiet() -> Self {
        Self { quiet: true, ..Self::to_stdout() }
    }

    /// A new step begins.
    pub fn step(&mut self, title: &str) {
        self.step += 1;
        let elapsed = self.start.elapsed().as_secs_f64();
        self.line(&format!("\n── {}. {title}  ({elapsed:.1} s)", self.step));
    }

    /// What is done: a command as a person would type it.
    pub fn does(&mut self, what: &str) {
        self.line(&format!("   $ {what}"));
    }

    /// What came back, line by line.
    pub fn shows(&mut self, text: &str) {
        for line in text.trim_end().lines() {
            self.line(&format!("     {line}"));
        }
    }

    /// What was seen to hold.
    pub fn saw(&mut self, what: &str) {
        self.line(&format!("   ✓ {what}"));
    }

    /// All that was told.
    pub fn told(&self) -> &str {
        &self.told
    }

    fn line(&mut self, text: &str) {
        self.told.push_str(text);
        self.told.push('\n');
        if !self.quiet {
            // A reader that went away does not stop the journey.
            let _ = writeln!(stdout().lock(), "{text}");
        }
    }
}

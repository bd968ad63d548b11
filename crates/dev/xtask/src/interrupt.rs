//! Waiting for ctrl-c, so that what was started is torn down in order and not by the kernel.

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

/// From its making on, ctrl-c, SIGTERM and SIGHUP no longer end the process but [`Interrupt::wait`].
pub(crate) struct Interrupt(Signals);

impl Interrupt {
    /// Takes the signals.
    pub(crate) fn catch() -> std::io::Result<Self> {
        Signals::new([SIGINT, SIGTERM, SIGHUP]).map(Self)
    }

    /// Returns when one has come, even if it came before.
    pub(crate) fn wait(mut self) {
        self.0.forever().next();
    }
}

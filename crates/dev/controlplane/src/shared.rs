//! One control plane for a whole test binary.

use crate::{ControlPlane, KubectlError, Options, StartError, process};
use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// How long the controller manager may take to give a namespace its default service account.
const SERVICE_ACCOUNT: Duration = Duration::from_secs(30);

impl ControlPlane {
    /// The one instance of this process, started with the default [`Options`] by the first who asks.
    ///
    /// It ends with the process: statics are not dropped, so the kernel kills its servers and its janitor
    /// removes its folder. A test that breaks a server starts one of its own.
    ///
    /// # Errors
    /// Why it did not start; the same for everyone.
    pub fn shared() -> Result<&'static Self, &'static StartError> {
        static SHARED: OnceLock<Result<ControlPlane, StartError>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Options::default())).as_ref()
    }

    /// Makes a namespace `<prefix>-<number>` that no other test has, and waits for its default service
    /// account (which Pods need) if the controller manager runs.
    ///
    /// # Errors
    /// [`KubectlError`].
    pub fn namespace(&self, prefix: &str) -> Result<String, KubectlError> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.kubectl(&["create", "namespace", &name])?;
        if self.has_controller_manager() {
            let mut seen = Ok(String::new());
            process::within(SERVICE_ACCOUNT, || {
                seen = self.kubectl(&["get", "serviceaccount", "default", "--namespace", &name]);
                seen.is_ok()
            });
            seen?;
        }
        Ok(name)
    }
}

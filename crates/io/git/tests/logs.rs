//! Whatever is logged of a fetch, credentials are not in it.

#![expect(clippy::unwrap_used, reason = "tests fail loudly")]

mod tls;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealward_git::{Credentials, Limits, Mirror, Reference, Remote};
use sealward_testkit::{GitRepo, GitServer};
use tracing_subscriber::filter::LevelFilter;

use crate::tls::behind_tls;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const PASSWORD: &str = "planted-password";
const TOKEN: &str = "planted-token";
/// `robot:planted-password` as HTTP basic authentication sends it.
const BASIC: &str = "cm9ib3Q6cGxhbnRlZC1wYXNzd29yZA==";

#[test]
fn no_level_of_logs_shows_credentials() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(move || writer.clone()).init();
    tracing::trace!("the first line");

    let basic = || Credentials::Basic { username: "robot".into(), password: PASSWORD.into() };
    fetch(|root| GitServer::with_basic_auth(root, "robot", PASSWORD), &basic(), true);
    fetch(|root| GitServer::with_basic_auth(root, "robot", "another"), &basic(), false);
    fetch(|root| GitServer::with_bearer(root, TOKEN), &Credentials::Bearer(TOKEN.into()), true);

    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("the first line"), "what is searched must be the log");
    for value in [PASSWORD, TOKEN, BASIC] {
        assert!(!lines.contains(value), "{value} is in the log");
    }
}

fn fetch(start: impl FnOnce(&std::path::Path) -> GitServer, credentials: &Credentials, works: bool) {
    let folder = tempfile::tempdir().unwrap();
    let server = start(&folder.path().join("served"));
    let url = server.create("app");
    let work = GitRepo::init(folder.path().join("work"));
    work.write("x", "1").commit("first");
    work.push(folder.path().join("served/app.git").to_str().unwrap());
    let (https, authority) = behind_tls(&server);
    for (number, url) in [url, format!("{https}/app.git")].into_iter().enumerate() {
        let mirror = Mirror::open(folder.path().join(format!("mirror-{number}")), Limits::default()).unwrap();
        let remote = Remote {
            url,
            reference: Reference::Branch("main".into()),
            credentials: credentials.clone(),
            ca_pem: Some(authority.clone().into_bytes()),
            timeout: Duration::from_secs(30),
        };
        let fetched = mirror.fetch(&remote);
        assert_eq!(fetched.is_ok(), works, "{fetched:?}");
        for value in [PASSWORD, TOKEN, BASIC] {
            assert!(!format!("{fetched:?} {remote:?}").contains(value));
        }
        mirror.retire();
        let path = folder.path().join(format!("mirror-{number}"));
        assert!(path.exists());
        drop(mirror);
        assert!(!path.exists(), "the folder of a retired mirror goes with it");
    }
}

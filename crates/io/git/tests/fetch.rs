//! Fetches from the real `git http-backend`, and what goes wrong on the way.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

mod tls;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use sealward_git::{Credentials, FetchError, Limits, Mirror, OpenError, Reference, Remote, SnapshotError};
use sealward_snapshot::EntryKind;
use sealward_testkit::{GitRepo, GitServer};
use secrecy::SecretString;

use crate::tls::behind_tls;

/// A served repository, a work tree to push from, and a mirror.
struct Scene {
    dir: tempfile::TempDir,
    server: GitServer,
    url: String,
    work: GitRepo,
}

impl Scene {
    fn new() -> Self {
        Self::serving(GitServer::start)
    }

    fn serving(start: impl FnOnce(&Path) -> GitServer) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let server = start(&dir.path().join("served"));
        let url = server.create("app");
        let work = GitRepo::init(dir.path().join("work"));
        Self { dir, server, url, work }
    }

    fn mirror(&self) -> Mirror {
        self.mirror_within(Limits::default())
    }

    fn mirror_within(&self, limits: Limits) -> Mirror {
        Mirror::open(self.dir.path().join("mirror"), limits).unwrap()
    }

    /// Past the server: into the folder that it serves.
    fn push(&self) {
        self.work.push(self.dir.path().join("served/app.git").to_str().unwrap());
    }

    fn posts(&self) -> usize {
        self.server.requests().iter().filter(|request| request.method == "POST").count()
    }
}

fn remote(url: &str, reference: Reference) -> Remote {
    Remote {
        url: url.into(),
        reference,
        credentials: Credentials::None,
        ca_pem: None,
        timeout: Duration::from_secs(120),
    }
}

fn main_of(url: &str) -> Remote {
    remote(url, Reference::Branch("main".into()))
}

fn text(mirror: &Mirror, commit: &str, path: &str) -> String {
    String::from_utf8(mirror.snapshot(commit).unwrap().read(path).unwrap().to_vec()).unwrap()
}

#[test]
fn follows_a_branch_and_skips_what_did_not_move() {
    let scene = Scene::new();
    let first = scene.work.write("a/x.yaml", "one\n").write("b.yaml", "b\n").commit("Add x\n\nWith a body.");
    scene.push();
    let mirror = scene.mirror();
    let fetched = mirror.fetch(&main_of(&scene.url)).unwrap();
    assert_eq!(fetched.commit, first);
    assert_eq!(fetched.revision, format!("main@sha1:{first}"));
    assert_eq!((fetched.changed, fetched.previous, fetched.forced), (true, None, None));
    assert_eq!(fetched.author, "Ada Lovelace <ada@example.org>");
    assert_eq!(fetched.subject, "Add x");
    assert!(fetched.committed_at > 1_600_000_000);

    let posts = scene.posts();
    let again = mirror.fetch(&main_of(&scene.url)).unwrap();
    assert_eq!((again.changed, again.commit, again.previous), (false, first.clone(), Some(first.clone())));
    assert_eq!(scene.posts() - posts, 1, "ls-refs, and no fetch");

    let second = scene.work.write("a/x.yaml", "two\n").commit("Change x");
    scene.push();
    let fetched = mirror.fetch(&main_of(&scene.url)).unwrap();
    assert_eq!((&fetched.commit, fetched.changed, fetched.forced), (&second, true, Some(false)));
    assert_eq!(text(&mirror, &second, "a/x.yaml"), "two\n");
    assert_eq!(text(&mirror, &second, "b.yaml"), "b\n");
    assert_eq!(text(&mirror, &first, "a/x.yaml"), "one\n", "earlier commits stay");

    drop(mirror);
    let reopened = scene.mirror().fetch(&main_of(&scene.url)).unwrap();
    assert!(!reopened.changed, "what was fetched survives a restart");
}

#[test]
fn follows_a_branch_pushed_by_force_and_a_revert() {
    let scene = Scene::new();
    let served = scene.dir.path().join("served/app.git");
    scene.work.write("x", "0\n").commit("base");
    let first = scene.work.write("x", "1\n").commit("first");
    scene.push();
    let mirror = scene.mirror();
    mirror.fetch(&main_of(&scene.url)).unwrap();
    scene.work.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let other = scene.work.write("x", "2\n").commit("other");
    scene.work.push_force(served.to_str().unwrap());
    let fetched = mirror.fetch(&main_of(&scene.url)).unwrap();
    assert_eq!((&fetched.commit, fetched.changed, fetched.previous), (&other, true, Some(first)));
    assert_eq!(fetched.forced, None, "not known without the history");
    let reverted = scene.work.revert(&other);
    scene.push();
    assert_eq!(mirror.fetch(&main_of(&scene.url)).unwrap().commit, reverted);
    assert_eq!(text(&mirror, &reverted, "x"), "0\n");
}

#[test]
fn tags_names_and_commits() {
    let scene = Scene::new();
    let served = scene.dir.path().join("served/app.git");
    let served = served.to_str().unwrap();
    let first = scene.work.write("x", "1").commit("first");
    scene.work.tag("light").git(&["tag", "--annotate", "v1", "--message", "one"]);
    let second = scene.work.write("x", "2").commit("second");
    scene.push();
    scene.work.git(&["push", "--quiet", "--tags", served]);
    scene.work.git(&["push", "--quiet", served, &format!("{first}:refs/pull/7/head")]);
    let blob = scene.work.git(&["rev-parse", "HEAD:x"]);
    scene.work.git(&["tag", "blob", &blob]);
    scene.work.git(&["push", "--quiet", "--tags", served]);
    let mirror = scene.mirror();
    let check = |reference: Reference, revision: &str| {
        let fetched = mirror.fetch(&remote(&scene.url, reference)).unwrap();
        assert_eq!(fetched.revision, revision);
        assert_eq!(text(&mirror, &fetched.commit, "x").len(), 1);
    };
    check(Reference::Tag("v1".into()), &format!("v1@sha1:{first}"));
    check(Reference::Tag("light".into()), &format!("light@sha1:{first}"));
    check(Reference::Name("refs/pull/7/head".into()), &format!("refs/pull/7/head@sha1:{first}"));
    check(Reference::Commit(second.clone()), &format!("sha1:{second}"));
    let asked = scene.server.requests().len();
    check(Reference::Commit(second.clone()), &format!("sha1:{second}"));
    assert_eq!(scene.server.requests().len(), asked, "a commit that is here is not asked for");

    let error = |reference: Reference| mirror.fetch(&remote(&scene.url, reference)).unwrap_err();
    let none = "0123456789012345678901234567890123456789";
    for (reference, name) in [
        (Reference::Branch("nope".into()), "branch \"nope\""),
        (Reference::Tag("v2".into()), "tag \"v2\""),
        (Reference::Commit(none.into()), &*format!("commit {none:?}")),
    ] {
        assert_eq!(error(reference).to_string(), format!("{} has no {name}", scene.url));
    }
    assert!(matches!(error(Reference::Tag("blob".into())), FetchError::NotACommit { .. }));
    assert!(error(Reference::Branch("a b".into())).is_permanent());
}

#[test]
fn every_kind_of_entry() {
    let scene = Scene::new();
    scene.work.write("run.sh", "#!/bin/sh\n").write("deep/er/x.yaml", "x");
    std::os::unix::fs::symlink("/etc/passwd", scene.work.dir().join("link")).unwrap();
    scene.work.git(&["add", "--all"]);
    scene.work.git(&["update-index", "--chmod=+x", "run.sh"]);
    let module = "160000,0123456789012345678901234567890123456789,module";
    scene.work.git(&["update-index", "--add", "--cacheinfo", module]);
    scene.work.git(&["commit", "--quiet", "--message", "all"]);
    scene.push();
    let mirror = scene.mirror();
    let fetched = mirror.fetch(&main_of(&scene.url)).unwrap();
    let snapshot = mirror.snapshot(&fetched.commit).unwrap();
    let found: Vec<_> = snapshot.entries().map(|(path, entry)| (path, entry.kind)).collect();
    assert_eq!(
        found,
        [
            ("deep/er/x.yaml", EntryKind::File),
            ("link", EntryKind::Symlink),
            ("module", EntryKind::Submodule),
            ("run.sh", EntryKind::Executable),
        ]
    );
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn({
                let snapshot = snapshot.clone();
                move || snapshot.read("deep/er/x.yaml").unwrap()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(&*thread.join().unwrap(), b"x");
    }
}

#[test]
fn credentials_reach_the_server_and_no_text() {
    let secret = "s3cret-Pa55";
    let basic = |password: &str| Credentials::Basic {
        username: "ada".into(),
        password: SecretString::from(password.to_owned()),
    };
    let bearer = |token: &str| Credentials::Bearer(SecretString::from(token.to_owned()));
    let by_password = Scene::serving(|root| GitServer::with_basic_auth(root, "ada", secret));
    let by_token = Scene::serving(|root| GitServer::with_bearer(root, secret));
    for (scene, right, wrong) in [
        (&by_password, basic(secret), basic("wr0ng-Pa55")),
        (&by_token, bearer(secret), bearer("wr0ng-Pa55")),
    ] {
        scene.work.write("x", "1").commit("first");
        scene.push();
        let mirror = scene.mirror();
        let mut remote = main_of(&scene.url);
        let anonymous = mirror.fetch(&remote).unwrap_err();
        assert!(anonymous.is_authentication());
        assert!(anonymous.to_string().ends_with("it wants credentials, and none are configured"));
        remote.credentials = wrong;
        let refused = mirror.fetch(&remote).unwrap_err();
        assert!(
            refused.to_string().ends_with("refused access (HTTP 401): check the credentials"),
            "{refused}"
        );
        assert!(!format!("{refused:?} {remote:?}").contains("Pa55"));
        remote.credentials = right;
        mirror.fetch(&remote).unwrap();
        assert!(!format!("{remote:?}").contains("Pa55"));
    }
}

#[test]
fn a_redirect_is_followed_without_the_credentials() {
    let home = Scene::new();
    let away = Scene::new();
    let commit = away.work.write("x", "1").commit("first");
    away.push();
    home.server.redirect_to(&away.server.url());
    let mut remote = main_of(&home.url);
    remote.credentials = Credentials::Bearer(SecretString::from("t0ken"));
    let fetched = home.mirror().fetch(&remote).unwrap();
    assert_eq!(fetched.commit, commit);
    let at_home = home.server.requests();
    assert_eq!((at_home.len(), at_home[0].authorization.as_deref()), (1, Some("Bearer t0ken")));
    let elsewhere = away.server.requests();
    assert!(elsewhere.len() >= 3, "{elsewhere:?}");
    assert!(elsewhere.iter().all(|request| request.authorization.is_none()), "{elsewhere:?}");
}

#[test]
fn redirects_that_go_round_or_elsewhere_are_refused() {
    let scene = Scene::new();
    let check = |to: &str, expect: &str| {
        scene.server.redirect_to(to);
        let error = scene.mirror().fetch(&main_of(&scene.url)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert!(!error.contains("hunter2"));
    };
    check(&scene.server.url(), "too many redirects");
    check("ftp://example.org", "it leaves https");
    check("http://ada:hunter2@127.0.0.1:1", "it holds a user or password");
    check("http://127.0.0.1:1/login?token=hunter2&next=", "cannot reach");
}

/// Answers every connection with `answer`, then keeps it open for as long as the test runs.
fn odd_server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/app.git", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = [0; 4096];
            assert!(stream.read(&mut buffer).unwrap() > 0);
            stream.write_all(answer).unwrap();
            open.push(stream);
        }
    });
    url
}

#[test]
fn servers_that_are_none_or_not_well() {
    let scene = Scene::new();
    let mirror = scene.mirror();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fails = |remote: &Remote, expect: &str| {
        let error = mirror.fetch(remote).unwrap_err();
        assert!(error.to_string().contains(expect), "{}: {error}", remote.url);
    };
    let check = |url: &str, expect: &str| fails(&main_of(url), expect);
    check(&format!("http://{closed}/app.git"), "cannot reach http://127.0.0.1");
    check(&format!("{}/none.git", scene.server.url()), "no repository at");
    let given_up = |url: &str| {
        let remote = Remote { timeout: Duration::from_millis(800), ..main_of(url) };
        fails(&remote, "did not answer within 800ms");
    };
    given_up(&odd_server(b""));
    check(&odd_server(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), "it answered HTTP 503");
    check(
        &odd_server(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"),
        "did not answer as a Git server",
    );
    let stalls = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\
        Content-Length: 100\r\n\r\n001e# service=git-upload-pack\n0000";
    given_up(&odd_server(stalls));
    check("https://127.0.0.1:1/app.git", "cannot reach");
    let unborn = mirror.fetch(&main_of(&scene.url)).unwrap_err();
    assert_eq!(unborn.to_string(), format!("{} has no branch \"main\"", scene.url));
}

#[test]
fn authorities_that_are_no_certificates_are_refused() {
    let scene = Scene::new();
    let check = |pem: &str| {
        let mut remote = main_of("https://127.0.0.1:1/app.git");
        remote.ca_pem = Some(pem.into());
        assert!(matches!(scene.mirror().fetch(&remote), Err(FetchError::Certificate { .. })), "{pem:?}");
    };
    check("");
    check("-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n");
}

#[test]
fn a_configured_authority_is_trusted_and_no_other() {
    let scene = Scene::new();
    let commit = scene.work.write("x", "1").commit("first");
    scene.push();
    let (url, authority) = behind_tls(&scene.server);
    let (_, stranger) = behind_tls(&scene.server);
    let mirror = scene.mirror();
    let fetch = |authority: Option<&str>| {
        let mut remote = main_of(&format!("{url}/app.git"));
        remote.ca_pem = authority.map(|pem| pem.as_bytes().to_vec());
        mirror.fetch(&remote)
    };
    for untrusted in [None, Some(&*stranger)] {
        let error = fetch(untrusted).unwrap_err();
        assert!(matches!(error, FetchError::Certificate { .. }), "{error}");
    }
    let fetched = fetch(Some(&*format!("{stranger}{authority}"))).unwrap();
    assert_eq!(fetched.commit, commit);
    assert_eq!(text(&mirror, &commit, "x"), "1");
}

#[test]
fn bounds_on_what_a_server_sends() {
    let scene = Scene::new();
    let mut state = 88_172_645_463_325_252_u64; // xorshift: nothing that could be compressed
    let mut noise = |bytes: usize| {
        let next = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 24) as u8
        };
        (0..bytes).map(next).collect::<Vec<u8>>()
    };
    scene.work.write("a/b/c.yaml", "c").write("noise", noise(300_000)).write("more", noise(50_000));
    scene.work.commit("first");
    scene.push();
    let fetched = scene.mirror().fetch(&main_of(&scene.url)).unwrap();
    let base = Limits::default();
    let snapshot = |limits: Limits| scene.mirror_within(limits).snapshot(&fetched.commit);
    let check = |limits: Limits, expect: SnapshotError| assert_eq!(snapshot(limits).unwrap_err(), expect);
    check(Limits { entries: 2, ..base }, SnapshotError::TooManyEntries { limit: 2 });
    check(Limits { depth: 1, ..base }, SnapshotError::TooDeep { path: "a/b".into(), limit: 1 });
    let small = snapshot(Limits { blob_bytes: 1000, ..base }).unwrap();
    assert!(small.read("a/b/c.yaml").is_ok());
    let error = std::error::Error::source(&small.read("noise").unwrap_err()).unwrap().to_string();
    assert_eq!(error, "it has 300000 bytes, more than the 1000 allowed");
    for pack_bytes in [100_000, 310_000] {
        // less than the largest object, and less than the whole
        let limits = Limits { pack_bytes, ..base };
        let tight = Mirror::open(scene.dir.path().join("tight"), limits).unwrap();
        let error = tight.fetch(&main_of(&scene.url)).unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { limit, .. } if limit == pack_bytes), "{error}");
    }
    assert!(matches!(scene.mirror().snapshot("HEAD"), Err(SnapshotError::Id { .. })));
    let none = "0123456789012345678901234567890123456789";
    assert!(matches!(scene.mirror().snapshot(none), Err(SnapshotError::Object { .. })));
}

#[test]
fn names_that_no_path_may_have_are_refused() {
    let scene = Scene::new();
    scene.work.write("x", "1").commit("first");
    let blob = scene.work.git(&["rev-parse", "HEAD:x"]);
    let mirror = Mirror::local(scene.work.dir(), Limits::default()).unwrap();
    for name in ["..", ".git", ".GIT"] {
        // mktree lets these names pass, as a hostile client would
        let listing = scene.dir.path().join("listing");
        fs::write(&listing, format!("100644 blob {blob}\t{name}\n")).unwrap();
        let script = format!("!git mktree < {}", listing.display());
        let tree = scene.work.git(&["-c", &format!("alias.plant={script}"), "plant"]);
        let commit = scene.work.git(&["commit-tree", &tree, "-m", "hostile"]);
        let error = mirror.snapshot(&commit).unwrap_err();
        assert_eq!(error, SnapshotError::Name { folder: String::new(), name: name.into() });
    }
}

#[test]
fn many_packs_and_damage_lead_to_a_fresh_mirror() {
    let scene = Scene::new();
    let limits = Limits { packs: 2, ..Limits::default() };
    let mirror = scene.mirror_within(limits);
    let first = scene.work.write("x", "0").commit("first");
    scene.push();
    mirror.fetch(&main_of(&scene.url)).unwrap();
    let old = mirror.snapshot(&first).unwrap();
    let generations = || {
        let entries = fs::read_dir(scene.dir.path().join("mirror")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    for round in 1..=4 {
        scene.work.write("x", round.to_string()).commit("next");
        scene.push();
        let fetched = mirror.fetch(&main_of(&scene.url)).unwrap();
        assert!(fetched.changed && fetched.previous.is_some());
        assert_eq!(text(&mirror, &fetched.commit, "x"), round.to_string());
    }
    assert_eq!(generations(), ["1", "2", "lock"], "the first is kept for its snapshot");
    assert_eq!(&*old.read("x").unwrap(), b"0");
    drop(old);
    assert_eq!(generations(), ["2", "lock"]);

    let packs = scene.dir.path().join("mirror/2/objects/pack");
    drop(mirror);
    for file in fs::read_dir(&packs).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let mirror = scene.mirror_within(limits);
    let head = scene.work.head();
    assert!(mirror.snapshot(&head).is_err());
    mirror.fetch(&main_of(&scene.url)).unwrap();
    assert_eq!(text(&mirror, &head, "x"), "4");
    assert_eq!(generations(), ["3", "lock"]);
}

#[test]
fn what_a_killed_process_left_is_swept() {
    let scene = Scene::new();
    scene.work.write("x", "1").commit("first");
    scene.push();
    drop(scene.mirror());
    let bare = scene.dir.path().join("mirror/1");
    let left = ["objects/pack/.tmpAbC", "objects/pack/pack-1.pack", "shallow.lock", "refs/heads/main.lock"];
    for path in left {
        fs::create_dir_all(bare.join(path).parent().unwrap()).unwrap();
        fs::write(bare.join(path), "half").unwrap();
    }
    let mirror = scene.mirror();
    for path in left {
        assert!(!bare.join(path).exists(), "{path}");
    }
    mirror.fetch(&main_of(&scene.url)).unwrap();
    assert!(matches!(
        Mirror::open(scene.dir.path().join("mirror"), Limits::default()),
        Err(OpenError::Busy { .. })
    ));
    drop(mirror);
    fs::remove_file(bare.join("HEAD")).unwrap();
    scene.mirror().fetch(&main_of(&scene.url)).unwrap();
    assert!(!bare.exists(), "a generation that does not open is replaced");
}

#[test]
fn a_local_repository_is_read_where_it_lies() {
    let scene = Scene::new();
    let first = scene.work.write("x", "1").commit("first");
    let mirror = Mirror::local(scene.work.dir(), Limits::default()).unwrap();
    let remote = main_of("");
    let fetched = mirror.fetch(&remote).unwrap();
    assert_eq!((&fetched.commit, fetched.changed), (&first, true));
    assert!(!mirror.fetch(&remote).unwrap().changed);
    let second = scene.work.write("x", "2").commit("second");
    let fetched = mirror.fetch(&remote).unwrap();
    assert_eq!((&fetched.commit, fetched.changed, fetched.previous), (&second, true, Some(first)));
    assert_eq!(text(&mirror, &second, "x"), "2");
    assert!(matches!(Mirror::local(scene.dir.path(), Limits::default()), Err(OpenError::Repository { .. })));
    let missing = Remote { reference: Reference::Tag("v9".into()), ..remote };
    assert!(mirror.fetch(&missing).unwrap_err().to_string().ends_with("/work has no tag \"v9\""));
}

#[test]
fn what_is_kept_outlives_the_process_and_the_fetches_that_follow() {
    let scene = Scene::new();
    let first = scene.work.write("x", "1").commit("first");
    scene.push();
    let mirror = scene.mirror();
    mirror.fetch(&main_of(&scene.url)).unwrap();
    assert_eq!(mirror.kept("app"), None);
    mirror.keep("app", &first).unwrap();
    scene.work.write("x", "2").commit("second");
    scene.push();
    mirror.fetch(&main_of(&scene.url)).unwrap();
    drop(mirror);
    let mirror = scene.mirror();
    assert_eq!(mirror.kept("app").as_deref(), Some(first.as_str()));
    assert_eq!(text(&mirror, &first, "x"), "1");
    assert_eq!(mirror.kept("other"), None);
    assert!(mirror.keep("app", "no commit").is_err());
}

#[test]
fn mirrors_that_nobody_needs_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["needed", "open", "unneeded"] {
        drop(Mirror::open(path(name), Limits::default()).unwrap());
    }
    std::fs::create_dir(path("no-mirror")).unwrap();
    let open = Mirror::open(path("open"), Limits::default()).unwrap();
    let needed = ["needed".to_owned()].into();
    assert_eq!(sealward_git::sweep(folder.path(), &needed).unwrap(), ["unneeded"]);
    assert!(
        ["needed", "open", "no-mirror"].iter().all(|name| path(name).exists()) && !path("unneeded").exists()
    );
    drop(open);
    assert_eq!(sealward_git::sweep(&path("none"), &needed).unwrap(), [""; 0]);
}

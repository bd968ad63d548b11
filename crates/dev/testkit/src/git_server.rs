//! A Git server over smart HTTP on a free port: the real `git http-backend` behind a small CGI host.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::git_repo;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// One request that reached the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

/// Serves every bare repository below a folder for fetch and push, until it is dropped.
///
/// Use [`GitRepo`](crate::GitRepo) for the other side. Meant for tests and the demo: no TLS, and
/// loopback unless [`GitServer::at`] is asked for another address.
#[derive(Debug)]
pub struct GitServer {
    root: PathBuf,
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    /// The `Authorization` header that every request must carry.
    authorization: Option<String>,
    /// When set, every request is answered with a redirect to this base URL.
    redirect: Mutex<Option<String>>,
    requests: Mutex<Vec<Request>>,
    stopped: AtomicBool,
}

impl GitServer {
    /// Serves `root`, which is created if it is missing, to everybody.
    pub fn start(root: &Path) -> Self {
        Self::serve(LOOPBACK, root, None)
    }

    /// Serves `root` at `address` instead of loopback: one that Pods of a node reach.
    pub fn at(address: IpAddr, root: &Path) -> Self {
        Self::serve(address, root, None)
    }

    /// Serves `root` to who gives this name and password.
    pub fn with_basic_auth(root: &Path, username: &str, password: &str) -> Self {
        let pair = base64(format!("{username}:{password}").as_bytes());
        Self::serve(LOOPBACK, root, Some(format!("Basic {pair}")))
    }

    /// Serves `root` to who gives this bearer token.
    pub fn with_bearer(root: &Path, token: &str) -> Self {
        Self::serve(LOOPBACK, root, Some(format!("Bearer {token}")))
    }

    fn serve(address: IpAddr, root: &Path, authorization: Option<String>) -> Self {
        fs::create_dir_all(root).unwrap_or_else(|error| panic!("cannot create {}: {error}", root.display()));
        let root = root.canonicalize().unwrap_or_else(|error| panic!("no {}: {error}", root.display()));
        let (listener, address) =
            bind(address).unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"));
        let shared = Arc::new(Shared {
            root: root.clone(),
            authorization,
            redirect: Mutex::default(),
            requests: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let accepting = Some(std::thread::spawn({
            let shared = shared.clone();
            move || accept(&listener, &shared)
        }));
        Self { root, address, shared, accepting }
    }

    /// `http://ADDRESS:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes the bare repository `<root>/<name>.git` with branch `main` and returns its URL.
    pub fn create(&self, name: &str) -> String {
        let path = self.root.join(format!("{name}.git"));
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
        git_repo::run(&path, &["init", "--quiet", "--bare"]);
        format!("{}/{name}.git", self.url())
    }

    /// From now on answers every request with a redirect to the same path below `base`.
    pub fn redirect_to(&self, base: &str) {
        *self.shared.redirect.lock().unwrap_or_else(PoisonError::into_inner) = Some(base.to_owned());
    }

    /// What was asked so far, in order of arrival; requests without the right credentials included.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        TcpStream::connect(self.address).ok(); // wakes accept
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }
}

fn bind(address: IpAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((address, 0))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let (Ok(stream), shared) = (stream, shared.clone()) else { continue };
        std::thread::spawn(move || answer(stream, &shared).ok());
    }
}

/// The head of a request; names in lower case.
struct Head {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Answers one request and closes the connection.
fn answer(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut input = BufReader::new(stream.try_clone()?);
    let Some(head) = read_head(&mut input)? else { return Ok(()) };
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(Request {
        method: head.method.clone(),
        path: head.path.clone(),
        authorization: head.header("authorization").map(ToOwned::to_owned),
    });
    if head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let body = read_body(&mut input, &head)?;
    let redirect = shared.redirect.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(base) = redirect {
        let location = format!("Location: {base}{}", head.path);
        return respond(&mut stream, "302 Found", &[&location], b"");
    }
    if shared.authorization.as_deref().is_some_and(|want| head.header("authorization") != Some(want)) {
        let challenge = "WWW-Authenticate: Basic realm=\"git\"";
        return respond(&mut stream, "401 Unauthorized", &[challenge], b"no\n");
    }
    let (status, headers, body) = backend(&shared.root, &head, &body)?;
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    respond(&mut stream, &status, &headers, &body)
}

fn respond(stream: &mut TcpStream, status: &str, headers: &[&str], body: &[u8]) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}

fn read_head(input: &mut impl BufRead) -> io::Result<Option<Head>> {
    let line = read_line(input)?;
    let mut words = line.split(' ');
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut head = Head { method: method.into(), path: path.into(), headers: BTreeMap::new() };
    loop {
        let line = read_line(input)?;
        let Some((name, value)) = line.split_once(':') else { return Ok(Some(head)) };
        head.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn read_body(input: &mut impl BufRead, head: &Head) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if head.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        loop {
            let size = read_line(input)?;
            let size = size.split(';').next().unwrap_or_default();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size == 0 {
                read_line(input)?;
                return Ok(body);
            }
            input.take(size).read_to_end(&mut body)?;
            read_line(input)?;
        }
    }
    let length = head.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    input.take(length).read_to_end(&mut body)?;
    Ok(body)
}

type Answer = (String, Vec<String>, Vec<u8>);

/// Runs `git http-backend` (git-http-backend(1)) for one request, by the rules of CGI (RFC 3875).
fn backend(root: &Path, head: &Head, body: &[u8]) -> io::Result<Answer> {
    let (path, query) = head.path.split_once('?').unwrap_or((&head.path, ""));
    let mut command = git_repo::git(root);
    command
        .args(["-c", "http.receivepack=true", "-c", "uploadpack.allowFilter=true", "-c", "safe.directory=*"])
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &head.method)
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1");
    let passed = [
        ("content-type", "CONTENT_TYPE"),
        ("git-protocol", "GIT_PROTOCOL"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
    ];
    for (header, variable) in passed {
        match head.header(header) {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().ok_or_else(|| io::Error::other("no stdin"))?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(body)); // closed at its end; a child that ended early is no error
        child.wait_with_output()
    })?;
    Ok(split(&output.stdout))
}

/// Splits a CGI answer into status, header lines and body.
fn split(output: &[u8]) -> Answer {
    let end = output.windows(4).position(|part| part == b"\r\n\r\n");
    let Some(end) = end else {
        return ("500 Internal Server Error".into(), Vec::new(), b"git http-backend failed\n".to_vec());
    };
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let mut status = "200 OK".to_owned();
    let mut headers = Vec::new();
    for line in head.lines() {
        match line.strip_prefix("Status: ") {
            Some(given) => status = given.to_owned(),
            None => headers.push(line.to_owned()),
        }
    }
    (status, headers, output[end + 4..].to_vec())
}

/// Standard base64, so that this crate depends on nothing.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().chain([&0, &0]).take(3).fold(0_u32, |group, byte| group << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GitRepo;

    #[test]
    fn base64_as_in_rfc_4648() {
        for (plain, expect) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("u:p", "dTpw")]
        {
            assert_eq!(base64(plain.as_bytes()), expect);
        }
    }

    #[test]
    fn pushes_and_clones_with_the_real_git() {
        let dir = std::env::temp_dir().join(format!("sealward-git-server-{}", std::process::id()));
        let server = GitServer::with_basic_auth(&dir.join("served"), "ada", "s3cret");
        let url = server.create("app").replacen("http://", "http://ada:s3cret@", 1);
        let repo = GitRepo::init(dir.join("work"));
        let first = repo.write("a.yaml", "one\n").commit("first");
        repo.write("big.bin", vec![7; 3 << 20]).commit("second"); // pushed in chunks
        repo.push(&url);
        let reverted = repo.revert(&repo.head());
        repo.push(&url);
        repo.git(&["clone", "--quiet", &url, "../clone"]);
        let clone = git_repo::run(&dir.join("clone"), &["log", "--format=%H"]);
        assert!(clone.starts_with(&reverted) && clone.ends_with(&first), "{clone}");
        let anonymous =
            git_repo::git(&dir).args(["ls-remote", &format!("{}/app.git", server.url())]).output();
        assert!(!anonymous.unwrap().status.success());
        drop(server);
        fs::remove_dir_all(&dir).unwrap();
    }
}

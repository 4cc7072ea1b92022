//! A server on this machine that does to its clients what the test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a client asked.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// The position after which bytes are asked for.
    pub range: Option<usize>,
    pub if_range: Option<String>,
}

/// One thing the server does; after the last the connection is closed.
pub enum Step {
    Send(Vec<u8>),
    Pause(Duration),
}

/// A running server; it ends when dropped.
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers the `n`th request, counted from 0, by the steps that `script` gives for it.
    pub fn start(script: impl Fn(usize, &Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let script = Arc::new(script);
        let (log, ended) = (requests.clone(), over.clone());
        let accepting = std::thread::spawn(move || {
            for connection in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (script, log) = (script.clone(), log.clone());
                // A client that goes away in the middle is none of the server's errors.
                std::thread::spawn(move || answer(connection.ok()?, &*script, &log));
            }
        });
        Server {
            address,
            requests,
            over,
            accepting: Some(accepting),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(JoinHandle::join);
    }
}

fn answer(
    mut stream: TcpStream,
    script: &(dyn Fn(usize, &Request) -> Vec<Step> + Send + Sync),
    log: &Mutex<Vec<Request>>,
) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_string();
    let mut request = Request {
        path,
        range: None,
        if_range: None,
    };
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let from = value.strip_prefix("bytes=")?.strip_suffix('-')?;
                request.range = from.parse().ok();
            }
            "if-range" => request.if_range = Some(value.into()),
            _ => {}
        }
    }
    let n = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };
    for step in script(n, &request) {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).ok()?,
            Step::Pause(time) => std::thread::sleep(time),
        }
    }
    Some(())
}

/// A head with a status and further lines.
pub fn head(status: &str, lines: &[String]) -> Step {
    let mut text = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    Step::Send(text.into_bytes())
}

/// An answer without content.
pub fn status(status: &str) -> Vec<Step> {
    vec![head(status, &["Content-Length: 0".into()])]
}

/// The whole of `body`, with a true length.
pub fn whole(body: &[u8]) -> Vec<Step> {
    vec![
        head(
            "200 OK",
            &[
                format!("Content-Length: {}", body.len()),
                "ETag: \"v1\"".into(),
            ],
        ),
        Step::Send(body.to_vec()),
    ]
}

/// The first `sent` bytes of `body`, with the length of all of it.
pub fn broken_off(body: &[u8], sent: usize) -> Vec<Step> {
    let mut steps = whole(body);
    steps[1] = Step::Send(body[..sent].to_vec());
    steps
}

/// What is asked for of `body`, as a server that knows about parts gives it.
pub fn asked(body: &[u8], request: &Request) -> Vec<Step> {
    match request.range {
        None => whole(body),
        Some(from) if from >= body.len() => status("416 Range Not Satisfiable"),
        Some(from) => vec![
            head(
                "206 Partial Content",
                &[
                    format!("Content-Length: {}", body.len() - from),
                    format!(
                        "Content-Range: bytes {from}-{}/{}",
                        body.len() - 1,
                        body.len()
                    ),
                    "ETag: \"v1\"".into(),
                ],
            ),
            Step::Send(body[from..].to_vec()),
        ],
    }
}

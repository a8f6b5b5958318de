//! A network that carries requests out and loses their answers.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// Forwards to an engine, and drops the answer it was told to drop.
pub(crate) struct Proxy {
    pub(crate) url: String,
    to_lose: Arc<Mutex<Option<String>>>,
}

impl Proxy {
    pub(crate) fn to(engine: &str) -> Self {
        let upstream = engine.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let to_lose = Arc::new(Mutex::new(None));
        let armed = Arc::clone(&to_lose);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (upstream, armed) = (upstream.clone(), Arc::clone(&armed));
                std::thread::spawn(move || serve(client, &upstream, &armed));
            }
        });
        Self { url, to_lose }
    }

    /// Carries the next request for this operation out and loses its answer.
    pub(crate) fn lose_next_answer_to(&self, operation: &str) {
        *self.to_lose.lock().unwrap() = Some(format!("DynamoDB_20120810.{operation}\r\n"));
    }

    /// Whether the answer has been lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.to_lose.lock().unwrap().is_none()
    }
}

fn serve(client: TcpStream, upstream: &str, armed: &Mutex<Option<String>>) {
    let mut answers = client.try_clone().unwrap();
    let mut requests = BufReader::new(client);
    while let Some(request) = message(&mut requests) {
        let mut engine = TcpStream::connect(upstream).unwrap();
        engine.write_all(&request).unwrap();
        let answer = message(&mut BufReader::new(engine)).expect("the engine answers");
        let head = String::from_utf8_lossy(&request);
        let lose = armed.lock().unwrap().take_if(|target| head.contains(&**target)).is_some();
        if lose || answers.write_all(&answer).is_err() {
            return;
        }
    }
}

/// One HTTP/1.1 message with its body.
pub(crate) fn message(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        bytes.extend_from_slice(line.as_bytes());
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let head = bytes.len();
    bytes.resize(head + length, 0);
    from.read_exact(&mut bytes[head..]).ok()?;
    Some(bytes)
}

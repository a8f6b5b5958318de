//! Files at addresses of this machine, for networks that fetch what they show.

use std::{
    collections::HashMap,
    io,
    sync::{LazyLock, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::OnceCell,
};

/// By the path of their address: the hash of what they hold.
static FILES: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);
static ORIGIN: OnceCell<String> = OnceCell::const_new();

/// An address at which the file can be fetched while the tests run.
pub(crate) async fn of(sha256: String, file: Bytes) -> io::Result<String> {
    let origin = ORIGIN.get_or_try_init(serve).await?;
    let address = format!("{origin}/{sha256}");
    FILES.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256, file);
    Ok(address)
}

async fn serve() -> io::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    Ok(origin)
}

async fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(&mut stream).lines();
    let first = lines.next_line().await?.unwrap_or_default();
    while lines.next_line().await?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let file = FILES.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
    let (status, body) = file.map_or(("404 Not Found", Bytes::new()), |file| ("200 OK", file));
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await
}

//! Files that are read while they are sent, so that no file is ever held whole.

use std::pin::pin;

use bytes::Bytes;
use crieur_domain::{ErrorKind, Failure, media::MediaItem};
use futures_util::{
    future::{Either, select},
    stream,
};
use http::header;
use tokio::sync::mpsc;

use crate::{
    http::{Http, Part, Request, Response},
    publish::MediaSource,
};

/// How much of a file is held at a time, twice: one piece on the wire, one being read.
const PIECE_BYTES: u64 = 1024 * 1024;

impl Http {
    /// Sends `fields` and then the file as `multipart/form-data`, in which it is called `name`. The request must have no
    /// body of its own.
    ///
    /// # Errors
    /// Those of [`Http::send`], and those of reading the file. In the latter case the request ends before its announced
    /// length, so the network cannot have taken it.
    pub async fn send_file(
        &self,
        request: Request,
        fields: Vec<Part>,
        name: &'static str,
        file: &MediaItem,
        media: &dyn MediaSource,
    ) -> Result<Response, Failure> {
        self.send_files(request, fields, &[(name, file)], media).await
    }

    /// The same with several files, one after the other, each under its own name.
    ///
    /// # Errors
    /// Those of [`Http::send_file`].
    pub async fn send_files(
        &self,
        request: Request,
        fields: Vec<Part>,
        files: &[(&'static str, &MediaItem)],
        media: &dyn MediaSource,
    ) -> Result<Response, Failure> {
        let mut form = crate::http::multipart(fields)?;
        let mut leaving = Vec::with_capacity(files.len());
        for (name, file) in files {
            let (body, pieces) = body();
            let part = reqwest::multipart::Part::stream_with_length(body, file.size)
                .file_name(file.file_name.clone())
                .mime_str(&file.content_type)
                .map_err(|_| Failure::new(ErrorKind::Refused, format!("`{}` is no MIME type", file.content_type)))?;
            form = form.part(*name, part);
            leaving.push((*file, pieces));
        }
        let sending = self.finish(self.start(request.method, &request.url, request.headers)?.multipart(form));
        // The parts of a form leave in their order, so the files are read in it.
        let reading = async {
            for (file, pieces) in leaving {
                read(file, 0, media, pieces).await?;
            }
            Ok(())
        };
        together(sending, reading).await
    }

    /// Sends the file alone, with its own type. The request must have no body of its own.
    ///
    /// # Errors
    /// Those of [`Http::send_file`].
    pub async fn send_bare_file(
        &self,
        request: Request,
        file: &MediaItem,
        media: &dyn MediaSource,
    ) -> Result<Response, Failure> {
        self.send_rest(request, file, 0, media).await
    }

    /// The same from byte `from` of the file on.
    ///
    /// # Errors
    /// Those of [`Http::send_file`].
    pub async fn send_rest(
        &self,
        request: Request,
        file: &MediaItem,
        from: u64,
        media: &dyn MediaSource,
    ) -> Result<Response, Failure> {
        let (body, pieces) = body();
        let started = self
            .start(request.method, &request.url, request.headers)?
            .header(header::CONTENT_TYPE, &file.content_type)
            .header(header::CONTENT_LENGTH, file.size.saturating_sub(from))
            .body(body);
        together(self.finish(started), read(file, from, media, pieces)).await
    }
}

/// A body of the pieces that are put in at the other end.
fn body() -> (reqwest::Body, mpsc::Sender<Result<Bytes, Failure>>) {
    let (pieces, arriving) = mpsc::channel::<Result<Bytes, Failure>>(1);
    let stream =
        stream::unfold(arriving, |mut arriving| async move { arriving.recv().await.map(|piece| (piece, arriving)) });
    (reqwest::Body::wrap_stream(stream), pieces)
}

/// Reads and sends side by side.
async fn together(
    sending: impl Future<Output = Result<Response, Failure>>,
    reading: impl Future<Output = Result<(), Failure>>,
) -> Result<Response, Failure> {
    match select(pin!(sending), pin!(reading)).await {
        Either::Left((answer, _)) => answer,
        Either::Right((Ok(()), sending)) => sending.await,
        Either::Right((Err(failure), _)) => Err(failure),
    }
}

async fn read(
    file: &MediaItem,
    from: u64,
    media: &dyn MediaSource,
    pieces: mpsc::Sender<Result<Bytes, Failure>>,
) -> Result<(), Failure> {
    let mut offset = from;
    while offset < file.size {
        let piece = media.read(file, offset, PIECE_BYTES.min(file.size - offset)).await?;
        if piece.is_empty() {
            let why = format!("the file `{}` ends after {offset} of {} bytes", file.file_name, file.size);
            return Err(Failure::new(ErrorKind::Unavailable, why));
        }
        offset += piece.len() as u64;
        if pieces.send(Ok(piece)).await.is_err() {
            // The network has answered before the end; its answer says why.
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Endpoints;
    use async_trait::async_trait;
    use crieur_domain::{MediaId, media::MediaKind};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// A file of which there are `there` bytes, whatever it is said to be.
    struct Store {
        there: u64,
    }

    #[async_trait]
    impl MediaSource for Store {
        async fn read(&self, _item: &MediaItem, offset: u64, length: u64) -> Result<Bytes, Failure> {
            let left = self.there.saturating_sub(offset).min(length);
            Ok(vec![7; usize::try_from(left).expect("a piece fits")].into())
        }

        async fn url(&self, _item: &MediaItem) -> Result<String, Failure> {
            Err(Failure::new(ErrorKind::Unavailable, "nowhere"))
        }
    }

    const SIZE: u64 = 3 * PIECE_BYTES + 17;

    fn item() -> MediaItem {
        MediaItem {
            id: MediaId::from_parts(0, 1),
            kind: MediaKind::Video,
            content_type: "video/mp4".into(),
            file_name: "loaf.mp4".into(),
            size: SIZE,
            width: None,
            height: None,
            duration_ms: None,
            alt_text: None,
        }
    }

    /// Sends to a server that answers at once (`early`) or when all has arrived; gives what the client saw, and whether
    /// the end of the form arrived.
    async fn sent(there: u64, early: bool) -> (Result<Response, Failure>, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut whole, mut answered, mut buffer) = (false, false, vec![0; 65_536]);
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                // The file's own bytes are all alike and none of these.
                whole |= buffer[..count].ends_with(b"--\r\n");
                if !answered && (early || whole) {
                    let status = if early { "413 Content Too Large" } else { "200 OK" };
                    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.expect("the client reads");
                    answered = true;
                }
            }
            whole
        });
        let http = Http::new(Endpoints::from_var(Some(&url)).expect("an address")).expect("a sender");
        let request = Request::post(format!("{url}/media"));
        let answer = http.send_file(request, Vec::new(), "file", &item(), &Store { there }).await;
        drop(http);
        (answer, server.await.expect("no panic"))
    }

    #[tokio::test]
    async fn a_file_arrives_whole() {
        let (answer, whole) = sent(SIZE, false).await;
        assert_eq!(answer.expect("an answer").status, 200);
        assert!(whole);
    }

    #[tokio::test]
    async fn a_file_that_ends_early_is_never_taken_for_whole() {
        let (answer, whole) = sent(SIZE - 1, false).await;
        assert_eq!(answer.expect_err("nothing to answer").kind, ErrorKind::Unavailable);
        assert!(!whole);
    }

    #[tokio::test]
    async fn an_answer_before_the_end_is_heard() {
        assert_eq!(sent(SIZE, true).await.0.expect("an answer").status, 413);
    }
}

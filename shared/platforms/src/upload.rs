//! Files that are read while they are sent, so that no file is ever held whole.

use std::pin::pin;

use bytes::Bytes;
use crieur_domain::{ErrorKind, Failure, media::MediaItem};
use futures_util::{
    future::{Either, select},
    stream,
};
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
        let (pieces, arriving) = mpsc::channel::<Result<Bytes, Failure>>(1);
        let body =
            stream::unfold(
                arriving,
                |mut arriving| async move { arriving.recv().await.map(|piece| (piece, arriving)) },
            );
        let part = reqwest::multipart::Part::stream_with_length(reqwest::Body::wrap_stream(body), file.size)
            .file_name(file.file_name.clone())
            .mime_str(&file.content_type)
            .map_err(|_| Failure::new(ErrorKind::Refused, format!("`{}` is no MIME type", file.content_type)))?;
        let form = crate::http::multipart(fields)?.part(name, part);
        let sending = pin!(self.finish(self.start(request.method, &request.url, request.headers)?.multipart(form)));
        let reading = pin!(read(file, media, pieces));
        match select(sending, reading).await {
            Either::Left((answer, _)) => answer,
            Either::Right((Ok(()), sending)) => sending.await,
            Either::Right((Err(failure), _)) => Err(failure),
        }
    }
}

async fn read(
    file: &MediaItem,
    media: &dyn MediaSource,
    pieces: mpsc::Sender<Result<Bytes, Failure>>,
) -> Result<(), Failure> {
    let mut offset = 0;
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

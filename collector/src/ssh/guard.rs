//! The stream under an SSH session, made so that it can always be ended from outside.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// What a host may send in one visit, in bytes: a full spool, noise, and room for the protocol.
pub(super) const MAX_RECEIVED: u64 = 16 * 1024 * 1024;
/// How much of the peer's first words is kept.
const MAX_GREETING: usize = 1024;

/// A connection to a host: a TCP stream, or a channel through a jump host.
pub struct Stream {
    inner: Box<dyn Duplex>,
    /// Whether the host turned away a first connection.
    pub(super) is_second_try: bool,
    /// The channel's place among those of its jump host.
    _place: Option<OwnedSemaphorePermit>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

impl Stream {
    /// Takes whatever carries bytes both ways.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Stream {
        Stream { inner: Box::new(stream), is_second_try: false, _place: None }
    }

    /// The same, after the host turned away a first one.
    pub(super) fn of_a_second_try(self) -> Stream {
        Stream { is_second_try: true, ..self }
    }

    /// The same, and a place that is given back when the stream is gone.
    pub(super) fn holding(self, place: Option<OwnedSemaphorePermit>) -> Stream {
        Stream { _place: place, ..self }
    }
}

/// A stream that fails once its token is cancelled, or when the peer has sent too much.
///
/// russh's session is a task of its own. While it waits in a key exchange it hears nothing from us, so dropping
/// our side would leave the task and its socket behind for ever; cancelling the token ends both.
pub(super) struct GuardedStream {
    inner: Stream,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    /// How much the peer may still send.
    allowance: u64,
    greeting: Greeting,
}

/// The first bytes the peer sent. sshd says in plain text there why it takes no more logins.
#[derive(Clone, Default)]
pub(super) struct Greeting(Arc<Mutex<Vec<u8>>>);

impl GuardedStream {
    pub(super) fn new(inner: Stream, token: CancellationToken, allowance: u64) -> GuardedStream {
        let cancelled = Box::pin(token.cancelled_owned());
        GuardedStream { inner, cancelled, allowance, greeting: Greeting::default() }
    }

    pub(super) fn greeting(&self) -> Greeting {
        self.greeting.clone()
    }

    fn check_cancelled(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.cancelled.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::Error::new(io::ErrorKind::TimedOut, "the visit was ended")),
            Poll::Pending => Ok(()),
        }
    }
}

impl Greeting {
    fn add(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_GREETING.saturating_sub(kept.len());
        kept.extend(bytes.iter().take(room));
    }

    /// The first line, unless the peer said that it speaks SSH: then what it said is no plain text.
    pub(super) fn instead_of_ssh(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = kept.split(|byte| matches!(byte, b'\r' | b'\n'));
        if lines.clone().any(|line| line.starts_with(b"SSH-")) {
            return None;
        }
        lines.find(|line| !line.is_empty()).map(|line| String::from_utf8_lossy(line).into_owned())
    }

    /// Whether the peer sent nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_cancelled(cx)?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner.inner).poll_read(cx, buf))?;
        let new = &buf.filled()[before..];
        match self.allowance.checked_sub(new.len() as u64) {
            Some(left) => self.allowance = left,
            None => return Poll::Ready(Err(io::Error::other("the host sent more than 16 MiB"))),
        }
        self.greeting.add(new);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_cancelled(cx)?;
        Pin::new(&mut self.inner.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_cancelled(cx)?;
        Pin::new(&mut self.inner.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner.inner).poll_shutdown(cx)
    }
}

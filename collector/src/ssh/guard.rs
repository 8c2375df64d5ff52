//! The socket under an SSH session, made so that it can always be ended from outside.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// What a host may send in one visit, in bytes: a full spool, noise, and room for the protocol.
const MAX_RECEIVED: u64 = 16 * 1024 * 1024;

/// A TCP stream that fails once its token is cancelled, or when the peer has sent too much.
///
/// russh's session is a task of its own. While it waits in a key exchange it hears nothing from us, so dropping
/// our side would leave the task and its socket behind for ever; cancelling the token ends both.
pub(super) struct GuardedStream {
    inner: TcpStream,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    received: u64,
    greeting: Greeting,
}

/// The first bytes the peer sent. sshd says in plain text there why it takes no more logins.
#[derive(Clone, Default)]
pub(super) struct Greeting(Arc<OnceLock<Vec<u8>>>);

impl GuardedStream {
    pub(super) fn new(inner: TcpStream, token: CancellationToken) -> GuardedStream {
        let cancelled = Box::pin(token.cancelled_owned());
        GuardedStream { inner, cancelled, received: 0, greeting: Greeting::default() }
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
    /// What sshd said instead of its version, if it sent us away because of too many logins.
    pub(super) fn throttled(&self) -> Option<&str> {
        let line = self.0.get()?.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
        let line = std::str::from_utf8(line).ok()?;
        ["Exceeded MaxStartups", "Not allowed at this time"].contains(&line).then_some(line)
    }

    /// Whether the peer sent anything at all.
    pub(super) fn is_empty(&self) -> bool {
        self.0.get().is_none_or(Vec::is_empty)
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check_cancelled(cx)?;
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let new = &buf.filled()[before..];
        self.received += new.len() as u64;
        if self.received > MAX_RECEIVED {
            return Poll::Ready(Err(io::Error::other("the host sent more than 16 MiB")));
        }
        self.greeting.0.get_or_init(|| new.iter().take(256).copied().collect());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check_cancelled(cx)?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_cancelled(cx)?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

//! A port that never answers: not accepted, not refused, as if the host were off.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::net::{TcpListener, TcpSocket};

/// On loopback an answer takes microseconds.
const NO_ANSWER: Duration = Duration::from_millis(300);
/// A queue of length 0 has room for one connection or two.
const TRIES: usize = 8;

/// A listener whose queue is full, so that the kernel drops whatever else knocks.
pub(super) struct Silence {
    pub(super) port: u16,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl Silence {
    /// Fills the queue until a connection hangs. To be called within a runtime.
    ///
    /// # Errors
    /// The kernel answers all the same.
    pub(super) fn start() -> Result<Silence> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))?;
        let listener = socket.listen(0)?;
        let port = listener.local_addr()?.port();
        let mut queue = Vec::new();
        for _ in 0..TRIES {
            match TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), NO_ANSWER) {
                Ok(stream) => queue.push(stream),
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                    return Ok(Silence { port, _listener: listener, _queue: queue });
                }
                Err(error) => bail!("the port that should be silent answers: {error}"),
            }
        }
        bail!("the port that should be silent has taken {TRIES} connections and would take more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::host::{Host, MAX_HOSTS};

    #[test]
    fn a_silent_host_neither_takes_nor_refuses_a_connection() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let silence = runtime.block_on(async { Silence::start() }).unwrap();
        for host in [Host(0), Host(MAX_HOSTS - 1)] {
            let address = SocketAddr::from((host.address(), silence.port));
            let error = TcpStream::connect_timeout(&address, NO_ANSWER).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::TimedOut, "{address}");
        }
    }
}

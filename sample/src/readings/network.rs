//! Where a host listens.

use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, name, texts};

/// A socket that waits for connections or datagrams.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Listener {
    /// `tcp` or `udp`, for both IP versions.
    pub protocol: String,
    /// The local address, such as `0.0.0.0`, `::` or `127.0.0.1`.
    pub address: String,
    /// The local port.
    pub port: u16,
}

impl Listener {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        name(&self.protocol)?;
        texts([&self.protocol, &self.address])
    }
}

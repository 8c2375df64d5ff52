//! What fails here because this server is short of something, and says nothing about any host.

use std::io;

use rustix::io::Errno;

/// Whether a connection could not be begun for lack of descriptors, local ports or memory of our own.
pub(super) fn is_ours(error: &io::Error) -> bool {
    const OURS: [Errno; 6] =
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL, Errno::AGAIN];
    error.raw_os_error().is_some_and(|code| OURS.iter().any(|errno| errno.raw_os_error() == code))
}

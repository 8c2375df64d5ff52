//! How many sockets the system lets this process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are not sockets to hosts: database, logs, the runtime.
const RESERVED: u64 = 64;

/// Raises the soft limit of open files to the hard one, and returns how many sockets may be open at once.
pub(crate) fn sockets() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    // Where raising is forbidden, the soft limit stays and fewer hosts are visited at once.
    let allowed = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { limit.current };
    let sockets = allowed.unwrap_or(u64::MAX).saturating_sub(RESERVED).max(1);
    usize::try_from(sockets).unwrap_or(usize::MAX)
}

//! Why a probe could not do its work.

use std::io;
use std::path::PathBuf;

use sample::KeyId;

use crate::spool::SpoolError;

/// Why a probe could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Neither the kernel nor the caller says where the program lies.
    #[error("can't find the folder this program lies in")]
    NoHome(#[source] io::Error),
    /// The folder belongs to another user, who could change what lies in it.
    #[error("{} belongs to user {owner}, not to user {me}: put the program into a folder of its own", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Who runs the program.
        me: u32,
    },
    /// Others may read or write the folder.
    #[error("{} is open to others (mode {mode:03o}): run chmod 700 {}", path.display(), path.display())]
    OpenToOthers {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Standard input could not be read.
    #[error("can't read the request")]
    ReadRequest(#[source] io::Error),
    /// The request has no line break where one must be.
    #[error("the request is cut off or longer than {} bytes", sample::wire::MAX_LINE)]
    RequestLine,
    /// The line is no request.
    #[error("the request is not one this probe understands")]
    RequestJson(#[source] serde_json::Error),
    /// The request is of another version.
    #[error("the request has version {0}, this probe knows version {known}", known = sample::wire::VERSION)]
    RequestVersion(u32),
    /// The request names more former spools than any server has.
    #[error("the request names {0} former spools, more than {most}", most = sample::wire::MAX_FORMER)]
    TooManyFormer(usize),
    /// The public key could not be read.
    #[error("can't read public key {}", path.display())]
    ReadKey {
        /// Its file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no public key.
    #[error("{} is not a public key", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: envelope::KeyError,
    },
    /// The file holds another key than its name says.
    #[error("{} holds key {found}, not the key it is named for", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
        /// The key in it.
        found: KeyId,
    },
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random(#[source] getrandom::Error),
    /// The sample could not be sealed.
    #[error("can't seal the sample")]
    Seal(#[source] envelope::SealError),
    /// The spool could not be used.
    #[error("spool {}", path.display())]
    Spool {
        /// Its folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: SpoolError,
    },
    /// The answer could not be written.
    #[error("can't write the answer")]
    WriteAnswer(#[source] io::Error),
    /// No collector has been here yet.
    #[error("no sample taken: there is no target yet, a collector's first visit makes one")]
    NoTarget,
}

/// An error and its causes on one line.
pub(crate) fn one_line(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}")).replace(['\n', '\r'], " ")
}

impl ProbeError {
    /// The error and its causes on one line.
    pub fn one_line(&self) -> String {
        one_line(self)
    }
}

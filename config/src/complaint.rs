//! What is wrong with a value. Each complaint goes on after `port "abc" `.

use sample::{ParseHostNameError, Scope};

use crate::ranges::RangeError;

pub(crate) type Parsed<T> = Result<T, Complaint>;

/// What is wrong with a value.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Complaint {
    #[error("is empty")]
    Empty,
    #[error("is not a whole number from {min} to {max}")]
    NotAWholeNumber { min: u64, max: u64 },
    #[error("is not a duration such as 500ms, 30s, 5m, 2h or 1d")]
    NotADuration,
    #[error("is not from {min} to {max}")]
    DurationOutOfRange { min: &'static str, max: &'static str },
    #[error("is not a number such as 85 or 97.5")]
    NotANumber,
    #[error("is below 0")]
    BelowZero,
    #[error("is not allowed: {0}")]
    NotAName(ParseHostNameError),
    #[error("is neither an IP address nor a DNS name")]
    NotAnAddress,
    #[error("has a port in it: write port=\"{port}\"")]
    PortInAddress { port: u16 },
    #[error("is not a mail address such as ops@example.org, nor several with commas between them")]
    NotMailAddresses,
    #[error("holds \"{found}\", which is not a mail address such as ops@example.org")]
    NotAMailAddress { found: String },
    #[error("is not a mail address such as ops@example.org")]
    NotOneMailAddress,
    #[error("has a control character in it")]
    ControlCharacter,
    #[error("begins with \"~\", which is not expanded here: write the whole path")]
    Tilde,
    #[error("is not the name of an environment variable")]
    NotAVariable,
    #[error("is not a mount point such as /var, nor a pattern such as /srv/*")]
    NotAMount,
    #[error("is not a folder such as /var/tmp/fleet-health (letters, digits and \"/._+@-\")")]
    NotAWorkDir,
    #[error("is unknown, {0}")]
    Unknown(String),
    #[error(transparent)]
    Range(#[from] RangeError),
    #[error("makes \"{made}\", which {complaint}")]
    Makes { made: String, complaint: Box<Complaint> },
    #[error(
        "is not allowed: the name of a group begins with a letter or a digit, goes on with those or \".\", \"_\", \"-\", \
         and has at most 253 characters"
    )]
    NotAGroup,
    #[error("holds \"{0}\", which is not a fingerprint as `ssh-keygen -lf` prints it: SHA256: and 43 characters")]
    NotAFingerprint(String),
    #[error("is an absolute path: write it as seen from the folder of this file")]
    Absolute,
    #[error("has \"..\" in it: only what lies in the folder of this file can be included")]
    LeadsUp,
    #[error("has \"*\" or \"?\" in the name of a folder: only the last part may have them")]
    FolderPattern,
    #[error("is not a path such as conf.d/*.xml")]
    NotAPath,
    #[error("asks for none: give 1 or more, or wanted=\"no\" to undo an inherited one")]
    NoneAskedFor,
    #[error("is not the name of a process: one has at most {} bytes and no \"/\"", Scope::LONGEST_NAME)]
    NotAProcess,
    #[error(
        "is not the name of a systemd unit such as nginx.service: one has at most {} bytes, letters, digits and \":_.\\@-\", \
         and does not begin with \"-\", \".\" or \"@\"",
        Scope::LONGEST_NAME
    )]
    NotAUnit,
    #[error("is a template, which never runs itself: name a unit made of it, such as getty@tty1.service")]
    Template,
    #[error("has blanks around it, which no process has in its name")]
    BlanksAround,
    #[error("is not a size such as 20GB, 500MB (powers of 1000) or 1TiB (of 1024)")]
    NotASize,
    #[error("is neither a duration such as 30s, 2h or 100d nor a number of seconds")]
    NotSeconds,
    #[error("is neither a duration such as 20ms nor a number of milliseconds")]
    NotMilliseconds,
    #[error("is neither a size such as 50MB nor a number of bytes, each per second")]
    NotARate,
    #[error("is too large")]
    TooLarge,
    #[error("has more than 100 addresses in it")]
    TooManyRecipients,
    #[error("has more than {most} characters")]
    TooLong { most: usize },
    #[error("has blanks around it")]
    Padded,
    #[error(
        "holds \"{found}\", which is no notifier: after \"exec:\" comes its name, one to 64 of a to z, 0 to 9, \"_\" and \"-\""
    )]
    NotifierOf { found: String },
    #[error("is not a link that begins with https:// or http:// and has no blanks")]
    NotALink,
    #[error("is not the name of a notifier: one to 64 of a to z, 0 to 9, \"_\" and \"-\"")]
    NotANotifier,
    #[error("does not begin with the whole path of a program, such as /usr/local/bin/notify")]
    NotAProgram,
    #[error("has quotes or backslashes in it: no shell reads it, and arguments are parted by blanks")]
    Quoted,
    #[error("has more than {most} arguments")]
    TooManyArguments { most: usize },
    #[error("{0}")]
    Other(String),
}

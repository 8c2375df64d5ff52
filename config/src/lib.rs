//! config.xml to checked values.
//!
//! [`load`] returns a whole [`Config`], with everything inherited and every default in place, or all mistakes of all
//! files at once, each with its file, line and column. It opens no files but config.xml and those it includes:
//! passwords and keys are read by the program that needs them ([`SecretSource::read`], [`check_secret_file`]).
//! [`locate`] and [`state_dir`] tell where things are.
//!
//! # The file
//!
//! `config/example/config.xml` is the commented example and the reference of every attribute; `config.xsd` beside it
//! is the same for editors. What neither of them can say:
//!
//! - *Inheritance.* A `<client>` that lacks an attribute takes the one of its `<group>`, and a group that of
//!   `<defaults>`. The attributes of the login (`identity-file`, `passphrase-file`, `passphrase-env`,
//!   `certificate-file`, `identity-agent`, `password`, `password-file`, `password-env`) are inherited together or not at
//!   all.
//! - *Alerts.* A client's rules are the built-in ones ([`rules::builtin`]), the alerts of `<defaults>`, of its group, and
//!   then its own. One alert of a nearer level replaces all inherited and built-in ones of the same type and selector
//!   (`mount`, `interface` and so on), `off="yes"` without anything in their place. Mail goes to the alert's `mail`,
//!   else the client's, else the group's, else that of `<defaults>`. At most 256 alerts come to one host.
//! - *Limits.* They are in the metric's unit: percent with or without the sign, seconds or a duration (`100d`),
//!   milliseconds or a duration (`20ms`), bytes per second or a size (`50MB`, `50MB/s`). `kB`, `MB`, `GB`, `TB`, `PB` are
//!   powers of 1000, `KiB` to `PiB` of 1024. With `warn` and `crit` the alert is over where the milder one is: `clear` is
//!   for that one. A state needs no limit: what it does not say is as built in, else a warning; with `severity` it has one
//!   level, from the mildest on.
//! - *Forecasts.* `forecast` on `disk` makes a rule of its own, `disk-full`, with the same selector and the same people, or
//!   only that one if there is no limit beside it. Each of both is inherited and replaced by itself, but `off` on `disk`
//!   is for both.
//! - *The fleet.* `<alerter>` may hold alerts of type `collector`, and nothing else may. Without a limit it is three
//!   intervals of `<collector>`, which then has to have one.
//! - *Notifiers.* `exec:chat` may stand wherever people are told, and needs a `<notifier name="chat">`. Its command is
//!   parted at blanks; no shell sees it.
//! - *Parents.* `parent` names the client that this one depends on, by default its jump host. As with `jump`, `none` undoes
//!   an inherited one (and the default), a client that inherits itself has none, and circles are a mistake.
//! - *Maintenance.* The windows of a client are those of `<defaults>`, of its group, and its own, at most 64. They begin by
//!   their own `timezone`, else that of `<alerter>`, else the server's.
//! - *What is looked at.* A client's processes and units are those of `<defaults>`, of its group, and its own; one of a
//!   nearer level takes the place of an inherited one of the same name, and `wanted="no"` undoes it. `nginx` and
//!   `nginx.service` are one unit, which is known by the second name everywhere else. A `wanted="no"` that undoes nothing
//!   is warned of. At most 64 of each come to one host.
//! - *Identity.* A client is known by its name, by default its `ip`. Two clients of one name are a mistake, and so is a
//!   `formerly` that names a client, or a former name that two clients claim.
//! - *Ranges.* In `ip`, `name` and `formerly`, `[1-3,07]` stands for 1, 2, 3 and 07; a leading zero keeps the width
//!   (`[08-10]`); several brackets are combined, the last one fastest. The three attributes of a client go in step and
//!   need as many values each. At most 10,000 hosts come from one client, 100,000 from all.
//! - *Jump hosts.* `jump` names a client, which may have a `jump` of its own and need not be enabled. A client that
//!   inherits itself has none. Circles are a mistake.
//! - *Files.* `<include href="conf.d/*.xml"/>` takes in files from the folder of the file it stands in, or below it,
//!   links resolved. They hold the same elements; groups and clients are seen from everywhere, and what may be there
//!   once may be there once in all. At most 8 deep, 10,000 files, 64 MiB.
//! - *Paths* start from the folder of the file they stand in (`database`: from the state folder). `~` is not expanded.
//! - *SMTP.* `security` is by default `tls` on port 465, `none` to this machine, else `starttls`; the port follows from
//!   it (465, 25, 587). A password is never sent in plain text to another machine.
//! - *Passwords.* At most one of the three attributes. In config.xml itself a password is refused if others can read
//!   the file, and warned of otherwise. Passphrases can't stand there.
//! - *Gaps.* A jump host or group that nobody defines is a mistake only if every file could be read: one broken file is
//!   told once, not for each client that refers to it.
//!
//! # Differences to the original of 2017
//!
//! A config.xml of the original is read with the meaning it had, down to a `%` after any limit and to limits above
//! 100 % (which are warned of: they are never reached); the built-in rules are new beside its alerts. What it accepted and this does not:
//!
//! - `encoding="ISO-8859-1"`, or any other than UTF-8, in the XML declaration: save the file as UTF-8.
//! - A name beside a mail address, as in `mail="Ops <ops@example.org>"`: write the address alone.
//! - Two clients of one name; the second was ignored.
//! - A password in a file that others can read.
//!
//! # What is refused before it is read
//!
//! A file, included or not, that group or others may write, that belongs to neither root nor the user who runs the
//! program, or that stands below a folder where everybody may write. Then: more than 4 MiB, anything but UTF-8, a DOCTYPE, unknown
//! entities, elements nested more than 16 deep, more than 64 attributes on one element.

mod access;
mod alerter;
mod alerts;
mod clients;
mod complaint;
mod error;
mod fields;
mod grammar;
mod hosts;
mod include;
mod inherit;
mod jumps;
mod later;
mod load;
mod lookup;
mod maintenance;
mod model;
mod names;
mod notifiers;
mod paths;
mod quantities;
mod ranges;
mod report;
mod rulebook;
mod scope;
mod secret;
mod sections;
mod settings;
mod suggest;
mod text;
mod value;
mod wanted;
mod xml;

pub use access::Refusal;
pub use alerts::name_of_thing;
pub use error::ConfigError;
pub use load::{load, parse};
pub use model::{
    Agent, Alerter, Collector, Config, ConfiguredRule, Credentials, Deadlines, Host, HostKeyPolicy, Notifier, Origin,
    Security, Smtp, Storage,
};
pub use paths::{Environment, locate, state_dir};
pub use report::Problem;
pub use rulebook::Rulebook;
pub use rules::wildcard_match;
pub use secret::{Secret, SecretError, SecretSource, check_secret_file};
pub use suggest::nearest;

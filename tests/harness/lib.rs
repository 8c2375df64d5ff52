//! What the end-to-end tests and the demo are made of: real servers, started on loopback in temporary folders, waited
//! for by readiness, killed and waited for on drop.
//!
//! - [`Sshd`]: OpenSSH's sshd, which stands for as many hosts as it has addresses in 127.0.0.0/8
//! - [`Agent`]: OpenSSH's ssh-agent
//! - [`Dropbear`]: another SSH server, with as many accounts as wanted
//! - [`HostileServer`]: an SSH server that follows a script of faults, one for each address
//! - [`Exim`]: a real mail server with STARTTLS and AUTH
//! - [`MailServer`]: an SMTP server that does at each step what a script says
//! - [`NodeExporter`]: another program that reads what our probe reads
//! - [`Server`]: the monitoring server: its config.xml, its state folder, its programs
//! - [`Systemd`]: systemd with a journal, as on a host that has booted
//! - [`Proxy`]: a TCP proxy that can cut the line
//! - [`WeakLine`]: a TCP proxy that cuts each of many connections elsewhere, or changes a bit of it
//!
//! Users and homes are made in a mount namespace of the sshd, so the machine's own stay as they are. That needs root.

mod accounts;
mod agent;
mod dropbear;
mod exim;
mod exporter;
mod hostile;

mod mail_server;
mod peak;
mod process;
mod programs;
mod proxy;
mod requirements;
mod rows;
mod server;
mod sshd;
mod systemd;
mod weak_line;

pub use accounts::{Account, Home};
pub use agent::Agent;
pub use dropbear::Dropbear;
pub use exim::{Exim, Mail};
pub use exporter::{NodeExporter, Scrape};
pub use hostile::{Behaviour, HostileServer};
pub use mail_server::{Deed, MailServer, Step, TakenMail};
pub use peak::with_peak;
pub use process::{Finished, PATIENCE, Reaped, eventually, fill_queue, run};
pub use programs::{program, target_dir, workspace};
pub use proxy::Proxy;
pub use requirements::{Requirement, is_root, missing};
pub use rows::{Measured, Rows};
pub use server::Server;
pub use sshd::{PASSWORD, Sshd, SshdOptions, USER, make_key};
pub use systemd::Systemd;
pub use weak_line::{Damage, Direction, How, WeakLine};

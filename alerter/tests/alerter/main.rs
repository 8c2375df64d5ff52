//! The alerter against a real database and an SMTP server that does what a script says.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails, with the place where it could not")]

mod checking;
mod delivering;
mod digest;
mod evaluating;
mod fleet;
mod late;
mod notifiers;
mod office;
mod quiet;
mod reusing;
mod running;
mod seasons;
mod smtp_server;
mod stopping;
mod telling;
mod visits;

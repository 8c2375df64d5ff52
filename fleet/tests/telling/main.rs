//! What is wrong, who was told, and what people say about it: questions to real databases.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails, with the place where it could not")]

mod acknowledging;
mod alerts;
mod explaining;
mod outbox;
mod place;
mod replaying;
mod silencing;
mod status;

//! What people asked other monitors for, told as stories: what happens, and which mails arrive.

#![expect(clippy::unwrap_used, reason = "clippy allows it in test functions, not in their helpers")]

mod chance;
mod channel_down;
mod fewer_mails;
mod post_office;
mod promises;
mod scene;

//! The mails a run would make now, without making them.

use std::fmt::Write;

use rules::Recipient;
use sample::Timestamp;

use crate::compose::Letter;
use crate::run::RunError;
use crate::setting::Setting;

/// What a run would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// The mails it would make, each with its recipients.
    pub letters: Vec<(Vec<Recipient>, Letter)>,
    /// Deliveries of mails that exist already and wait for their turn.
    pub waiting: usize,
}

/// Returns what a run would do. It takes no lock, treats no row and makes no mail. A database of an
/// older version is brought up to date, as by every program that opens it.
///
/// # Errors
/// The database, or a template.
pub fn dry_run(_setting: &Setting, _now: Timestamp) -> Result<Forecast, RunError> {
    todo!()
}

impl Forecast {
    /// The mails as a person reads them.
    pub fn to_text(&self, from: &Recipient) -> String {
        let mut text = String::new();
        for (recipients, letter) in &self.letters {
            let to: Vec<&str> = recipients.iter().map(Recipient::as_str).collect();
            let Letter { subject, text: body, .. } = letter;
            text += &format!("From: {from}\nTo: {}\nSubject: {subject}\n\n{body}", to.join(", "));
        }
        let made = match self.letters.len() {
            0 => "no new mail".to_owned(),
            1 => "1 new mail".to_owned(),
            count => format!("{count} new mails"),
        };
        write!(text, "{made} would be made; {} deliveries of earlier mails wait", self.waiting)
            .expect("writing to memory does not fail");
        text
    }
}

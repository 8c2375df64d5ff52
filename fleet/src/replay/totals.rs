//! How many mails there are, and how many there really were.

use std::collections::BTreeMap;
use std::io::{self, Write};

use rules::{NoticeKind, Recipient, Severity};
use sample::Timestamp;
use serde::Serialize;
use storage::{DeliveryFilter, DeliveryRecord, MailKind, Store, StoreError};

use super::mail::Mail;

/// Nobody reads more mails.
const MOST_DELIVERIES: usize = 100_000;

/// Counts, by recipient.
#[derive(Default)]
pub(super) struct Totals {
    of: BTreeMap<Recipient, Count>,
}

#[derive(Default)]
struct Count {
    mails: u64,
    /// Mails about problems that were really sent in that time.
    mailed: u64,
    problems: BTreeMap<Severity, u64>,
    reminders: u64,
    recoveries: u64,
}

impl Totals {
    pub(super) fn count(&mut self, mail: &Mail) {
        let count = self.of.entry(mail.recipient.clone()).or_default();
        count.mails += 1;
        for entry in &mail.entries {
            match entry.kind {
                NoticeKind::Problem | NoticeKind::Worse | NoticeKind::Flapping | NoticeKind::Happened => {
                    *count.problems.entry(entry.severity).or_default() += 1;
                }
                NoticeKind::Reminder => count.reminders += 1,
                NoticeKind::Over | NoticeKind::Missed => count.recoveries += 1,
            }
        }
    }

    /// Counts what the server took since then, or may have taken. Summaries and signs of life come whatever the rules are.
    pub(super) fn mailed(&mut self, store: &Store, since: Timestamp) -> Result<(), StoreError> {
        let all = store.deliveries(DeliveryFilter::All, MOST_DELIVERIES)?;
        let left = |state: &str| matches!(state, "sent" | "unknown" | "sending");
        let counts = |delivery: &DeliveryRecord| {
            delivery.kind == MailKind::Alerts && delivery.created >= since && left(&delivery.state)
        };
        for delivery in all.into_iter().filter(counts) {
            self.of.entry(delivery.recipient).or_default().mailed += 1;
        }
        Ok(())
    }

    pub(super) fn write_text(&self, out: &mut impl Write, rows: u64) -> io::Result<()> {
        if rows == 0 {
            return writeln!(out, "there is no history of that time");
        }
        if self.of.values().all(|count| count.mails == 0) {
            writeln!(out, "no mail would have been sent")?;
        }
        writeln!(out)?;
        self.of.iter().try_for_each(|(recipient, count)| {
            let Count { mails, mailed, problems, reminders, recoveries } = count;
            let of = |severity: &Severity| Some(format!("{} {severity}", problems.get(severity)?));
            let mut told: Vec<String> = Severity::ALL.iter().rev().filter_map(of).collect();
            told.push(counted(*reminders, "reminder", "reminders"));
            told.push(counted(*recoveries, "recovery", "recoveries"));
            let mails = counted(*mails, "mail", "mails");
            writeln!(out, "{recipient}: {mails} with {}; really mailed: {mailed}", told.join(", "))
        })
    }

    pub(super) fn write_json(&self, out: &mut impl Write) -> io::Result<()> {
        let line = |(recipient, count): (&Recipient, &Count)| RecipientLine {
            recipient: recipient.to_string(),
            mails: count.mails,
            mailed: count.mailed,
            problems: count.problems.iter().map(|(severity, count)| (severity.name(), *count)).collect(),
            reminders: count.reminders,
            recoveries: count.recoveries,
        };
        serde_json::to_writer(&mut *out, &Line { totals: self.of.iter().map(line).collect() })?;
        out.write_all(b"\n")
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[derive(Serialize)]
struct Line {
    totals: Vec<RecipientLine>,
}

#[derive(Serialize)]
struct RecipientLine {
    recipient: String,
    mails: u64,
    mailed: u64,
    problems: BTreeMap<&'static str, u64>,
    reminders: u64,
    recoveries: u64,
}

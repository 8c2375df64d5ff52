//! A fleet with people who read their mail: what they got, in the order in which they got it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alerter::compose::Letter;
use alerter::{Report, Surroundings};
use rules::{Incident, Recipient, Silence};
use sample::{OutcomeKind, Readings};
use storage::{DeliveryFilter, IncidentFilter};
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, Seen, at, disks, memory, quick};
use crate::smtp_server::{Answer, Heard, Said, SmtpServer, Verb};

pub(crate) const HOUR: i64 = 60;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Disk and memory: limits of two severities, and of one.
pub(crate) const ALERTS: &str = r#"<alert type="disk" warn="85%" crit="95%"/><alert type="memory" limit="85%"/>"#;

pub(crate) struct Office {
    pub(crate) fleet: Fleet,
    server: SmtpServer,
    mail_is_down: Arc<AtomicBool>,
}

/// A mail that the server took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    /// The text part.
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Office {
    /// `rest` stands in `<config>`, beside an `<alerter>` that does not watch the collector.
    pub(crate) fn new(rest: &str) -> Office {
        Office::with("", rest)
    }

    /// With these attributes of `<alerter>`.
    pub(crate) fn with(alerter: &str, rest: &str) -> Office {
        Office::start(&config(alerter, rest), |_| Answer::Usual)
    }

    /// With an SMTP server that does what a script says, as long as mail is not down.
    pub(crate) fn start(rest: &str, script: impl Fn(&Said<'_>) -> Answer + Send + Sync + 'static) -> Office {
        let mail_is_down = Arc::new(AtomicBool::new(false));
        let down = mail_is_down.clone();
        let server = SmtpServer::start(move |said| {
            let is_down = said.verb == Verb::Connect && down.load(Ordering::SeqCst);
            if is_down { Answer::SayAndClose("421 closed for repairs") } else { script(said) }
        });
        Office { fleet: Fleet::new(server.port, rest), server, mail_is_down }
    }

    /// Another config.xml, from now on.
    pub(crate) fn configure(&self, rest: &str) {
        self.configure_all(&config("", rest));
    }

    pub(crate) fn configure_all(&self, rest: &str) {
        self.fleet.configure(&format!(r#"host="127.0.0.1" port="{}""#, self.server.port), rest);
    }

    pub(crate) fn mail_is_down(&self, is_down: bool) {
        self.mail_is_down.store(is_down, Ordering::SeqCst);
    }

    /// A run of the alerter, and the mails that were taken since the last one.
    pub(crate) fn run(&self, minute: i64) -> Vec<Mail> {
        self.fleet.alert(minute);
        self.mails()
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        let mut mails: Vec<Mail> = self.server.taken().into_iter().map(|(to, bytes)| mail(to, bytes)).collect();
        mails.sort_by(|a, b| a.to.cmp(&b.to));
        mails
    }

    /// The bytes of the only message that was handed over, whether it was taken or not.
    pub(crate) fn message(&self) -> Vec<u8> {
        let content = |heard| match heard {
            Heard::Mail { content, .. } => Some(content),
            Heard::Line(_) => None,
        };
        self.server.heard().into_iter().find_map(content).unwrap()
    }

    /// The collector and the alerter, and the subjects that were taken.
    pub(crate) fn see(&self, minute: i64, hosts: &[(&str, Seen)]) -> Vec<String> {
        self.fleet.visit(minute, hosts);
        self.told(minute)
    }

    /// The alerter alone, and the subjects that were taken.
    pub(crate) fn told(&self, minute: i64) -> Vec<String> {
        self.run(minute).into_iter().map(|mail| mail.subject).collect()
    }

    /// The alerter alone: to whom which subject went, without the domain.
    pub(crate) fn sent(&self, minute: i64) -> Vec<String> {
        let line = |mail: Mail| format!("{}: {}", mail.to.replace("@example.org", ""), mail.subject);
        self.run(minute).into_iter().map(line).collect()
    }

    pub(crate) fn see_sent(&self, minute: i64, hosts: &[(&str, Seen)]) -> Vec<String> {
        self.fleet.visit(minute, hosts);
        self.sent(minute)
    }

    /// The mails of a dry run: to whom which subject would go.
    pub(crate) fn forecast(&self, minute: i64) -> Vec<String> {
        let (setting, now, stop) = (self.fleet.setting(), || at(minute), CancellationToken::new());
        let forecast = alerter::dry_run(&setting, &Surroundings::new(&now, &stop)).unwrap();
        let lines = |(recipients, letter): (Vec<Recipient>, Letter)| {
            recipients.into_iter().map(move |recipient| format!("{recipient}: {}", letter.subject))
        };
        let mut lines: Vec<String> = forecast.letters.into_iter().flat_map(lines).collect();
        lines.sort();
        lines
    }

    /// The mails of a dry run, as people read them.
    pub(crate) fn forecast_text(&self, minute: i64) -> String {
        let (setting, now, stop) = (self.fleet.setting(), || at(minute), CancellationToken::new());
        let forecast = alerter::dry_run(&setting, &Surroundings::new(&now, &stop)).unwrap();
        forecast.letters.into_iter().map(|(_, letter)| letter.text).collect()
    }

    /// What a run really sends, in the same form.
    pub(crate) fn truth(&self, minute: i64) -> Vec<String> {
        let mut lines: Vec<String> =
            self.run(minute).into_iter().map(|mail| format!("{}: {}", mail.to, mail.subject)).collect();
        lines.sort();
        lines
    }

    pub(crate) fn digest(&self, minute: i64, days: u32) -> Report {
        let (setting, now, stop) = (self.fleet.setting(), || at(minute), CancellationToken::new());
        let around = Surroundings { timeouts: quick(), ..Surroundings::new(&now, &stop) };
        alerter::digest(&setting, &around, days).unwrap()
    }

    /// Nothing of this host and metric is told between these minutes.
    pub(crate) fn silence(&self, host: &str, metric: &str, from: i64, to: i64) -> i64 {
        let silence = Silence {
            id: 0,
            host: host.to_owned(),
            metric: metric.to_owned(),
            instance: "*".to_owned(),
            starts: at(from),
            ends: at(to),
            author: "ann".to_owned(),
            comment: "planned".to_owned(),
        };
        self.fleet.store().add_silence(&silence, at(from)).unwrap()
    }

    /// Ann takes care of the only incident that is open.
    pub(crate) fn acknowledge(&self, minute: i64, until: Option<i64>) {
        let open = self.incidents().into_iter().find(Incident::is_open).unwrap();
        let taken = self.fleet.store().acknowledge(open.id, "ann", "mine", until.map(at), at(minute));
        assert!(taken.unwrap());
    }

    /// All of them, oldest first.
    pub(crate) fn incidents(&self) -> Vec<Incident> {
        let mut incidents = self.fleet.store().incidents(&IncidentFilter::default()).unwrap();
        incidents.reverse();
        incidents
    }

    /// How many incidents something may still be owed of.
    pub(crate) fn unsettled(&self) -> usize {
        self.fleet.store().unsettled_incidents().unwrap().len()
    }

    /// What became of each delivery, oldest first.
    pub(crate) fn states(&self) -> Vec<String> {
        let mut deliveries = self.fleet.store().deliveries(DeliveryFilter::All, 1000).unwrap();
        deliveries.sort_by_key(|delivery| delivery.id);
        deliveries.into_iter().map(|delivery| delivery.state).collect()
    }

    /// A place for what a notifier is told.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.fleet.state_dir().join(name)
    }

    pub(crate) fn content(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }
}

/// With these attributes of `<alerter>`, which does not watch the collector: nobody visits anybody here.
pub(crate) fn config(alerter: &str, rest: &str) -> String {
    // Whatever the clock of this machine is.
    let zone = if alerter.contains("timezone") { "" } else { r#"timezone="UTC""# };
    format!(
        r#"<alerter {zone} {alerter}><alert type="collector" off="yes"/></alerter><collector interval="5m"/>
           {rest}"#
    )
}

/// One host, `web1`, that ops is told of.
pub(crate) fn web1() -> String {
    host("web1", "", "ops@example.org", ALERTS)
}

/// An SMTP server that knows everybody but gone@example.org.
pub(crate) fn without_gone(said: &Said<'_>) -> Answer {
    let is_refused = said.verb == Verb::Rcpt && said.line.contains("gone@");
    if is_refused { Answer::Say("550 no such user") } else { Answer::Usual }
}

/// A `<client>` with these attributes beside what it has to have.
pub(crate) fn host(name: &str, attributes: &str, mail: &str, inside: &str) -> String {
    format!(
        r#"<client name="{name}" {attributes} ip="192.0.2.1" username="m" password="p" mail="{mail}">{inside}</client>"#
    )
}

/// All is well, but memory is used so far.
pub(crate) fn used(percent: u64) -> Seen {
    Seen::Well(memory(percent))
}

pub(crate) fn disk(percent: u64) -> Seen {
    Seen::Well(disks(&[("/", percent)]))
}

pub(crate) fn both(memory_percent: u64, disk_percent: u64) -> Seen {
    Seen::Well(Readings { memory: memory(memory_percent).memory, ..disks(&[("/", disk_percent)]) })
}

pub(crate) fn down() -> Seen {
    Seen::Failed(OutcomeKind::ConnectTimeout)
}

fn mail(to: String, bytes: Vec<u8>) -> Mail {
    let all = String::from_utf8(bytes.clone()).unwrap();
    let (head, _) = all.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ");
    let subject = head.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap().to_owned();
    let text = all.find("Content-Type: text/plain").map_or_else(String::new, |start| {
        let part = &all[start..];
        let body = part.split_once("\r\n\r\n").unwrap().1;
        quoted_printable(body.split("\r\n--").next().unwrap())
    });
    Mail { to, subject, text, bytes }
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\r\n", "").replace("\r\n", "\n");
    let (mut bytes, mut rest) = (Vec::new(), text.as_str());
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
        rest = &after[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

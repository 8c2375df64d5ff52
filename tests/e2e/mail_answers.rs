//! Whatever a mail server answers at whichever step: what becomes of the delivery, how the alerter ends, and what the
//! next run does with a server that is well again.

use std::fs::File;
use std::process::Stdio;

use harness::{Deed, Step, with_peak};

use crate::paper::{LOGIN, Paper, full, now_ms};

/// What one answer comes to.
struct Case {
    step: Step,
    deed: Deed,
    /// `state attempts` of the delivery after the first run.
    becomes: &'static str,
    /// How the first run ends.
    status: i32,
    /// How many mails have come in the end, after a run with a server that is well again.
    come: usize,
}

const fn case(step: Step, deed: Deed, becomes: &'static str, status: i32, come: usize) -> Case {
    Case { step, deed, becomes, status, come }
}

const fn say(text: &'static str) -> Deed {
    Deed::say(text)
}

const fn say_and_close(text: &'static str) -> Deed {
    Deed::SayAndClose(std::borrow::Cow::Borrowed(text))
}

/// Of a `250` after the final dot nothing can take back that the mail has come; of a garbled answer nobody can know.
const ANSWERS: &[Case] = &[
    case(Step::Greeting, say("220 hello"), "sent 1", 0, 1),
    case(Step::Greeting, say("250 hello"), "sent 1", 0, 1),
    case(Step::Greeting, say("421 too busy"), "retry 1", 3, 1),
    case(Step::Greeting, say("450 later"), "retry 1", 3, 1),
    case(Step::Greeting, say("554 go away"), "retry 1", 3, 1),
    case(Step::Greeting, say("SSH-2.0-OpenSSH_9.2"), "retry 1", 3, 1),
    case(Step::Greeting, say(""), "retry 1", 3, 1),
    case(Step::Greeting, Deed::Close, "retry 1", 3, 1),
    case(Step::Ehlo, say("250 test"), "sent 1", 0, 1),
    case(Step::Ehlo, say_and_close("421 closing"), "retry 1", 3, 1),
    case(Step::Ehlo, say("450 later"), "retry 1", 3, 1),
    case(Step::Ehlo, say("502 what"), "retry 1", 3, 1),
    case(Step::Ehlo, say("garbage"), "retry 1", 3, 1),
    case(Step::Ehlo, say("250-never ends\r\n220 but otherwise"), "retry 1", 3, 1),
    case(Step::Ehlo, Deed::Close, "retry 1", 3, 1),
    case(Step::Mail, say("251 fine"), "sent 1", 0, 1),
    case(Step::Mail, say("354 go on"), "retry 1", 3, 1),
    case(Step::Mail, say("451 later"), "retry 1", 3, 1),
    case(Step::Mail, say("550 not from there"), "retry 1", 3, 1),
    case(Step::Mail, say("garbage"), "retry 1", 3, 1),
    case(Step::Mail, Deed::Close, "retry 1", 3, 1),
    case(Step::Rcpt, say("251 will forward"), "sent 1", 0, 1),
    case(Step::Rcpt, say("354 go on"), "retry 1", 3, 1),
    case(Step::Rcpt, say("450 greylisted"), "retry 1", 3, 1),
    case(Step::Rcpt, say_and_close("421 enough"), "retry 1", 3, 1),
    case(Step::Rcpt, say("550 no such user"), "failed 1", 3, 0),
    case(Step::Rcpt, say("garbage"), "retry 1", 3, 1),
    case(Step::Rcpt, Deed::Close, "retry 1", 3, 1),
    case(Step::Data, say("250 what is it"), "retry 1", 3, 1),
    case(Step::Data, say("451 disk full"), "retry 1", 3, 1),
    case(Step::Data, say_and_close("421 enough"), "retry 1", 3, 1),
    case(Step::Data, say("554 no valid recipients"), "failed 1", 3, 0),
    case(Step::Data, say("garbage"), "retry 1", 3, 1),
    case(Step::Data, Deed::Close, "retry 1", 3, 1),
    case(Step::Content, Deed::Close, "unknown 1", 3, 1),
    case(Step::Dot, say("250 queued as 4711"), "sent 1", 0, 1),
    case(Step::Dot, say("250-queued\r\n250 as 4711"), "sent 1", 0, 1),
    case(Step::Dot, say("451 disk full"), "retry 1", 3, 1),
    case(Step::Dot, say_and_close("421 enough"), "retry 1", 3, 1),
    case(Step::Dot, say("552 too big"), "failed 1", 3, 0),
    case(Step::Dot, say("554 looks like spam"), "failed 1", 3, 0),
    // Whoever says this has taken it for a yes or has not: the mail is sent again.
    case(Step::Dot, say("garbage"), "unknown 1", 3, 1),
    case(Step::Dot, say_and_close("25"), "unknown 1", 3, 2),
    case(Step::Dot, Deed::Close, "unknown 1", 3, 1),
    // It has come; what the server does then changes nothing.
    case(Step::Taken, Deed::Close, "sent 1", 0, 1),
    case(Step::Other, say("502 no goodbyes"), "sent 1", 0, 1),
    case(Step::Other, Deed::Close, "sent 1", 0, 1),
];

/// With a login, in plain text, which is allowed to this machine.
const LOGINS: &[Case] = &[
    case(Step::Auth, say("235 welcome"), "sent 1", 0, 1),
    case(Step::Auth, say("454 later"), "retry 1", 3, 1),
    case(Step::Auth, say("535 wrong password"), "retry 1", 3, 1),
    case(Step::Auth, say_and_close("421 enough"), "retry 1", 3, 1),
    case(Step::Auth, say("334 bW9yZQ=="), "retry 1", 3, 1),
    case(Step::Auth, say("334 not base64 \u{1}"), "retry 1", 3, 1),
    case(Step::Auth, say("garbage"), "retry 1", 3, 1),
    case(Step::Auth, Deed::Close, "retry 1", 3, 1),
    // Without AUTH on offer nothing is sent that would need it.
    case(Step::Ehlo, say("250 test"), "retry 1", 3, 1),
];

const OFFERS_TLS: &str = "250-test\r\n250-STARTTLS\r\n250 8BITMIME";

/// What may stand where the encryption begins.
const UPGRADES: &[Case] = &[
    // The offer was taken out on the way.
    case(Step::Ehlo, say("250-test\r\n250-AUTH PLAIN\r\n250 8BITMIME"), "retry 1", 3, 0),
    case(Step::StartTls, say("454 not now"), "retry 1", 3, 0),
    case(Step::StartTls, say("501 what"), "retry 1", 3, 0),
    case(Step::StartTls, say("220 go on, said somebody without a key"), "retry 1", 3, 0),
    case(Step::StartTls, say_and_close("421 enough"), "retry 1", 3, 0),
    case(Step::StartTls, say("garbage"), "retry 1", 3, 0),
    case(Step::StartTls, Deed::Close, "retry 1", 3, 0),
];

/// A fleet with one alert for one person.
fn paper() -> Paper {
    let paper = Paper::new(&["web1"], "ops@example.org", r#"<alert type="memory" limit="90%"/>"#);
    paper.visit("web1", now_ms(), &full());
    paper
}

fn state(paper: &Paper) -> String {
    paper.server.value("SELECT group_concat(state || ' ' || attempts) FROM delivery")
}

/// The next run, with a server that is well again.
fn heal(paper: &Paper, case: &Case) {
    let what = format!("{:?} {:?}", case.step, case.deed);
    paper.mail.be_friendly();
    paper.server.make_deliveries_due();
    paper.server.alerter(&[]).expect(0);
    let came = paper.mail.taken();
    assert_eq!(came.len(), case.come, "{what}");
    assert!(came.iter().all(|mail| mail.content == came[0].content), "{what}: the same bytes each time");
    let ended = if case.becomes.starts_with("failed") { "failed 1".to_owned() } else { state(paper) };
    assert!(ended.starts_with("sent") || ended == "failed 1", "{what}: {ended}");
    assert_eq!(paper.server.value("SELECT count(*) FROM mail"), "1", "{what}: one mail, whatever becomes of it");
}

/// Runs the alerter once against a server that does what the case says, and otherwise what `usually` says.
fn meet(paper: &Paper, case: &Case, usually: impl Fn(Step) -> Deed + Send + Sync + 'static) {
    let (step, deed) = (case.step, case.deed.clone());
    paper.mail.follow(move |at, _| if at == step { deed.clone() } else { usually(at) });
    let ended = paper.server.alerter(&[]);
    let what = format!("{step:?} {:?}: {}{}", case.deed, ended.stdout, ended.stderr);
    assert_eq!((state(paper), ended.status), (case.becomes.to_owned(), Some(case.status)), "{what}");
}

#[test]
fn every_answer_at_every_step_has_its_outcome_and_nothing_is_lost() {
    for case in ANSWERS {
        let paper = paper();
        meet(&paper, case, |_| Deed::Usual);
        heal(&paper, case);
    }
}

#[test]
fn every_answer_to_a_login_leaves_the_mail_for_a_better_day() {
    for case in LOGINS {
        let paper = paper();
        paper.configure("security=\"none\" username=\"fleet\" password=\"letmein\"", &rest());
        meet(&paper, case, |_| Deed::Usual);
        heal(&paper, case);
    }
}

#[test]
fn where_encryption_is_wanted_and_does_not_begin_nothing_is_told_to_anybody() {
    for case in UPGRADES {
        let paper = paper();
        paper.configure("security=\"starttls\" username=\"fleet\" password=\"letmein\"", &rest());
        meet(&paper, case, |at| if at == Step::Ehlo { say(OFFERS_TLS) } else { Deed::Usual });
        let said = paper.mail.commands();
        let is_public = |line: &String| ["EHLO ", "STARTTLS", "QUIT"].iter().any(|word| line.starts_with(word));
        let told: Vec<&String> = said.iter().filter(|line| !is_public(line) && line.is_ascii()).collect();
        assert!(told.iter().all(|line| !line.contains('@') && !line.contains("AUTH")), "{:?}: {told:?}", case.deed);
        assert_eq!(paper.mail.taken().len(), case.come);
    }
}

/// What [`Paper::new`] has written beside `<smtp>`.
fn rest() -> String {
    let alert = r#"<alert type="memory" limit="90%"/>"#;
    format!("<defaults {LOGIN} mail=\"ops@example.org\">{alert}</defaults>\n<client name=\"web1\" ip=\"192.0.2.1\"/>\n")
}

/// What silence at a step comes to when the alerter is told to end meanwhile.
const STALLS: &[(&str, Step, &str)] = &[
    ("", Step::Greeting, "retry 1"),
    ("", Step::Ehlo, "retry 1"),
    ("security=\"starttls\" username=\"fleet\" password=\"letmein\"", Step::StartTls, "retry 1"),
    ("username=\"fleet\" password=\"letmein\"", Step::Auth, "retry 1"),
    ("", Step::Mail, "retry 1"),
    ("", Step::Rcpt, "retry 1"),
    ("", Step::Data, "retry 1"),
    // It was handed over.
    ("", Step::Dot, "unknown 1"),
];

#[test]
fn a_server_that_is_silent_at_any_step_keeps_no_alerter_from_ending_when_it_is_told_to() {
    for (smtp, step, becomes) in STALLS {
        let paper = paper();
        paper.configure(smtp, &rest());
        let (reached, is_reached) = std::sync::mpsc::channel();
        let offers = if smtp.contains("starttls") { say(OFFERS_TLS) } else { Deed::Usual };
        paper.mail.follow(move |at, _| match at {
            at if at == *step => {
                // Nobody waits for it any more in a test that has failed.
                reached.send(()).unwrap_or_default();
                Deed::Stall
            }
            Step::Ehlo => offers.clone(),
            _ => Deed::Usual,
        });
        let mut alerter = paper.server.spawn("fleet-alerter", &[]);
        is_reached.recv_timeout(harness::PATIENCE).unwrap();
        alerter.signal("TERM");
        assert_eq!((alerter.wait(), state(&paper)), (Some(143), (*becomes).to_owned()), "{step:?}");
        paper.configure("", &rest());
        heal(&paper, &case(*step, Deed::Stall, becomes, 143, 1));
    }
}

/// More than the alerter needs for a mail, far less than what it is told here.
const ENOUGH_BYTES: u64 = 64 << 20;

#[test]
fn a_server_that_talks_without_end_is_left_and_costs_no_memory() {
    let long = |length: usize| format!("220-{}", "x".repeat(length));
    let endless = [
        Deed::Repeat(long(400).into()),
        Deed::Repeat(format!("220-{}", "\0".repeat(400)).into()),
        Deed::Repeat("x".repeat(4096).into()),
        Deed::Say(long(10 << 20).into()),
        Deed::say("220 \0NUL"),
        Deed::Say(format!("554 {}", "\u{1b}[2J\0".repeat(50)).into()),
    ];
    for deed in endless {
        let paper = paper();
        let (what, says) = (format!("{:.60}", format!("{deed:?}")), deed.clone());
        paper.mail.follow(move |at, _| if at == Step::Greeting { says.clone() } else { Deed::Usual });
        let log = paper.server.dir.join("log");
        let command = paper.server.command("fleet-alerter", &[]);
        let errors = File::create(&log).unwrap();
        let (status, peak) = with_peak(&command, |run| {
            run.stdout(Stdio::null()).stderr(errors);
        });
        assert!(matches!(status.code(), Some(0 | 3)), "{what}: {status}");
        assert!(peak < ENOUGH_BYTES, "{what}: {peak} bytes of memory");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.len() < 10_000, "{what}: {} bytes of log", log.len());
        assert!(!log.contains(['\u{1b}', '\0']), "{what}: {log:?}");
        let reply: usize = paper.server.value("SELECT max(length(last_reply)) FROM delivery").parse().unwrap();
        assert!(reply < 10_000, "{what}: a reply of {reply} bytes is kept");
        paper.mail.be_friendly();
        paper.server.make_deliveries_due();
        paper.server.alerter(&[]).expect(0);
    }
}

//! What ends a run before its work is done: a signal, the time it may take, and the age of a mail.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use alerter::Surroundings;
use alerter::deliver::Timeouts;
use tokio_util::sync::CancellationToken;

use crate::fleet::{Fleet, at, client, memory, quick};
use crate::running::command;
use crate::smtp_server::{Answer, CLOSED_PORT, SmtpServer, Verb};

/// A fleet with one alert for these people.
fn fleet(port: u16, mail: &str) -> Fleet {
    let fleet = Fleet::new(port, &client("web1", mail, r#"<alert type="memory" limit="85%"/>"#));
    fleet.measure(0, &[("web1", memory(90))]);
    fleet
}

const THREE: &str = "a@example.org,b@example.org,c@example.org";

/// The program while it runs; ended with the test.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(fleet: &Fleet, arguments: &[&str]) -> Running {
        let mut command = command(fleet, arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Running { child, log }
    }

    fn wait_for_log(&mut self, words: &str) {
        let mut said = String::new();
        while !said.contains(words) {
            assert!(self.log.read_line(&mut said).unwrap() > 0, "it ended without {words:?}: {said}");
        }
    }

    fn terminate(&self) {
        let killed = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.child.id())).status();
        assert!(killed.unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn an_idle_schedule_ends_well_when_it_is_told_to() {
    let fleet = fleet(CLOSED_PORT, THREE);
    let mut program = Running::start(&fleet, &["--schedule", "0 0 1 1 *", "--timezone", "UTC", "-v"]);
    program.wait_for_log("waiting for the times of the schedule");
    program.terminate();
    assert_eq!(program.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_schedule_starts_without_a_template_or_a_notifier_and_says_which() {
    let fleet = fleet(CLOSED_PORT, THREE);
    let rest = r#"<alerter text-template="/no/mail.txt"/><notifier name="chat" command="/no/chat"/>"#;
    let chat = client("web1", "exec:chat", "");
    fleet.configure(&format!(r#"host="127.0.0.1" port="{CLOSED_PORT}""#), &[rest, &chat].concat());
    let mut program = Running::start(&fleet, &["--schedule", "0 0 1 1 *", "--timezone", "UTC", "-v"]);
    program.wait_for_log("it goes without this: text-template /no/mail.txt");
    program.wait_for_log("it goes without this: notifier \"chat\": /no/chat");
    program.wait_for_log("waiting for the times of the schedule");
}

#[test]
fn an_interrupted_run_takes_the_answer_to_the_mail_at_hand_and_leaves_the_others_for_the_next() {
    let (reached, at_message) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let server = SmtpServer::start(move |said| {
        if said.verb == Verb::Message {
            reached.send(()).unwrap();
            // Ends with the test, if not before.
            may_go_on.lock().unwrap().recv().unwrap_err();
        }
        Answer::Usual
    });
    let fleet = fleet(server.port, "a@example.org,b@example.org");
    let mut program = Running::start(&fleet, &["-v"]);
    at_message.recv().unwrap();
    program.terminate();
    program.wait_for_log("ending after the work at hand");
    drop(go_on);
    assert_eq!(program.child.wait().unwrap().code(), Some(143));
    assert_eq!(server.taken().len(), 1);
    assert_eq!(fleet.waiting().len(), 1);
}

#[test]
fn a_run_that_is_told_to_end_does_not_wait_for_a_silent_server() {
    for (verb, due_at_once) in [(Verb::Connect, 3), (Verb::Rcpt, 3), (Verb::Data, 3), (Verb::Message, 2)] {
        let stop = CancellationToken::new();
        let stops = stop.clone();
        let server = SmtpServer::start(move |said| {
            if said.verb != verb {
                return Answer::Usual;
            }
            stops.cancel();
            Answer::Stall
        });
        let fleet = fleet(server.port, THREE);
        let began = Instant::now();
        let now = || at(1);
        let report = fleet.run(&Surroundings { timeouts: quick(), ..Surroundings::new(&now, &stop) }).unwrap();
        assert!(began.elapsed() < Duration::from_secs(10), "{verb:?}: {:?}", began.elapsed());
        assert_eq!((report.deliveries.postponed, report.undelivered), (1, 3), "{verb:?}");
        // Before the mail was handed over the pause is not for the server's sake; after it, it may have been taken.
        assert_eq!((fleet.due(1).len(), fleet.due(2).len()), (due_at_once, 3), "{verb:?}");
    }
}

#[test]
fn a_run_that_delivers_for_too_long_leaves_the_rest_due() {
    let server = SmtpServer::friendly();
    let fleet = fleet(server.port, THREE);
    let timeouts = Timeouts { delivering: Duration::ZERO, ..quick() };
    for (minute, undelivered) in [(1, 2), (2, 1), (3, 0)] {
        let report = fleet.try_alert(minute, timeouts).unwrap();
        assert_eq!((report.deliveries.sent, report.undelivered), (1, undelivered), "each run gets something done");
        assert_eq!(fleet.due(minute).len(), undelivered);
    }
}

#[test]
fn a_mail_is_given_up_after_five_days_and_five_attempts() {
    let (fleet, hour) = (fleet(CLOSED_PORT, "a@example.org,b@example.org"), 60);
    assert_eq!(fleet.alert(1).deliveries.postponed, 1);
    // Nothing ran for six days; b was not tried once. From then on they take turns, as the server is still down.
    for run in 0..7 {
        let deliveries = fleet.alert(6 * 24 * hour + run * hour).deliveries;
        assert_eq!((deliveries.postponed, deliveries.expired), (1, 0), "{run}");
    }
    // The problem is still there, so it is owed again: in a mail that has five days of its own.
    let report = fleet.alert(6 * 24 * hour + 7 * hour);
    assert_eq!((report.mails, report.deliveries.expired), (0, 1));
    let report = fleet.alert(6 * 24 * hour + 8 * hour);
    assert_eq!((report.mails, report.deliveries.postponed, fleet.waiting().len()), (1, 1, 2));
}

#[test]
fn a_mail_is_not_given_up_before_five_days_however_often_it_was_tried() {
    let fleet = fleet(CLOSED_PORT, "a@example.org");
    for hour in 0..9 {
        assert_eq!(fleet.alert(1 + hour * 60).deliveries.expired, 0);
    }
    assert_eq!(fleet.alert(1 + 5 * 24 * 60).deliveries.expired, 1);
}

//! One connection for many mails: what one of them leaves behind concerns no other.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::delivering::{fleet, impatient};
use crate::smtp_server::{Answer, Said, SmtpServer, Verb};

#[test]
fn a_server_that_takes_one_mail_per_connection_gets_them_one_by_one() {
    for ending in [Answer::SayAndClose("421 enough"), Answer::Close] {
        // Of this connection; there is one at a time.
        let mails = AtomicUsize::new(0);
        let server = SmtpServer::start(move |said: &Said<'_>| {
            if said.verb == Verb::Connect {
                mails.store(0, Ordering::SeqCst);
            }
            let is_second = said.verb == Verb::Mail && mails.fetch_add(1, Ordering::SeqCst) == 1;
            if is_second { ending } else { Answer::Usual }
        });
        assert_eq!(fleet(server.port).alert(1).deliveries.sent, 3);
    }
}

#[test]
fn a_clear_answer_is_kept_whatever_the_server_does_before_the_next_mail() {
    for (refusing, line) in [(Verb::Rcpt, "550 no such user"), (Verb::Message, "554 looks like spam")] {
        let server = SmtpServer::start(move |said| {
            if said.line == "RSET" {
                return Answer::Stall;
            }
            if said.verb == refusing { Answer::Say(line) } else { Answer::Usual }
        });
        let report = fleet(server.port).try_alert(1, impatient()).unwrap();
        let deliveries = report.deliveries;
        assert_eq!((deliveries.failed, deliveries.postponed, report.undelivered), (1, 1, 2), "{line}");
    }
}

#[test]
fn a_refused_reset_costs_a_new_connection_and_no_mail() {
    let server = SmtpServer::start(|said| {
        if said.line == "RSET" {
            return Answer::Say("502 not here");
        }
        let refuse = said.verb == Verb::Rcpt && said.line.contains("a@");
        if refuse { Answer::Say("550 no such user") } else { Answer::Usual }
    });
    assert_eq!(fleet(server.port).alert(1).deliveries.sent, 2);
}

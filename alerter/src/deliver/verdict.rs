//! What an SMTP conversation that ended early means for the delivery, and for the rest of the run. Pure.

use std::fmt;

use sample::Untrusted;

/// The steps of sending one mail, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Name lookup, TCP, TLS where it comes first, the server's greeting, EHLO.
    Connect,
    /// STARTTLS, the TLS handshake, EHLO again.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The mail itself, up to its final dot.
    Content,
    /// The server's answer to the final dot.
    FinalAnswer,
}

/// Why a step did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server said no.
    Refused {
        /// 400 to 599.
        code: u16,
        /// The server's words.
        text: String,
    },
    /// The server said nothing in time.
    Silent,
    /// The connection broke, or never came to be, or what came back is not SMTP.
    Broken(String),
    /// We did not go on, because a secret or the mail would have been readable by others.
    Insecure(&'static str),
    /// This program was told to end.
    Interrupted,
}

/// A step and why it did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{step}: {fault}")]
pub(crate) struct Failure {
    /// Where it ended.
    pub(crate) step: Step,
    /// Why.
    pub(crate) fault: Fault,
}

/// What a failure means for the delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// This recipient or this mail is refused for good.
    Refused,
    /// It was not sent; another attempt may work.
    TryAgain,
    /// It was not sent, and nobody has said that it can't be: there is no need for a pause.
    Interrupted,
    /// The mail was handed over and no answer came: it may have been sent (RFC 1047).
    Unknown,
}

/// Whether the run goes on with its other deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// The failure says nothing about them.
    GoOn,
    /// Those to the same recipient would meet the same.
    LeaveAlone,
    /// They would meet the same, so they stay as they are: due. The next run tries one of them, so a server that
    /// refuses the login hears it once in each run.
    Stop,
}

impl Failure {
    /// Says what the failure means for the delivery, and for those after it.
    ///
    /// Up to MAIL FROM nothing is about the recipient: a no concerns our address, password or sender, so no mail is
    /// given up for it. Silence stops the run, or a hundred mails would wait for a stuck server one after another.
    pub(crate) fn verdict(&self) -> (Verdict, Rest) {
        let Failure { step, fault } = self;
        match (step, fault) {
            (Step::FinalAnswer, Fault::Interrupted) => (Verdict::Unknown, Rest::Stop),
            (_, Fault::Interrupted) => (Verdict::Interrupted, Rest::Stop),
            (Step::Connect | Step::StartTls | Step::Auth, _) => (Verdict::TryAgain, Rest::Stop),
            (_, Fault::Insecure(_)) => (Verdict::TryAgain, Rest::Stop),
            (Step::Mail, Fault::Refused { .. }) => (Verdict::TryAgain, Rest::Stop),
            (Step::Rcpt | Step::Data | Step::Content | Step::FinalAnswer, Fault::Refused { code, .. }) => {
                (if *code >= 500 { Verdict::Refused } else { Verdict::TryAgain }, Rest::GoOn)
            }
            (Step::FinalAnswer, Fault::Silent) => (Verdict::Unknown, Rest::Stop),
            (Step::FinalAnswer, Fault::Broken(_)) => (Verdict::Unknown, Rest::GoOn),
            (Step::Mail | Step::Rcpt | Step::Data | Step::Content, Fault::Silent) => (Verdict::TryAgain, Rest::Stop),
            (Step::Mail | Step::Rcpt | Step::Data | Step::Content, Fault::Broken(_)) => (Verdict::TryAgain, Rest::GoOn),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Step::Connect => "connect",
            Step::StartTls => "STARTTLS",
            Step::Auth => "AUTH",
            Step::Mail => "MAIL FROM",
            Step::Rcpt => "RCPT TO",
            Step::Data => "DATA",
            Step::Content => "message",
            Step::FinalAnswer => "answer to the message",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Refused { code, text } => write!(f, "{code} {}", Untrusted(text)),
            Fault::Silent => f.write_str("no answer in time"),
            Fault::Broken(what) => write!(f, "{}", Untrusted(what)),
            Fault::Insecure(why) => f.write_str(why),
            Fault::Interrupted => f.write_str("no answer yet when this program was told to end"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16) -> Fault {
        Fault::Refused { code, text: "no".into() }
    }

    fn broken() -> Fault {
        Fault::Broken("connection reset".into())
    }

    #[test]
    fn every_step_and_fault_has_its_meaning() {
        use {Rest::*, Step::*, Verdict::*};
        let table = [
            // Ours to mend: nothing is given up, nobody else is tried.
            (Connect, refused(421), TryAgain, Stop),
            (Connect, refused(554), TryAgain, Stop),
            (Connect, broken(), TryAgain, Stop),
            (Connect, Fault::Silent, TryAgain, Stop),
            (StartTls, refused(454), TryAgain, Stop),
            (StartTls, broken(), TryAgain, Stop),
            (StartTls, Fault::Insecure("stripped"), TryAgain, Stop),
            (Auth, refused(535), TryAgain, Stop),
            (Auth, refused(454), TryAgain, Stop),
            (Auth, Fault::Insecure("plain text"), TryAgain, Stop),
            (Mail, refused(550), TryAgain, Stop),
            (Mail, refused(421), TryAgain, Stop),
            // About this recipient or mail.
            (Rcpt, refused(550), Refused, GoOn),
            (Rcpt, refused(450), TryAgain, GoOn),
            (Data, refused(554), Refused, GoOn),
            (Data, refused(451), TryAgain, GoOn),
            (FinalAnswer, refused(554), Refused, GoOn),
            (FinalAnswer, refused(451), TryAgain, GoOn),
            // Before the final dot nothing can have been sent.
            (Mail, broken(), TryAgain, GoOn),
            (Rcpt, broken(), TryAgain, GoOn),
            (Data, broken(), TryAgain, GoOn),
            (Content, broken(), TryAgain, GoOn),
            (Rcpt, Fault::Silent, TryAgain, Stop),
            (Content, Fault::Silent, TryAgain, Stop),
            // After it nobody can say.
            (FinalAnswer, broken(), Unknown, GoOn),
            (FinalAnswer, Fault::Silent, Unknown, Stop),
            // Told to end.
            (Connect, Fault::Interrupted, Interrupted, Stop),
            (Data, Fault::Interrupted, Interrupted, Stop),
            (FinalAnswer, Fault::Interrupted, Unknown, Stop),
        ];
        for (step, fault, verdict, rest) in table {
            let failure = Failure { step, fault };
            assert_eq!(failure.verdict(), (verdict, rest), "{failure}");
        }
    }

    #[test]
    fn a_failure_names_the_step_and_shows_the_servers_words_without_obeying_them() {
        let fault = Fault::Refused { code: 550, text: "no\u{1b}[2J such user".into() };
        assert_eq!(Failure { step: Step::Rcpt, fault }.to_string(), "RCPT TO: 550 no\\u{1b}[2J such user");
    }
}

//! What a host asks for in keyboard-interactive authentication, and when a password is the answer.

use russh::client::Prompt;
use sample::Untrusted;

/// How often a host may say something, counting what needs no answer.
const MOST_ROUNDS: usize = 4;

/// A conversation in which the password is given once, to a question that can only mean it.
#[derive(Debug, Default)]
pub(super) struct Prompts {
    rounds: usize,
    answered: bool,
}

/// What to say to the host.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing was asked.
    Nothing,
    /// The password.
    Password,
    /// Not a word: it asks for something else. The text says what, for people.
    Silence(String),
}

impl Prompts {
    /// Judges the next request.
    pub(super) fn reply(&mut self, prompts: &[Prompt]) -> Reply {
        self.rounds += 1;
        match prompts {
            _ if self.rounds > MOST_ROUNDS => Reply::Silence(format!("more than {MOST_ROUNDS} times")),
            [] => Reply::Nothing,
            [one] if !one.echo && !self.answered && !is_about_a_code(&one.prompt) => {
                self.answered = true;
                Reply::Password
            }
            asked => Reply::Silence(asked.iter().map(describe).collect::<Vec<_>>().join(" and ")),
        }
    }
}

fn describe(prompt: &Prompt) -> String {
    // sshd puts what it was told to say before a question into the question.
    let lines: Vec<&str> = prompt.prompt.split_whitespace().collect();
    format!("\"{}\"", Untrusted(&lines.join(" ")))
}

/// Whether it asks for something that is good for one login. A password would be logged there as a wrong code, or
/// be sent on to somebody else's server.
///
/// The question is the last line that has words, without those that name an account or a host: sshd puts what it was
/// told to say before it, and host names are made of any words.
fn is_about_a_code(prompt: &str) -> bool {
    const WORDS: [&str; 12] = [
        "otp",
        "totp",
        "hotp",
        "token",
        "pin",
        "yubikey",
        "challenge",
        "response",
        "duo",
        "verification",
        "factor",
        "new",
    ];
    let question = prompt.lines().rfind(|line| line.contains(char::is_alphabetic)).unwrap_or_default();
    let words: Vec<&str> = question.split_whitespace().filter(|word| !word.contains('@')).collect();
    const PHRASES: [&str; 3] = ["one-time", "one time", "onetime"];
    let lower = words.join(" ").to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    PHRASES.iter().any(|phrase| lower.contains(phrase))
        || words.any(|word| WORDS.contains(&word) || word.ends_with("code") || word.ends_with("codes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str, echo: bool) -> Prompt {
        Prompt { prompt: text.to_owned(), echo }
    }

    #[test]
    fn one_hidden_question_for_a_password_is_answered_once_after_words_that_ask_nothing() {
        let about_hosts = ["Password for monitor@new-web1:", "Welcome to the new token server\n\nPassword:"];
        let usual =
            ["Password: ", "(monitor@pin.example) Password: ", "Passwort:", "Mot de passe :", "web1\nPassword: "];
        for text in usual.into_iter().chain(about_hosts) {
            let mut prompts = Prompts::default();
            assert_eq!(prompts.reply(&[]), Reply::Nothing);
            assert_eq!(prompts.reply(&[asked(text, false)]), Reply::Password);
            assert_eq!(prompts.reply(&[]), Reply::Nothing);
            assert_eq!(
                prompts.reply(&[asked(text, false)]),
                Reply::Silence(format!("\"{}\"", text.split_whitespace().collect::<Vec<_>>().join(" ")))
            );
        }
    }

    #[test]
    fn anything_else_is_not_answered() {
        let two = [asked("Password: ", false), asked("Verification code: ", false)];
        assert_eq!(Prompts::default().reply(&two), Reply::Silence("\"Password:\" and \"Verification code:\"".into()));
        assert!(matches!(Prompts::default().reply(&[asked("Password: ", true)]), Reply::Silence(_)));
        for text in ["Verification code: ", "One-time password (OATH) for `x': ", "Passcode or option (1-3): ", "OTP:"]
        {
            assert!(matches!(Prompts::default().reply(&[asked(text, false)]), Reply::Silence(_)), "{text}");
        }
        let split = ["Enter your PIN\n: ", "otp-md5 498 wi14321 ext\nResponse: "];
        for text in split {
            assert!(matches!(Prompts::default().reply(&[asked(text, false)]), Reply::Silence(_)), "{text}");
        }
        for text in ["New password: ", "Bestätigungscode: ", "Password + Token:", "Enter PIN: "] {
            assert!(matches!(Prompts::default().reply(&[asked(text, false)]), Reply::Silence(_)), "{text}");
        }
    }

    #[test]
    fn a_host_that_talks_without_end_is_left() {
        let mut prompts = Prompts::default();
        assert!((0..MOST_ROUNDS).all(|_| prompts.reply(&[]) == Reply::Nothing));
        assert!(matches!(prompts.reply(&[asked("Password:", false)]), Reply::Silence(_)));
    }

    #[test]
    fn what_is_asked_is_shown_without_its_control_characters() {
        let Reply::Silence(shown) = Prompts::default().reply(&[asked("\u{1b}[2JCode:", false)]) else { panic!() };
        assert_eq!(shown, "\"\\u{1b}[2JCode:\"");
    }
}

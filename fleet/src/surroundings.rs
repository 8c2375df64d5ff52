//! What this program takes from the machine it runs on, read in one place.

use std::env;
use std::time::SystemTime;

use config::Environment;
use sample::Timestamp;

/// What this program takes from the machine it runs on.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What decides where config.xml and the database are.
    pub environment: Environment,
    /// The time that ages are counted to.
    pub now: Timestamp,
    /// Whether the answer may be coloured.
    pub colour: bool,
    /// Who asks: behind sudo, who called it.
    pub user: Option<String>,
}

impl Surroundings {
    /// The environment, the time, and colour if a person looks on and has not set NO_COLOR (no-color.org).
    #[expect(clippy::disallowed_methods, reason = "this is the one place where the program reads the clock")]
    pub fn of_this_process(is_terminal: bool) -> Surroundings {
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Surroundings {
            environment: Environment::of_this_process(),
            now: Timestamp::from(SystemTime::now()),
            colour: is_terminal && !no_colour,
            user: ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(set),
        }
    }
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

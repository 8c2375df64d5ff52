//! Runs a job at cron times, never twice at once, and ends it in good order on a signal.
//!
//! # What a schedule may look like
//!
//! Five fields as in crontab(5) — minute, hour, day of month, month, day of week — or six, with the second in
//! front; also `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually`. As in cron, a
//! day comes if the day of month **or** the day of week fits, when neither is `*`: `0 3 13 * FRI` is every Friday
//! and every 13th. `L` is the last day, `FRI#2` the second Friday, `15W` the working day nearest to the 15th, and
//! `+` before the day of week asks for both: `0 3 13 * +FRI` is Friday the 13th.
//!
//! # What happens when clocks change
//!
//! Times are those of the named zone, or else of the system's: `TZ` if it is set, `/etc/localtime` if not, as for
//! cron. When summer time begins or ends:
//!
//! - A schedule that comes in every hour goes by time passed. The skipped hour has no runs, the repeated hour has
//!   them twice: `*/5 * * * *` is every five minutes, whatever the clock on the wall does.
//! - Any other schedule goes by the clock on the wall, once for each of its times. A time that does not exist
//!   that day comes at the moment the clock jumps, and one that exists twice comes the first time.
//!
//! When the system's clock is corrected, a time that has come does not come again. Only a clock set back by more
//! than three hours is believed at once, as cron(8) does it. Times that passed unseen, in sleep or by a jump
//! ahead, are made up for by one run.

mod interrupt;
mod parse;
mod run;
#[cfg(test)]
mod tests;
mod times;
mod waker;

pub use interrupt::Interrupt;
pub use parse::{ParseScheduleError, Schedule};
pub use run::{ScheduleError, run};

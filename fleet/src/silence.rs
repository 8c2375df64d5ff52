//! Silences: problems that match are not mailed for a while.

use std::borrow::Cow;
use std::io::{self, Write};

use config::Config;
use rules::{Silence, Zone, wildcard_match};
use sample::{Timestamp, plain};
use serde::Serialize;

use crate::args::{Format, SilenceAddArgs, SilenceArgs, SilenceCommand, SilenceEndArgs, SilenceListArgs};
use crate::cut::cut;
use crate::error::FleetError;
use crate::layout;
use crate::opened::Opened;
use crate::surroundings::Surroundings;

const COLUMNS: [&str; 7] = ["ID", "STATE", "MATCHES", "STARTS", "ENDS", "BY", "COMMENT"];
/// The numbers.
const NUMBERS: [usize; 1] = [0];
/// Of a comment, in a table.
const MOST_COMMENT: usize = 60;
const MOST_PATTERN: usize = 40;
/// Before any silence.
const EVER: Timestamp = Timestamp::from_millis(0);

/// Adds, shows or ends silences. What is no answer but should be known goes to `aside`.
pub(crate) fn answer(
    args: SilenceArgs,
    surroundings: &Surroundings,
    out: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), FleetError> {
    match args.command {
        SilenceCommand::Add(args) => add(args, surroundings, out, aside),
        SilenceCommand::List(args) => list(args, surroundings, out),
        SilenceCommand::End(args) => end(args, surroundings, out),
    }
}

fn add(
    args: SilenceAddArgs,
    surroundings: &Surroundings,
    out: &mut impl Write,
    aside: &mut impl Write,
) -> Result<(), FleetError> {
    let now = surroundings.now;
    let Opened { config, mut store, zone } = Opened::at(&args.place, surroundings)?;
    let silence = wanted(&args, surroundings, zone)?;
    let hosts = matching(&config, &silence.host);
    let id = store.add_silence(&silence, now)?;
    let ends = zone.time(silence.ends);
    let noun = if hosts == 1 { "host" } else { "hosts" };
    writeln!(out, "silence {id}: {} until {ends} ({hosts} {noun} of config.xml)", matches_text(&silence))?;
    warn_of_no_host(&config, &silence.host, aside)
}

/// A slip of the finger makes a pattern that matches nothing.
pub(crate) fn warn_of_no_host(config: &Config, pattern: &str, aside: &mut impl Write) -> Result<(), FleetError> {
    if matching(config, pattern) == 0 {
        writeln!(aside, "warning: config.xml has no host that {pattern:?} is the name of")?;
    }
    Ok(())
}

fn wanted(args: &SilenceAddArgs, surroundings: &Surroundings, zone: Zone) -> Result<Silence, FleetError> {
    let now = surroundings.now;
    let beyond = || FleetError::usage("a time is beyond the calendar");
    let starts = args.starts.map_or(Some(now), |moment| moment.when(zone, now)).ok_or_else(beyond)?;
    let ends = match (args.lasting, args.until) {
        (Some(lasting), _) => starts + lasting,
        // An hour of the day is the next one after the beginning.
        (None, Some(until)) => until.when(zone, starts).ok_or_else(beyond)?,
        (None, None) => return Err(FleetError::usage("give --for or --until")),
    };
    if ends <= starts.max(now) {
        let message = format!("the silence would end at {}, before it begins", zone.time(ends));
        return Err(FleetError::usage(message));
    }
    let author = crate::who::who(args.author.as_deref(), surroundings)?;
    let host = args.host.clone();
    let (metric, instance) = args.what()?;
    Ok(Silence { id: 0, host, metric, instance, starts, ends, author, comment: args.comment.clone() })
}

fn matching(config: &Config, pattern: &str) -> usize {
    config.hosts.iter().filter(|host| wildcard_match(pattern, host.name.as_str())).count()
}

fn list(args: SilenceListArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let now = surroundings.now;
    let Opened { store, zone, .. } = Opened::at(&args.place, surroundings)?;
    let mut silences = store.silences(if args.all { EVER } else { now })?;
    silences.retain(|silence| args.all || silence.ends > now);
    match args.format {
        Format::Text => write_table(out, &silences, zone, now)?,
        Format::Json => write_json(out, &silences, now)?,
    }
    Ok(())
}

fn end(args: SilenceEndArgs, surroundings: &Surroundings, out: &mut impl Write) -> Result<(), FleetError> {
    let Opened { mut store, .. } = Opened::at(&args.place, surroundings)?;
    if !store.end_silence(args.id, surroundings.now)? {
        let what = format!("silence {} that lasts or is to come", args.id);
        return Err(FleetError::NoSuch { what, hint: "fleet silence list" });
    }
    Ok(writeln!(out, "silence {} is over", args.id)?)
}

fn state(silence: &Silence, now: Timestamp) -> &'static str {
    match () {
        () if silence.ends <= now => "over",
        () if silence.starts > now => "to come",
        () => "active",
    }
}

/// `web* disk /var`: what stands for everything is left out, but for the host.
fn matches_text(silence: &Silence) -> String {
    let mut parts = vec![cut(&silence.host, MOST_PATTERN)];
    if silence.metric != "*" || silence.instance != "*" {
        parts.push(cut(&silence.metric, MOST_PATTERN));
    }
    if silence.instance != "*" {
        parts.push(cut(&silence.instance, MOST_PATTERN));
    }
    parts.join(" ")
}

fn write_table(out: &mut impl Write, silences: &[Silence], zone: Zone, now: Timestamp) -> io::Result<()> {
    if silences.is_empty() {
        return writeln!(out, "no silences");
    }
    let cells = |silence: &Silence| {
        [
            silence.id.to_string(),
            state(silence, now).to_owned(),
            matches_text(silence),
            zone.time(silence.starts),
            zone.time(silence.ends),
            cut(&silence.author, MOST_PATTERN),
            cut(&silence.comment, MOST_COMMENT),
        ]
    };
    let rows: Vec<_> = silences.iter().map(cells).collect();
    layout::lines(COLUMNS, &rows, &NUMBERS).iter().try_for_each(|line| writeln!(out, "{line}"))
}

#[derive(Serialize)]
struct Line<'a> {
    silence: i64,
    state: &'static str,
    host: Cow<'a, str>,
    metric: Cow<'a, str>,
    instance: Cow<'a, str>,
    starts_ms: i64,
    ends_ms: i64,
    author: Cow<'a, str>,
    comment: Cow<'a, str>,
}

fn write_json(out: &mut impl Write, silences: &[Silence], now: Timestamp) -> io::Result<()> {
    for silence in silences {
        let line = Line {
            silence: silence.id,
            state: state(silence, now),
            host: plain(&silence.host),
            metric: plain(&silence.metric),
            instance: plain(&silence.instance),
            starts_ms: silence.starts.as_millis(),
            ends_ms: silence.ends.as_millis(),
            author: plain(&silence.author),
            comment: plain(&silence.comment),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

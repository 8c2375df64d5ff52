//! The words of a mail: its subject, and its body from the template.

use minijinja::{Environment, Value, context};

use rules::{EventKind, Instance};
use sample::Timestamp;

use super::words::{lasted, time, value};
use super::{ComposeError, Story};

/// What a mail client shows in a list; longer ones are cut by some.
const MAX_SUBJECT_CHARS: usize = 200;

/// More than people read. The rest is counted.
const MAX_ENTRIES: usize = 200;

const TEMPLATE: &str = include_str!("../../templates/mail.txt");

/// `[FIRING] web1: memory 91.2 % (limit 85 %)`; for several alerts `[2 firing, 1 resolved] db1, web1`.
pub(super) fn subject(stories: &[Story<'_>]) -> String {
    let subject = match stories {
        [story] => format!("[{}] {}: {}", word(story).to_uppercase(), story.last.host, headline(story)),
        stories => format!("[{}] {}", counts(stories).join(", "), hosts(stories).join(", ")),
    };
    clean(&subject)
}

/// The body, with `\n` as its line breaks.
pub(super) fn body(stories: &[Story<'_>], now: Timestamp) -> Result<String, ComposeError> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    let shown = &stories[..stories.len().min(MAX_ENTRIES)];
    let mut previous = None;
    let entries: Vec<Value> = shown
        .iter()
        .map(|story| {
            let kind = story.last.event.kind;
            let begins = previous.replace(kind) != Some(kind);
            entry(story, begins.then(|| heading(stories, kind)), now)
        })
        .collect();
    let omitted = stories.len() - shown.len();
    let values = context! { entries => entries, omitted => omitted };
    environment.render_named_str("mail.txt", TEMPLATE, values).map_err(ComposeError::Template)
}

fn entry(story: &Story<'_>, heading: Option<String>, now: Timestamp) -> Value {
    let told = &story.last;
    let (event, metric) = (told.event, told.key.rule.metric);
    let until = match event.kind {
        EventKind::Fired => now,
        EventKind::Resolved | EventKind::Withdrawn => event.at,
    };
    context! {
        heading => heading,
        kind => event.kind.name(),
        host => told.host.as_str(),
        what => what(story),
        value => event.value.map(|number| value(metric, number)),
        limit => value(metric, told.limit),
        since => time(event.since),
        at => time(event.at),
        lasted => lasted(event.since, until),
        worst => value(metric, event.worst),
        times => story.fired,
        first => time(story.first),
    }
}

fn headline(story: &Story<'_>) -> String {
    let metric = story.last.key.rule.metric;
    let limit = value(metric, story.last.limit);
    match story.last.event.value {
        Some(number) => format!("{} {} (limit {limit})", what(story), value(metric, number)),
        None => format!("{} is no longer watched", what(story)),
    }
}

/// `memory`, or `disk /var`. The mount point was chosen by the host; `Instance` shows it through `Untrusted`.
fn what(story: &Story<'_>) -> String {
    let key = story.last.key;
    match &key.instance {
        Instance::Host => key.rule.metric.to_string(),
        instance @ Instance::Mount(_) => format!("{} {instance}", key.rule.metric),
    }
}

fn word(story: &Story<'_>) -> &'static str {
    word_of(story.last.event.kind)
}

fn word_of(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Fired => "firing",
        EventKind::Resolved => "resolved",
        EventKind::Withdrawn => "withdrawn",
    }
}

fn heading(stories: &[Story<'_>], kind: EventKind) -> String {
    format!("{} ({})", word_of(kind).to_uppercase(), count(stories, kind))
}

fn counts(stories: &[Story<'_>]) -> Vec<String> {
    let present = EventKind::ALL.into_iter().map(|kind| (count(stories, kind), word_of(kind)));
    present.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect()
}

fn count(stories: &[Story<'_>], kind: EventKind) -> usize {
    stories.iter().filter(|story| story.last.event.kind == kind).count()
}

fn hosts<'e>(stories: &[Story<'e>]) -> Vec<&'e str> {
    let mut hosts = Vec::new();
    for story in stories {
        if !hosts.contains(&story.last.host.as_str()) {
            hosts.push(story.last.host.as_str());
        }
    }
    hosts
}

/// No control character reaches a header, whatever the words above are made of.
fn clean(subject: &str) -> String {
    let safe: Vec<char> = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if safe.len() <= MAX_SUBJECT_CHARS {
        return safe.into_iter().collect();
    }
    safe[..MAX_SUBJECT_CHARS - 3].iter().collect::<String>() + "..."
}

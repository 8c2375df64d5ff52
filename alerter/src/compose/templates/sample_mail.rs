//! A mail with one of everything, to try templates on.

use std::time::Duration;

use minijinja::Value;

use rules::{
    AlertKey, End, EventKind, Incident, Instance, NoticeKind, Recipient, RuleKey, Selector, Severity, Telling, Zone,
};
use sample::{Metric, Timestamp, TopProcess};
use storage::Trend;

use super::super::chapters::{Chapters, MOST_ENTRIES};
use super::super::{Occasion, Stationery, Story};
use super::Templates;

const NOW: Timestamp = Timestamp::from_millis(1_795_241_857_000);

/// The values of a mail with one of everything, and those of the barest one.
pub(super) fn values() -> [Value; 2] {
    let stationery = Stationery {
        installation: "0123456789abcdef0123456789abcdef".to_owned(),
        from: "fleet@example.org".parse::<Recipient>().expect("it is an address"),
        zone: Zone::UTC,
        late_after: Duration::from_secs(3600),
        templates: Templates::default(),
    };
    let full: Vec<Story> = NoticeKind::ALL.into_iter().map(story).collect();
    let bare = [bare_story()];
    let occasion = Occasion { is_initial: false, is_last_of_the_hour: true, remade: 0 };
    let of = |stories: &[Story], most: usize, occasion: Occasion| {
        let values = Chapters::of(stories).values(most, "[TEST] a sample", &stationery, occasion, NOW);
        Value::from_serialize(values)
    };
    let initial = Occasion { is_initial: true, ..Occasion::default() };
    [of(&full, full.len() - 1, occasion), of(&bare, MOST_ENTRIES, initial)]
}

fn story(kind: NoticeKind) -> Story {
    let processes = vec![TopProcess {
        pid: 4711,
        name: "postgres".to_owned(),
        cpu_percent: Some(87.5),
        memory_bytes: 1_200_000_000,
        arguments: None,
    }];
    let telling = Telling {
        url: Some("https://wiki.example.org/disk".to_owned()),
        text: Some("rotate the logs".to_owned()),
        ..Telling::default()
    };
    let ended = kind.is_last().then_some(End { kind: EventKind::Gone, at: NOW });
    Story {
        incident: Incident { telling, ended, value: Some(97.0), ..bare_story().incident },
        kind,
        remarks: vec!["at this pace it is full on Thursday about 14:00".to_owned()],
        trend: Trend { parts: vec![Some(20.0), None, Some(97.0)], low: Some(20.0), high: Some(97.0) },
        processes,
    }
}

fn bare_story() -> Story {
    let rule = RuleKey { metric: Metric::Disk, selector: Selector::Every, ordinal: 0 };
    let incident = Incident {
        id: 12,
        host: "web1".parse().ok(),
        key: AlertKey { rule, instance: Instance::Named("/var".to_owned()) },
        opened: NOW - Duration::from_secs(2 * 3600),
        severity: Severity::Critical,
        limit: 95.0,
        value: None,
        worst: 98.0,
        flapping: false,
        ended: None,
        telling: Telling::default(),
        ack: None,
        told: Vec::new(),
    };
    Story { incident, kind: NoticeKind::Problem, remarks: Vec::new(), trend: Trend::default(), processes: Vec::new() }
}

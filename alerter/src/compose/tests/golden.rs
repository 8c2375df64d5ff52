//! Whole mails as they leave, and as they read. `UPDATE_GOLDEN=1` writes them anew.

use sample::TopProcess;

use super::*;

fn same_as_kept(name: &str, found: &[u8]) {
    let path = format!("{}/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}; set UPDATE_GOLDEN=1"));
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(show(found), show(&expected), "{name}; if it is meant, set UPDATE_GOLDEN=1");
}

/// The bytes of a mail, and for people who look at the changes its text and HTML.
fn golden(name: &str, letter: &Letter) {
    assert_travels_anywhere(&letter.content);
    let read = read(&letter.content);
    assert_eq!((read.header("Subject"), &read.text), (Some(letter.subject.as_str()), &letter.text));
    same_as_kept(&format!("{name}.eml"), &letter.content);
    same_as_kept(&format!("{name}.txt"), letter.text.as_bytes());
    same_as_kept(&format!("{name}.html"), read.html.as_bytes());
}

fn full_disk() -> Story {
    let mut story = story(incident("db1", Metric::Disk, "/srv/Bücher", Severity::Critical, -3), NoticeKind::Problem);
    story.incident.telling.url = Some("https://wiki.example.org/disk?full=1&now".to_owned());
    story.incident.telling.text = Some("Rotate the logs, then <grow> the volume.".to_owned());
    story.remarks = vec!["at this pace it is full on Thursday about 14:00 (between 11:00 and 20:00)".to_owned()];
    let parts = (0..24).map(|hour| (hour != 7).then_some(60.0 + 1.6 * f64::from(hour))).collect();
    story.trend = storage::Trend { parts, low: Some(60.0), high: Some(96.8) };
    story
}

fn busy() -> Story {
    let mut story = memory("web1", Severity::Warning, NoticeKind::Worse);
    story.incident.id = 13;
    let process = |pid, name: &str, cpu_percent, memory_bytes| TopProcess {
        pid,
        name: name.to_owned(),
        cpu_percent,
        memory_bytes,
        arguments: None,
    };
    story.processes =
        vec![process(4711, "postgres", Some(187.5), 1_200_000_000), process(1, "a<b>\u{1b}", None, 9_000_000)];
    story
}

#[test]
fn a_problem() {
    golden("problem", &write(&[full_disk()]));
}

#[test]
fn what_is_over() {
    golden("over", &write(&[memory("web1", Severity::Critical, NoticeKind::Over)]));
}

#[test]
fn one_of_everything() {
    let mut late = memory("web3", Severity::Critical, NoticeKind::Problem);
    late.incident.opened = at(-300);
    let mut withdrawn = memory("web4", Severity::Warning, NoticeKind::Over);
    withdrawn.incident.ended = Some(End { kind: EventKind::Withdrawn, at: at(9) });
    let mut missed = memory("web1", Severity::Critical, NoticeKind::Missed);
    missed.incident.opened = at(-400);
    missed.incident.ended = Some(End { kind: EventKind::Resolved, at: at(-390) });
    let mut flapping = memory("web5", Severity::Warning, NoticeKind::Flapping);
    flapping.incident.flapping = true;
    let stories = [
        memory("web2", Severity::Warning, NoticeKind::Reminder),
        late,
        full_disk(),
        busy(),
        flapping,
        story(incident("web6", Metric::Reboot, "", Severity::Info, 8), NoticeKind::Happened),
        memory("web1", Severity::Critical, NoticeKind::Over),
        withdrawn,
        missed,
        memory("web1", Severity::Critical, NoticeKind::Missed),
    ];
    let occasion = Occasion { is_last_of_the_hour: true, ..Occasion::default() };
    golden("everything", &write_on(&stationery(), &stories, occasion));
}

#[test]
fn the_first_mail() {
    let stories = [full_disk(), memory("web2", Severity::Warning, NoticeKind::Problem)];
    golden("initial", &write_on(&stationery(), &stories, Occasion { is_initial: true, ..Occasion::default() }));
}

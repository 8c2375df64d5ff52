use super::*;
use NoticeKind::{Over, Problem, Reminder, Worse};
use Severity::{Critical, Warning};

fn id_of(address: &str, story: &Story, occasion: Occasion) -> String {
    letter(std::slice::from_ref(story), &recipients(&[address]), &stationery(), occasion, now()).unwrap().message_id
}

#[test]
fn the_message_id_is_the_same_for_the_same_notices_and_different_for_any_others() {
    let usual = Occasion::default();
    let of = |address: &str, story: &Story| id_of(address, story, usual);
    let problem = memory("web1", Critical, Problem);
    let id = of("a@example.org", &problem);
    let digits = id.strip_prefix("<fh.").unwrap().strip_suffix("@example.org>").unwrap();
    assert!(digits.len() == 26 && digits.chars().all(|c| c.is_ascii_hexdigit()), "{id}");

    let with = |change: &dyn Fn(&mut Incident)| {
        let mut story = problem.clone();
        change(&mut story.incident);
        of("a@example.org", &story)
    };
    let told = |address: &str| {
        let told = Told {
            recipient: address.parse().unwrap(),
            at: at(1),
            kind: Problem,
            severity: Critical,
            reach: rules::Reach::Delivered,
        };
        with(&|incident| incident.told = vec![told.clone()])
    };
    assert_eq!(id, with(&|incident| incident.id = 99), "a restored database counts anew");
    assert_eq!(id, with(&|incident| incident.value = Some(92.0)), "it is the same notice");
    assert_eq!(id, told("b@example.org"), "others were told");
    let others = [
        of("b@example.org", &problem),
        of("a@example.org", &memory("web2", Critical, Problem)),
        of("a@example.org", &memory("web1", Warning, Problem)),
        of("a@example.org", &memory("web1", Critical, Over)),
        of("a@example.org", &memory("web1", Critical, Reminder)),
        told("a@example.org"),
        with(&|incident| incident.opened = at(1)),
        with(&|incident| incident.key.rule.ordinal = 1),
        with(&|incident| incident.key.rule.selector = Selector::Named("*".to_owned())),
        with(&|incident| incident.key.instance = Instance::Named("x".to_owned())),
        id_of("a@example.org", &problem, Occasion { remade: 1, ..usual }),
    ];
    let distinct: std::collections::HashSet<&String> = others.iter().chain([&id]).collect();
    assert_eq!(distinct.len(), others.len() + 1);
}

#[test]
fn the_message_id_does_not_depend_on_the_order_of_the_notices() {
    let (first, second) = (memory("web1", Critical, Problem), memory("web2", Critical, Problem));
    let one_way = write(&[first.clone(), second.clone()]).message_id;
    assert_eq!(one_way, write(&[second, first.clone()]).message_id);
    assert_ne!(one_way, write(&[first.clone(), first]).message_id);
}

#[test]
fn all_mails_of_an_incident_stand_in_one_thread() {
    let thread = |story: Story| {
        let read = read(&write(&[story]).content);
        assert_eq!(read.header("In-Reply-To"), read.header("References"));
        read.header("References").unwrap().to_owned()
    };
    let first = thread(memory("web1", Critical, Problem));
    let mut later = memory("web1", Warning, Over);
    later.incident.id = 99;
    later.incident.flapping = true;
    assert_eq!(first, thread(later));
    assert_eq!(first, thread(memory("web1", Critical, Worse)));
    assert_ne!(first, thread(memory("web2", Critical, Problem)));
    assert!(first.starts_with("<fh.thread.") && first.ends_with("@example.org>"), "{first}");
}

#[test]
fn headers_name_the_incidents_and_stay_short() {
    let numbered = |number: i64| {
        let mut story = memory(&format!("web{number}"), Critical, Problem);
        story.incident.id = number;
        story
    };
    let stories: Vec<Story> = (1..=300).map(numbered).collect();
    let letter = write(&stories);
    assert_travels_anywhere(&letter.content);
    let read = read(&letter.content);
    assert_eq!(read.header("References").unwrap().split_whitespace().count(), 20);
    assert_eq!(read.header("In-Reply-To").unwrap().split_whitespace().count(), 1);
    let incidents: Vec<&str> = read.header("X-Fleet-Incident").unwrap().split(", ").collect();
    assert_eq!((incidents.len(), incidents[0], incidents[49]), (50, "1", "50"));
}

#[test]
fn the_headers_are_what_filters_and_robots_look_for() {
    let read = read(&write(&[memory("web1", Critical, Problem)]).content);
    assert_eq!(read.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(read.header("List-Id"), Some("Fleet Health <fleet-health.example.org>"));
    assert_eq!(read.header("From"), Some("fleet@example.org"));
    assert_eq!(read.header("To"), Some("ops@example.org"));
    assert_eq!(read.header("Date"), Some("Sat, 21 Nov 2026 06:29:00 +0000"));
    assert_eq!(read.header("X-Fleet-Incident"), Some("12"));
}

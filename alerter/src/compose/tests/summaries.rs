use super::*;
use crate::compose::{Digest, Heartbeat, LostMail, Unvisited, digest, heartbeat};
use Severity::{Critical, Warning};

fn summary() -> Digest {
    let closed = Incident {
        ended: Some(End { kind: EventKind::Resolved, at: at(30) }),
        ..incident("web2", Metric::Load, "", Warning, 0)
    };
    Digest {
        from: at(-1440),
        to: at(0),
        hosts: 42,
        open: vec![incident("web1", Metric::Memory, "", Critical, 0)],
        opened: vec![incident("web1", Metric::Memory, "", Critical, 0), closed.clone()],
        closed: vec![closed],
        unvisited: vec![Unvisited { host: "web3".parse().unwrap(), last_good: None, outcome: "auth_failed".into() }],
        lost: vec![LostMail {
            recipient: "gone@example.org".parse().unwrap(),
            subject: "[CRIT] web1: memory 91.2% (limit 85%)".to_owned(),
            state: "failed".to_owned(),
            reason: Some("550 <script> no such user\r\nX: y\u{1b}".to_owned()),
            created: at(-90),
        }],
        sent: 7,
        mistakes: vec!["text-template /etc/mail.txt: line 2: undefined value: {{ sbject }}".to_owned()],
    }
}

#[test]
fn a_digest_tells_what_is_open_what_changed_and_what_did_not_arrive() {
    let letter = digest(&summary(), &recipients(&["ops@example.org"]), &stationery(), now()).unwrap();
    assert_travels_anywhere(&letter.content);
    assert_eq!(letter.subject, "[DIGEST] 1 problem open, 2 opened, 1 over, 1 mail not delivered");
    for line in [
        "42 hosts watched, 1 not reached at last\n",
        "OPEN (1)\n  CRIT web1: memory 91.2% (limit 85%), since 2026-11-21 07:17:00 +01:00\n",
        "OPENED (2)\n",
        "OVER (1)\n  OK web2: load",
        "NOT REACHED (1)\n  web3: auth_failed (last good visit: never)\n",
        "failed to gone@example.org: [CRIT] web1",
        "BUILT-IN TEMPLATES USED INSTEAD OF (1)\n  text-template /etc/mail.txt: line 2: undefined value: {{ sbject }}\n",
        "550 <script> no such user\\u{d}\\u{a}X: y\\u{1b}\n",
    ] {
        assert!(letter.text.contains(line), "{line:?} in {}", letter.text);
    }
    let read = read(&letter.content);
    assert!(read.html.contains("550 &lt;script&gt;") && !read.html.contains("<script"), "{}", read.html);
    assert_eq!(read.header("References"), None);
}

#[test]
fn what_a_digest_says_is_over_is_ok_only_if_it_is_well() {
    let mut summary = summary();
    let ended = |kind| Incident { ended: Some(End { kind, at: at(30) }), ..summary.closed[0].clone() };
    summary.closed = vec![ended(EventKind::Withdrawn), ended(EventKind::Gone)];
    let letter = digest(&summary, &recipients(&["ops@example.org"]), &stationery(), now()).unwrap();
    let over =
        "OVER (2)\n  END web2: load is no longer watched, after 30 min\n  END web2: load is gone, after 30 min\n";
    assert!(letter.text.contains(over), "{}", letter.text);
}

#[test]
fn a_digest_stays_small() {
    let mut summary = summary();
    summary.open = vec![incident("web1", Metric::Disk, &"\u{1b}<".repeat(2000), Critical, 0); 1000];
    summary.lost = vec![summary.lost[0].clone(); 1000];
    let letter = digest(&summary, &recipients(&["ops@example.org"]), &stationery(), now()).unwrap();
    assert!(letter.content.len() < 200_000, "{}", letter.content.len());
    assert!(
        letter.text.contains("OPEN (1000)") && letter.text.contains("and 950 more: fleet alerts\n"),
        "{}",
        letter.text
    );
    assert!(letter.text.contains("and 950 more: fleet outbox --lost\n"), "{}", letter.text);
}

#[test]
fn a_sign_of_life_says_whether_all_is_well() {
    let of = |problems| {
        let beat = Heartbeat { hosts: 42, problems, last_run: Some(at(10)) };
        heartbeat(&beat, &recipients(&["ops@example.org"]), &stationery(), now()).unwrap()
    };
    assert_eq!(of(0).subject, "[OK] Fleet Health is alive: 42 hosts, 0 problems");
    assert_eq!(of(1).subject, "[ALIVE] Fleet Health is alive: 42 hosts, 1 problem");
    assert!(of(0).text.contains("finished a run at 2026-11-21 07:27:00 +01:00"), "{}", of(0).text);
    assert_travels_anywhere(&of(0).content);
    read(&of(0).content);
}

#[test]
fn two_summaries_are_two_mails() {
    let beat = Heartbeat { hosts: 1, problems: 0, last_run: None };
    let to = recipients(&["ops@example.org"]);
    let id = |now| heartbeat(&beat, &to, &stationery(), now).unwrap().message_id;
    assert_ne!(id(at(0)), id(at(1)));
    assert_ne!(id(at(0)), digest(&summary(), &to, &stationery(), at(0)).unwrap().message_id);
}

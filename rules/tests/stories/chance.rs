//! Any history: problems come and go, mails arrive, fail, vanish, are given up, and people change their minds.

use proptest::prelude::*;
use rules::{EventKind, Incident, NoticeKind, Recipient};
use sample::Timestamp;

use crate::post_office::{Mail, State};
use crate::scene::Scene;

/// How many minutes pass, what happens on which host, and what becomes of the mails that are tried then.
#[derive(Clone, Debug)]
struct Turn {
    minutes: i64,
    what: u8,
    host: usize,
    metric: usize,
    mail: State,
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let mail = prop_oneof![
        4 => Just(State::Sent),
        4 => Just(State::Waiting),
        1 => Just(State::Unknown),
        1 => Just(State::Expired),
    ];
    let turn = (0..150_i64, 0..14_u8, 0..3_usize, 0..3_usize, mail);
    let turn = turn.prop_map(|(minutes, what, host, metric, mail)| Turn { minutes, what, host, metric, mail });
    prop::collection::vec(turn, 1..40)
}

/// What happens, in the words of a scene: only what can happen to an alert that stands like this one.
fn words(scene: &Scene, turn: &Turn, now: Timestamp, is_quiet: bool) -> String {
    let host = ["web1", "web2", "db1"][turn.host];
    let metric = ["disk", "unreachable", "disk:/srv"][turn.metric];
    let alert = format!("{host} {metric}");
    let minute = now.as_millis() / 60_000;
    let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let open = scene.open(host, metric);
    match (turn.what, open) {
        (0, None) => format!("{alert} fires warning"),
        (1, None) => format!("{alert} fires critical"),
        (2, None) => format!("{alert} flapping warning"),
        (3, None) => format!("{host} reboot happened info"),
        (0, Some(open)) if !open.flapping => format!("{alert} worse critical"),
        (1, Some(open)) if !open.flapping => format!("{alert} better warning"),
        (2, Some(open)) if !open.flapping => format!("{alert} flapping"),
        (2, Some(_)) => format!("{alert} steady"),
        (3 | 4, Some(_)) => format!("{alert} over"),
        (5, Some(_)) => format!("{alert} withdrawn"),
        (6, Some(_)) if is_quiet => format!("ack {alert} until {}", time(minute + 100)),
        (7, _) if is_quiet => {
            format!("silence {minute} {host} * {} {}", time(minute + turn.minutes / 4), time(minute + turn.minutes))
        }
        _ => "look".to_owned(),
    }
}

/// Plays it all, and checks after each turn what holds at any time. In the end mail works, and all is over.
fn play(turns: &[Turn], is_quiet: bool, mails_per_hour: u32) -> Scene {
    let mut scene = Scene::new();
    scene.mails_per_hour = mails_per_hour;
    scene.happen("rule tells ops ann", Timestamp::from_millis(0));
    if is_quiet {
        scene.happen("escalates after 00:45 to boss", Timestamp::from_millis(0));
    }
    let mut now = Timestamp::from_millis(0);
    for turn in turns {
        now = now.plus_millis(turn.minutes * 60_000);
        let what = words(&scene, turn, now, is_quiet);
        scene.happen(&what, now);
        run(&mut scene, now, turn.mail);
    }
    for (host, metric) in
        ["web1", "web2", "db1"].iter().flat_map(|host| ["disk", "unreachable", "disk:/srv"].map(|m| (host, m)))
    {
        if scene.open(host, metric).is_some() {
            scene.happen(&format!("{host} {metric} over"), now);
        }
    }
    for _ in 0..8 {
        run(&mut scene, now, State::Sent);
        now = now.plus_millis(3_600_000);
    }
    scene
}

fn run(scene: &mut Scene, now: Timestamp, mail: State) {
    let made = scene.office.mails.len();
    let decided = scene.tell(now);
    for (recipient, mailbox) in scene.office.mailboxes(now) {
        assert!(mailbox.of_the_last_hour <= scene.mails_per_hour, "too many mails for {recipient}");
        let settled = mailbox.waiting.iter().find(|(incident, ..)| scene.settled.contains_key(incident));
        assert_eq!(settled, None, "settled while a mail of it waits");
    }
    // A mail that was left alone may say less than is known by now, and is followed by another one.
    let is_left_alone = |mail: &Mail| matches!(mail.state, State::Waiting | State::Unknown);
    let none_waits = !scene.office.mails[..made].iter().any(is_left_alone);
    scene.office.deliver(|_| mail, now);
    let all_told = mail == State::Sent && none_waits && scene.office.mails.len() - made == owed_to(&decided);
    if all_told {
        nothing_is_owed_before_it_is_looked_at_again(scene, now);
    }
}

fn owed_to(decided: &[(Incident, rules::Decision)]) -> usize {
    let recipients = decided.iter().flat_map(|(_, decision)| decision.notices.iter().map(|(recipient, _)| recipient));
    recipients.collect::<std::collections::BTreeSet<_>>().len()
}

fn nothing_is_owed_before_it_is_looked_at_again(scene: &Scene, now: Timestamp) {
    let incidents: Vec<_> = scene.unsettled().into_iter().filter(Incident::is_open).collect();
    for (incident, decision) in incidents.iter().zip(scene.decide(&incidents, now)) {
        assert_eq!(decision.notices, [], "told just now: {incident:?}");
        let before = decision.next.unwrap_or(now.plus_millis(30 * 86_400_000)).plus_millis(-1);
        let then = scene.decide(std::slice::from_ref(incident), before).remove(0);
        assert_eq!(then.notices, [], "owed before {:?}, after {now:?}: {incident:?}", decision.next);
    }
}

/// What this recipient was told of an incident, in the end.
fn told(scene: &Scene, incident: &Incident, recipient: &Recipient) -> Vec<NoticeKind> {
    let told = scene.office.told(incident.id);
    told.into_iter().filter(|told| told.recipient == *recipient).map(|told| told.kind).collect()
}

/// A problem, how it went, and one end; or all of it in one word.
fn is_a_story(told: &[NoticeKind]) -> bool {
    let first = |kind: &NoticeKind| matches!(kind, NoticeKind::Problem | NoticeKind::Flapping);
    let goes_on = |kind: &NoticeKind| matches!(kind, NoticeKind::Worse | NoticeKind::Reminder | NoticeKind::Flapping);
    match told {
        [NoticeKind::Missed | NoticeKind::Happened] => true,
        [head, middle @ .., NoticeKind::Over] => first(head) && middle.iter().all(goes_on),
        _ => false,
    }
}

/// Whether every minute of it lay in a silence about it.
fn was_silenced_throughout(scene: &Scene, incident: &Incident) -> bool {
    let end = incident.ended.map_or(i64::MAX, |end| end.at.as_millis());
    (incident.opened.as_millis()..=end).step_by(60_000).all(|at| {
        let lasts = |silence: &&rules::Silence| (silence.starts.as_millis()..silence.ends.as_millis()).contains(&at);
        scene.silences.iter().filter(lasts).any(|silence| silence.is_about(incident.host.as_ref(), &incident.key))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_everybody_is_told_of_everything_and_of_its_end_once(turns in turns(), cap in 2..20_u32) {
        let scene = play(&turns, false, cap);
        prop_assert!(scene.is_done());
        for incident in &scene.ledger.incidents {
            for recipient in &scene.telling.recipients {
                let told = told(&scene, incident, recipient);
                prop_assert!(is_a_story(&told), "{recipient} was told {told:?} of {incident:?}");
            }
        }
    }

    #[test]
    fn silences_hold_back_beginnings_and_no_ends(turns in turns(), cap in 2..20_u32) {
        let scene = play(&turns, true, cap);
        prop_assert!(scene.is_done());
        for incident in &scene.ledger.incidents {
            for recipient in &scene.telling.recipients {
                let told = told(&scene, incident, recipient);
                let silenced = told.is_empty() && was_silenced_throughout(&scene, incident);
                prop_assert!(silenced || is_a_story(&told), "{recipient} was told {told:?} of {incident:?}");
            }
            let boss = told(&scene, incident, &"boss@x".parse().unwrap());
            prop_assert!(boss.is_empty() || is_a_story(&boss), "boss was told {boss:?} of {incident:?}");
        }
        prop_assert!(scene.ledger.incidents.iter().all(|incident| incident.ended.is_some_and(|end| EventKind::ends(end.kind))));
    }

    #[test]
    fn the_same_history_makes_the_same_mails(turns in turns()) {
        let mails = |scene: Scene| format!("{:?}", scene.office.mails);
        prop_assert_eq!(mails(play(&turns, true, 5)), mails(play(&turns, true, 5)));
    }
}

//! What holds whatever is seen.

use proptest::prelude::*;

use super::*;

/// What is seen, and how many half cycles after the last; a few are late.
type Seen = (Observation, i64);

fn seen() -> impl Strategy<Value = Vec<Seen>> {
    let value = (0.0..100.0f64, prop::option::of(900..1200u64));
    let one = prop_oneof![
        12 => value.prop_map(|(value, avail)| Observation::Value(value, avail)),
        1 => Just(Observation::Absent),
        1 => Just(Observation::Gone),
    ];
    prop::collection::vec((one, prop_oneof![9 => 0..7i64, 1 => -20..60i64]), 0..120)
}

fn rules() -> impl Strategy<Value = Rule> {
    let hold =
        || (0..3u64, 0..4u32).prop_map(|(half_cycles, times)| Hold { lasting: CYCLE / 2 * half_cycles as u32, times });
    (any::<bool>(), any::<bool>(), prop::option::of(Just(1000)), hold(), hold()).prop_map(
        |(is_above, has_two, and_free_below, rise, fall)| {
            let levels = [(Severity::Warning, 50.0), (Severity::Critical, if is_above { 70.0 } else { 30.0 })];
            let apart = if is_above { -10.0 } else { 10.0 };
            let levels: Vec<_> = levels.map(|(severity, limit)| (severity, limit, limit + apart)).to_vec();
            let side = if is_above { Side::Above } else { Side::Below };
            let mut rule = rule(side, &levels[..if has_two { 2 } else { 1 }]);
            (rule.and_free_below, rule.rise, rule.fall) = (and_free_below, rise, fall);
            rule
        },
    )
}

fn times(seen: &[Seen]) -> Vec<(Observation, Timestamp)> {
    let half_cycle = CYCLE.as_millis() as i64 / 2;
    let place = |time: &mut i64, (seen, later): &Seen| {
        *time += later * half_cycle;
        Some((*seen, Timestamp::from_millis(*time)))
    };
    seen.iter().scan(0, place).collect()
}

/// As the database gives it back.
fn stored(state: &AlertState) -> AlertState {
    AlertState {
        switches: AlertState::switches_from_stored(&state.switches_to_stored()).unwrap(),
        changes: AlertState::changes_from_stored(&state.changes_to_stored()).unwrap(),
        ..state.clone()
    }
}

proptest! {
    #[test]
    fn cut_anywhere_and_resumed_from_its_text_it_goes_the_same_way(rule in rules(), seen in seen()) {
        let (mut whole, mut resumed) = (AlertState::default(), AlertState::default());
        for (seen, at) in times(&seen) {
            let (next, event) = step(&rule, whole, seen, at, CYCLE);
            let (next_resumed, event_resumed) = step(&rule, stored(&resumed), seen, at, CYCLE);
            prop_assert_eq!(event, event_resumed);
            (whole, resumed) = (next, next_resumed);
            prop_assert_eq!(&whole, &resumed);
        }
    }

    #[test]
    fn a_blank_state_may_be_forgotten(rule in rules(), seen in seen()) {
        let (mut kept, mut forgotten) = (AlertState::default(), AlertState::default());
        for (seen, at) in times(&seen) {
            let (next, event) = step(&rule, kept, seen, at, CYCLE);
            let (next_forgotten, event_forgotten) = step(&rule, forgotten, seen, at, CYCLE);
            prop_assert_eq!(event, event_forgotten);
            prop_assert_eq!(next.is_blank(), next_forgotten.is_blank());
            kept = next;
            forgotten = if next_forgotten.is_blank() { AlertState::default() } else { next_forgotten };
        }
    }

    #[test]
    fn events_open_and_end_in_turn_and_tell_only_of_what_is_open(rules in prop::collection::vec(rules(), 1..4), seen in seen()) {
        let mut state = AlertState::default();
        let mut open: Option<Event> = None;
        let mut is_flapping = false;
        let count = seen.len();
        for (n, (seen, at)) in times(&seen).into_iter().enumerate() {
            // The configuration changes once or twice meanwhile.
            let rule = &rules[n * rules.len() / count];
            let (next, event) = step(rule, state, seen, at, CYCLE);
            if let Some(event) = event {
                match event.kind {
                    EventKind::Fired => prop_assert!(open.is_none()),
                    EventKind::Flapping => prop_assert!(!is_flapping),
                    EventKind::Worse => prop_assert!(open.is_some_and(|open| open.severity < event.severity) && !is_flapping),
                    EventKind::Better => prop_assert!(open.is_some_and(|open| open.severity > event.severity) && !is_flapping),
                    EventKind::Steady => prop_assert!(is_flapping),
                    EventKind::Resolved | EventKind::Gone => prop_assert!(open.is_some()),
                    EventKind::Withdrawn | EventKind::Happened => prop_assert!(false, "{:?}", event),
                }
                if let Some(open) = open {
                    prop_assert_eq!(open.since, event.since, "one problem began once");
                }
                is_flapping = event.kind == EventKind::Flapping;
                open = (!event.kind.ends()).then_some(event);
            }
            prop_assert_eq!(next.problem.is_some(), open.is_some());
            prop_assert_eq!(next.problem.is_some_and(|problem| problem.flapping.is_some()), is_flapping);
            state = next;
        }
    }

    #[test]
    fn nothing_ends_before_it_began_in_whatever_order_samples_come(rule in rules(), seen in seen(), mix in any::<u64>()) {
        let mut seen = times(&seen);
        seen.sort_by_key(|(_, at)| at.as_millis().wrapping_mul(mix as i64 | 1));
        let mut state = AlertState::default();
        for (seen, at) in seen {
            let (next, event) = step(&rule, state, seen, at, CYCLE);
            for event in event.into_iter().chain(withdraw(next.clone(), 50.0, at).1) {
                prop_assert!(event.at >= event.since, "{:?}", event);
            }
            prop_assert!(next.changes.is_sorted() && next.changes.len() <= 6);
            state = next;
        }
    }

    #[test]
    fn the_worst_is_the_extreme_since_it_began(rule in rules(), seen in seen()) {
        let mut state = AlertState::default();
        let mut values: Vec<f64> = vec![];
        let mut was_open = false;
        for (seen, at) in times(&seen) {
            let (next, event) = step(&rule, state, seen, at, CYCLE);
            if let Observation::Value(value, _) = seen {
                values.push(value);
            }
            if let Some(event) = event.filter(|_| !was_open) {
                // What was seen of it while it was pending counts as well, and nothing that nobody saw.
                prop_assert!(values.contains(&event.worst));
                values.drain(..values.len() - 1);
                values.push(event.worst);
            }
            was_open = next.problem.is_some();
            if let Some(problem) = next.problem {
                let worst = match rule.side() {
                    Side::Above => values.iter().copied().fold(f64::MIN, f64::max),
                    Side::Below => values.iter().copied().fold(f64::MAX, f64::min),
                };
                prop_assert_eq!(problem.worst, worst);
            }
            state = next;
        }
    }
}

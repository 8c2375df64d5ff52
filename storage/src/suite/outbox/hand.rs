//! What people see of the outbox, and do to it.

use super::*;

const STATES: [&str; 8] = ["pending", "sending", "retry", "unknown", "sent", "failed", "expired", "suppressed"];

/// A delivery of each of these states, in their order.
fn of_every_state() -> (Fixture, Vec<DeliveryId>) {
    let mut fixture = Fixture::new();
    let mails: Vec<_> = (0..8).map(|number| mail(number, &[&format!("{number}@x")])).collect();
    fixture.store.create_mails(&mails, &[], NOON).unwrap();
    let deliveries = due(&fixture.store, NOON);
    let (next, reply) = (at(60), || "because".to_owned());
    let ends = [
        AttemptEnd::Retry { next, reply: reply() },
        AttemptEnd::Unknown { next, reply: reply() },
        sent(NOON),
        AttemptEnd::Failed { reply: reply() },
        AttemptEnd::Expired { reply: reply() },
    ];
    assert!(fixture.store.begin_attempt(deliveries[1], NOON).unwrap());
    for (delivery, end) in deliveries[2..].iter().zip(ends) {
        fixture.store.begin_attempt(*delivery, NOON).unwrap();
        fixture.store.end_attempt(*delivery, &end).unwrap();
    }
    assert!(fixture.store.drop_delivery(deliveries[7], NOON).unwrap());
    (fixture, deliveries)
}

#[test]
fn deliveries_are_shown_the_newest_first_with_what_became_of_them() {
    let (fixture, deliveries) = of_every_state();
    let shown = |filter| fixture.store.deliveries(filter, 100).unwrap().into_iter().map(|one| one.state);
    assert!(shown(DeliveryFilter::All).eq(STATES.into_iter().rev()));
    assert_eq!(shown(DeliveryFilter::Waiting).collect::<Vec<_>>(), ["unknown", "retry", "sending", "pending"]);
    assert_eq!(shown(DeliveryFilter::Lost).collect::<Vec<_>>(), ["expired", "failed"]);
    let all = fixture.store.deliveries(DeliveryFilter::All, 6).unwrap();
    assert_eq!(all.len(), 6);
    let retry = &all[5];
    assert_eq!((retry.attempts, retry.next, retry.reply.as_deref()), (1, Some(at(60)), Some("because")));
    assert_eq!((retry.created, retry.message_id.as_str(), retry.subject.as_str()), (NOON, "<2@fleet>", "s"));
    assert_eq!(all[3].next, None, "what has ended is not tried again");
    assert_eq!(deliveries[2].to_string().parse(), Ok(retry.id), "people type the number they were shown");
}

#[test]
fn what_waits_or_was_lost_can_be_tried_now_and_what_arrived_can_not() {
    let (mut fixture, deliveries) = of_every_state();
    for (delivery, name) in deliveries.into_iter().zip(STATES) {
        let may = !matches!(name, "sending" | "sent");
        assert_eq!(fixture.store.retry_delivery(delivery, at(5)).unwrap(), may, "{name}");
        assert_eq!(fixture.store.begin_attempt(delivery, at(5)).unwrap(), may, "{name}");
    }
    assert!(!fixture.store.retry_delivery(DeliveryId(99), at(5)).unwrap());
}

#[test]
fn what_waits_can_be_dropped_and_what_is_under_way_or_over_can_not() {
    let (mut fixture, deliveries) = of_every_state();
    for (delivery, name) in deliveries.into_iter().zip(STATES) {
        let may = matches!(name, "pending" | "retry" | "unknown");
        assert_eq!(fixture.store.drop_delivery(delivery, at(5)).unwrap(), may, "{name}");
        assert!(!may || !fixture.store.begin_attempt(delivery, at(9999)).unwrap(), "{name}");
    }
}

#[test]
fn mail_that_waits_for_long_is_noticed_and_what_has_ended_is_not() {
    let (mut fixture, _) = of_every_state();
    fixture.store.create_mails(&[mail(20, &["a@x"])], &[], at(3000)).unwrap();
    let stuck = |seconds| fixture.store.stuck_mail(Duration::from_secs(3600), at(seconds)).unwrap();
    assert_eq!(stuck(3600), None);
    let found = stuck(3601).unwrap();
    assert_eq!((found.deliveries, found.since), (4, NOON));
    assert_eq!(stuck(9000).unwrap().deliveries, 5);
}

#[test]
fn mail_of_a_time_to_come_that_is_tried_again_and_again_is_stuck_as_well() {
    let mut fixture = with_deliveries(&["a@x"]);
    let stuck = |fixture: &Fixture| fixture.store.stuck_mail(Duration::from_secs(3600), at(-86_400)).unwrap();
    assert_eq!(stuck(&fixture), None);
    for _ in 0..2 {
        fixture.attempt(&AttemptEnd::Retry { next: at(-86_400), reply: String::new() }, at(-86_400));
    }
    assert_eq!(stuck(&fixture), Some(crate::StuckMail { deliveries: 1, since: at(-86_400) }));
}

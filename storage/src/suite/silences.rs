//! Silences last as long as people say.

use rules::Silence;

use super::*;

fn silence(starts: i64, ends: i64) -> Silence {
    Silence {
        id: 0,
        host: "web*".into(),
        metric: "disk".into(),
        instance: "/var".into(),
        starts: at(starts),
        ends: at(ends),
        author: "ann".into(),
        comment: "new disk\u{1b}[2J".into(),
    }
}

#[test]
fn a_silence_comes_back_as_it_was_with_its_number_and_plain_texts() {
    let mut fixture = Fixture::new();
    let (first, second) =
        (fixture.store.add_silence(&silence(0, 60), NOON), fixture.store.add_silence(&silence(30, 90), NOON));
    let (first, second) = (first.unwrap(), second.unwrap());
    let comment = sample::plain("new disk\u{1b}[2J").into_owned();
    let with = |id, silence| Silence { id, comment: comment.clone(), ..silence };
    assert!(!comment.contains('\u{1b}'));
    let expected = [with(first, silence(0, 60)), with(second, silence(30, 90))];
    assert_eq!(fixture.store.silences(at(60)).unwrap(), expected);
    assert_eq!(fixture.store.silences(at(61)).unwrap(), expected[1..]);
    assert_eq!(fixture.store.silences(at(91)).unwrap(), []);
}

#[test]
fn a_silence_that_lasts_ends_now_and_one_that_is_over_does_not_end_again() {
    let mut fixture = Fixture::new();
    let id = fixture.store.add_silence(&silence(0, 60), NOON).unwrap();
    assert!(fixture.store.end_silence(id, at(30)).unwrap());
    assert_eq!(fixture.store.silences(NOON).unwrap()[0].ends, at(30));
    assert!(!fixture.store.end_silence(id, at(40)).unwrap());
    assert!(!fixture.store.end_silence(99, at(40)).unwrap());
}

#[test]
fn a_silence_that_never_began_leaves_nothing_behind() {
    let mut fixture = Fixture::new();
    let id = fixture.store.add_silence(&silence(60, 90), NOON).unwrap();
    assert!(fixture.store.end_silence(id, at(30)).unwrap());
    assert_eq!(fixture.store.silences(NOON).unwrap(), []);
}

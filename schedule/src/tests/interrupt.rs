//! What is said about a signal.

use super::Warnings;
use crate::interrupt::announce;

#[test]
fn somebody_who_looks_on_is_told_of_the_second_signal_and_cron_is_not() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    announce(2, false);
    assert_eq!(warnings.count(), 0);
    announce(2, true);
    assert_eq!(warnings.count(), 1);
}

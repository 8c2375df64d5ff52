//! Rules and windows of maintenance that many hosts have, each kept once.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rules::{Maintenance, Recipient, Zone};
use sample::Metric;

use crate::ConfiguredRule;
use crate::alerts::Alert;
use crate::maintenance::Planned;

/// What hosts have been given so far.
pub(crate) struct Sharing {
    /// By the clock of this zone windows begin that name none.
    zone: Zone,
    mails: HashMap<Vec<Recipient>, usize>,
    /// By where it stands (a forecast stands where its alert does), its ordinal, and who is told.
    rules: HashMap<(usize, Metric, u32, Option<usize>), Arc<ConfiguredRule>>,
    /// By where they stand.
    windows: HashMap<Vec<usize>, Arc<[Maintenance]>>,
}

impl Sharing {
    pub(crate) fn new(zone: Zone) -> Sharing {
        Sharing { zone, mails: HashMap::new(), rules: HashMap::new(), windows: HashMap::new() }
    }

    /// The rules that alerts come to. `mail` is for those that name nobody.
    pub(crate) fn rules(&mut self, alerts: &[Arc<Alert>], mail: &[Recipient]) -> Vec<Arc<ConfiguredRule>> {
        let mut count = BTreeMap::new();
        let mail_number = match self.mails.get(mail) {
            Some(number) => *number,
            None => {
                let number = self.mails.len();
                self.mails.insert(mail.to_vec(), number);
                number
            }
        };
        let mut shared = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let next: &mut u32 = count.entry(alert.watched()).or_default();
            let ordinal = *next;
            *next += 1;
            let told = alert.mail.is_none().then_some(mail_number);
            let key = (alert.at, alert.rule.key.metric, ordinal, told);
            let rule = self.rules.entry(key).or_insert_with(|| Arc::new(configured(alert, ordinal, mail)));
            shared.push(Arc::clone(rule));
        }
        shared
    }

    /// The windows that were planned.
    pub(crate) fn windows(&mut self, planned: &[Arc<Planned>]) -> Arc<[Maintenance]> {
        let places = planned.iter().map(|it| it.at).collect();
        let zone = self.zone;
        let windows = || planned.iter().filter_map(|it| it.window(zone)).collect();
        Arc::clone(self.windows.entry(places).or_insert_with(windows))
    }
}

fn configured(alert: &Alert, ordinal: u32, mail: &[Recipient]) -> ConfiguredRule {
    let mut rule = alert.rule.clone();
    rule.key.ordinal = ordinal;
    if !rule.is_off() {
        rule.telling.recipients = alert.mail.clone().unwrap_or_else(|| mail.to_vec());
    }
    ConfiguredRule { rule, origin: alert.origin.clone() }
}

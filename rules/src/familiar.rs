//! What a host was seen with: so that what is gone, and a new boot, are noticed.

use std::collections::{BTreeMap, BTreeSet};

use sample::{Readings, Timestamp, most, plain};

use crate::stored::ParseMemoryError;

/// As many things as a host is known by: more than one sample can have of all kinds together.
const MOST_THINGS: usize = 2500;
/// A thing with a longer name is not remembered, so that what is kept of a host stays below a few megabytes.
const LONGEST_THING: usize = 1024;
/// Missing in so many samples in a row, a thing is gone.
const MISSES: u32 = 2;

/// What a host had in the samples before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Familiar {
    /// The boot of the newest sample.
    pub boot_id: Option<String>,
    /// When that one was taken.
    pub taken: Option<Timestamp>,
    /// Its mounts, interfaces and sensors (`mount /var`, `interface eth0`, `sensor coretemp Core 0`), each with how many
    /// samples in a row it was missing.
    pub things: BTreeMap<String, u32>,
}

impl Familiar {
    /// Takes note of what a sample has, and returns what is gone: missing in this sample and in the one before. That is
    /// forgotten, so it is returned once. Of a kind whose list was not read as a whole nothing is known.
    ///
    /// Samples come in the order of the times they were taken at.
    pub fn missing(&mut self, readings: &Readings) -> Vec<String> {
        let mut gone = Vec::new();
        for (kind, is_complete, names) in things_of(readings) {
            let prefix = format!("{kind} ");
            let here: BTreeSet<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
            if is_complete {
                for (thing, misses) in self.things.iter_mut().filter(|(thing, _)| thing.starts_with(&prefix)) {
                    *misses = if here.contains(thing) { 0 } else { misses.saturating_add(1) };
                }
            }
            gone.extend(self.things.extract_if(.., |_, misses| *misses >= MISSES).map(|(thing, _)| thing));
            for thing in here.into_iter().filter(|thing| thing.len() <= LONGEST_THING) {
                if self.things.len() < MOST_THINGS || self.things.contains_key(&thing) {
                    self.things.insert(thing, 0);
                }
            }
        }
        gone
    }

    /// The things, one a line; those that are missing with their number of samples and a tab before it.
    pub fn things_to_stored(&self) -> String {
        let line = |(thing, misses): (&String, &u32)| match misses {
            0 => plain(thing).into_owned(),
            misses => format!("{misses}\t{}", plain(thing)),
        };
        self.things.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The things that [`Familiar::things_to_stored`] wrote.
    ///
    /// # Errors
    /// It wrote no such text.
    pub fn things_from_stored(text: &str) -> Result<BTreeMap<String, u32>, ParseMemoryError> {
        let thing = |line: &str| {
            let (misses, thing) = match line.split_once('\t') {
                Some((misses, thing)) => (misses.parse().or(Err(ParseMemoryError))?, thing),
                None => (0, line),
            };
            // A kind and a name.
            if thing.split_once(' ').is_some() { Ok((thing.to_owned(), misses)) } else { Err(ParseMemoryError) }
        };
        text.split('\n').filter(|line| !line.is_empty()).take(MOST_THINGS).map(thing).collect()
    }
}

/// The kinds of things that are noticed when they are gone: whether the sample has all of that kind, and their names.
pub(crate) fn things_of(readings: &Readings) -> [(&'static str, bool, BTreeSet<String>); 3] {
    let Readings { filesystems, stuck_mounts, temperatures, fans, rates, .. } = readings;
    let interfaces = &rates.interfaces;
    // A mount that does not answer is still there.
    let mounts = names(filesystems, |fs| &fs.mount).chain(names(stuck_mounts, |stuck| &stuck.mount));
    let sensors = names(temperatures, |sensor| &sensor.sensor).chain(names(fans, |fan| &fan.sensor));
    let mounts_are_all = is_whole(filesystems, most::FILESYSTEMS) && is_whole(stuck_mounts, most::FILESYSTEMS);
    let sensors_are_all = is_whole(temperatures, most::SENSORS) && is_whole(fans, most::SENSORS);
    [
        ("mount", mounts_are_all, mounts.collect()),
        ("interface", is_whole(interfaces, most::DEVICES), names(interfaces, |of| &of.name).collect()),
        ("sensor", sensors_are_all, sensors.collect()),
    ]
}

fn names<T>(list: &Option<Vec<T>>, name: impl Fn(&T) -> &String) -> impl Iterator<Item = String> {
    list.iter().flatten().map(move |thing| plain(name(thing)).into_owned())
}

/// A list at its limit may have been cut.
fn is_whole<T>(list: &Option<Vec<T>>, most: usize) -> bool {
    list.as_ref().is_some_and(|list| list.len() < most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sample::{Fan, Filesystem, InterfaceRates, Rates, StuckMount, Temperature};

    fn mounts(mounts: &[&str]) -> Readings {
        let fs = |mount: &&str| Filesystem { mount: (*mount).to_owned(), ..Filesystem::default() };
        Readings {
            filesystems: Some(mounts.iter().map(fs).collect()),
            stuck_mounts: Some(vec![]),
            ..Readings::default()
        }
    }

    fn after(samples: &[&Readings]) -> Familiar {
        let mut familiar = Familiar::default();
        samples.iter().for_each(|readings| assert_eq!(familiar.missing(readings), [""; 0]));
        familiar
    }

    #[test]
    fn what_is_missing_twice_in_a_row_is_gone_and_told_once() {
        let (both, one) = (mounts(&["/", "/data"]), mounts(&["/"]));
        let mut familiar = after(&[&both, &one, &both, &one]);
        assert_eq!(familiar.missing(&one), ["mount /data"]);
        assert_eq!(familiar.missing(&one), [""; 0]);
        assert_eq!(familiar.things, BTreeMap::from([("mount /".to_owned(), 0)]));
    }

    #[test]
    fn a_list_that_was_not_read_or_may_be_cut_says_nothing() {
        let (both, one) = (mounts(&["/", "/data"]), mounts(&["/"]));
        let unread = Readings { stuck_mounts: None, ..one.clone() };
        let many: Vec<String> = (0..most::FILESYSTEMS).map(|n| format!("/{n}")).collect();
        let cut = mounts(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let none = Readings::default();
        let mut familiar = after(&[&both, &one, &unread, &none, &cut, &unread]);
        assert_eq!(familiar.things["mount /data"], 1, "neither missed again nor seen again");
        assert!(familiar.missing(&one).contains(&"mount /data".to_owned()));
    }

    #[test]
    fn a_mount_that_does_not_answer_is_not_gone() {
        let stuck = StuckMount { mount: "/nfs".into(), ..StuckMount::default() };
        let hangs = Readings { stuck_mounts: Some(vec![stuck]), ..mounts(&["/"]) };
        after(&[&mounts(&["/", "/nfs"]), &hangs, &hangs, &hangs]);
    }

    #[test]
    fn interfaces_and_sensors_are_noticed_and_a_sensor_may_be_of_either_list() {
        let interface = InterfaceRates { name: "eth1".into(), ..InterfaceRates::default() };
        let has = Readings {
            rates: Rates { interfaces: Some(vec![interface]), ..Rates::default() },
            temperatures: Some(vec![Temperature { sensor: "cpu".into(), ..Temperature::default() }]),
            fans: Some(vec![Fan { sensor: "fan1".into(), rpm: 1 }]),
            ..Readings::default()
        };
        let rates = Rates { interfaces: Some(vec![]), ..Rates::default() };
        let lost = Readings { rates, temperatures: Some(vec![]), fans: None, ..Readings::default() };
        let mut familiar = after(&[&has, &lost]);
        assert_eq!(familiar.missing(&lost), ["interface eth1"], "fans were not read, so sensors may be there");
        let lost = Readings { fans: Some(vec![]), ..lost };
        assert_eq!(familiar.missing(&lost), [""; 0]);
        assert_eq!(familiar.missing(&lost), ["sensor cpu", "sensor fan1"]);
    }

    #[test]
    fn what_is_familiar_survives_its_text() {
        let hostile = mounts(&["/", "/a\tb\nc", "/ö x"]);
        let mut familiar = after(&[&hostile, &mounts(&["/"])]);
        let text = familiar.things_to_stored();
        assert_eq!(text, "mount /\n1\tmount /a\\u{9}b\\u{a}c\n1\tmount /ö x");
        assert_eq!(Familiar::things_from_stored(&text), Ok(familiar.things.clone()));
        familiar.things.clear();
        assert_eq!(Familiar::things_from_stored(&familiar.things_to_stored()), Ok(BTreeMap::new()));
        for text in ["x\tmount /", "-1\tmount /", "mount", "1\t", "99999999999\tmount /"] {
            assert_eq!(Familiar::things_from_stored(text), Err(ParseMemoryError), "{text:?}");
        }
    }

    #[test]
    fn a_host_that_invents_things_all_the_time_does_not_fill_the_memory() {
        let mut familiar = Familiar::default();
        for round in 0..20 {
            let many: Vec<String> = (0..most::FILESYSTEMS).map(|n| format!("/{round}/{n}")).collect();
            familiar.missing(&mounts(&many.iter().map(String::as_str).collect::<Vec<_>>()));
        }
        familiar.missing(&mounts(&[&"x".repeat(4000)]));
        assert!(familiar.things.len() <= MOST_THINGS && familiar.things.keys().all(|it| it.len() <= LONGEST_THING));
    }
}

//! `jump`: which host goes through which.

use std::collections::HashSet;

use sample::HostName;

use crate::hosts::{Index, MAX_SUGGESTED, Named};
use crate::report::Report;
use crate::suggest::nearest;

/// How many names of a circle are shown.
const MAX_SHOWN: usize = 8;

/// Gives every host its jump host. A name that no client has, and a circle, are reported where the attribute stands.
/// `all_are_named`: no client is missing from `all`.
pub(crate) fn resolve(all: &mut [Named], index: &Index, all_are_named: bool, report: &mut Report) {
    let mut next = Vec::with_capacity(all.len());
    let mut told = HashSet::new();
    for named in &*all {
        let Some((through, at)) = through(named) else {
            next.push(None);
            continue;
        };
        let known = index.get(through).copied();
        // An inherited one is the same mistake for everybody.
        if known.is_none() && all_are_named && told.insert(at) {
            report.problem_with(at, || unknown(through, all));
        }
        next.push(known);
    }
    for circle in circles(&next) {
        report_circle(&circle, all, report);
    }
    for named in all {
        let jump = through(named).map(|(name, _)| name.clone());
        if let Some(host) = &mut named.host {
            host.jump = jump;
        }
    }
}

fn through(named: &Named) -> Option<(&HostName, usize)> {
    let jump = named.jump.as_ref()?;
    Some((jump.through.as_ref()?, jump.at))
}

fn unknown(name: &HostName, all: &[Named]) -> String {
    let names: Vec<&str> = all.iter().map(|named| named.name.as_str()).take(MAX_SUGGESTED).collect();
    match nearest(name.as_str(), &names) {
        Some(near) => format!("jump \"{name}\" is unknown, did you mean {near:?}?"),
        None => format!("jump \"{name}\" is unknown, there is no client of that name"),
    }
}

/// Every circle once; from each member one way leads on at most, so that each is walked over once.
fn circles(next: &[Option<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut walk_of = vec![UNSEEN; next.len()];
    let mut circles = Vec::new();
    for start in 0..next.len() {
        let mut here = Some(start);
        while let Some(member) = here.filter(|member| walk_of[*member] == UNSEEN) {
            walk_of[member] = start;
            here = next[member];
        }
        if let Some(first) = here.filter(|member| walk_of[*member] == start) {
            let after = std::iter::successors(next[first], |member| next[*member]);
            circles.push(std::iter::once(first).chain(after.take_while(|member| *member != first)).collect());
        }
    }
    circles
}

fn report_circle(circle: &[usize], all: &[Named], report: &mut Report) {
    // What stands last is most likely a client's own, and not what all inherit.
    let Some(at) = circle.iter().filter_map(|member| Some(through(&all[*member])?.1)).max() else { return };
    if let [only] = circle {
        return report.problem(at, format!("jump leads from \"{}\" to itself", all[*only].name));
    }
    let mut names: Vec<&str> = circle.iter().take(MAX_SHOWN).map(|member| all[*member].name.as_str()).collect();
    names.push(if circle.len() > MAX_SHOWN { "…" } else { names[0] });
    report.problem(at, format!("jump leads in a circle: {}", names.join(" > ")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_circle_is_found_once_however_it_is_reached() {
        let none: Vec<Vec<usize>> = Vec::new();
        assert_eq!(circles(&[]), none);
        assert_eq!(circles(&[Some(1), Some(2), None, Some(1)]), none);
        assert_eq!(circles(&[Some(0)]), [[0]]);
        assert_eq!(circles(&[Some(2), Some(2), Some(3), Some(1), Some(4)]), [vec![2, 3, 1], vec![4]]);
    }

    #[test]
    fn a_chain_of_all_hosts_is_walked_over_once() {
        let chain: Vec<Option<usize>> = (1..100_000).map(Some).chain([Some(0)]).collect();
        assert_eq!(circles(&chain)[0].len(), 100_000);
    }
}

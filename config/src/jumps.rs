//! `jump` and `parent`: which host goes through which, and which depends on which.

use std::collections::HashSet;

use sample::HostName;

use crate::hosts::{Index, MAX_SUGGESTED, Named};
use crate::report::Report;
use crate::suggest::nearest;

/// How many names of a circle are shown.
const MAX_SHOWN: usize = 8;

/// A way that leads from hosts to others.
struct Way {
    /// The attribute.
    word: &'static str,
    /// Where it leads from here, and where it says so.
    from: fn(&Named) -> Option<(&HostName, usize)>,
    /// Where its own attribute says so.
    place: fn(&Named) -> Option<usize>,
}

const JUMP: Way = Way { word: "jump", from: jump, place: |named| Some(jump(named)?.1) };
const PARENT: Way = Way {
    word: "parent",
    from: parent,
    place: |named| Some(named.parent.as_ref().filter(|it| it.through.is_some())?.at),
};

/// Gives every host its jump host, and the host it depends on. A name that no client has, and a circle, are reported
/// where the attribute stands. `all_are_named`: no client is missing from `all`.
pub(crate) fn resolve(all: &mut [Named], index: &Index, all_are_named: bool, report: &mut Report) {
    let mut told = HashSet::new();
    for way in [JUMP, PARENT] {
        let next = follow(&way, all, index, |name, at| {
            // An inherited one is the same mistake for everybody.
            if all_are_named && told.insert(at) {
                report.problem_with(at, || unknown(&way, name, all));
            }
        });
        for circle in circles(&next) {
            report_circle(&way, &circle, all, report);
        }
    }
    for named in all {
        let name = |way: &Way| (way.from)(named).map(|(name, _)| name.clone());
        let (jump, parent) = (name(&JUMP), name(&PARENT));
        if let Some(host) = &mut named.host {
            (host.jump, host.parent) = (jump, parent);
        }
    }
}

/// Where the way leads to from each. `lost` takes what nobody is called, and where it stands.
fn follow(way: &Way, all: &[Named], index: &Index, mut lost: impl FnMut(&HostName, usize)) -> Vec<Option<usize>> {
    let lead = |named: &Named| {
        let (name, at) = (way.from)(named)?;
        let known = index.get(name).copied();
        if known.is_none() {
            lost(name, at);
        }
        known
    };
    all.iter().map(lead).collect()
}

fn jump(named: &Named) -> Option<(&HostName, usize)> {
    let jump = named.jump.as_ref()?;
    Some((jump.through.as_ref()?, jump.at))
}

/// Who does not say what it depends on depends on its jump host.
fn parent(named: &Named) -> Option<(&HostName, usize)> {
    let Some(parent) = &named.parent else { return jump(named) };
    Some((parent.through.as_ref()?, parent.at))
}

fn unknown(way: &Way, name: &HostName, all: &[Named]) -> String {
    let names: Vec<&str> = all.iter().map(|named| named.name.as_str()).take(MAX_SUGGESTED).collect();
    let word = way.word;
    match nearest(name.as_str(), &names) {
        Some(near) => format!("{word} \"{name}\" is unknown, did you mean {near:?}?"),
        None => format!("{word} \"{name}\" is unknown, there is no client of that name"),
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

fn report_circle(way: &Way, circle: &[usize], all: &[Named], report: &mut Report) {
    // What stands last is most likely a client's own, and not what all inherit. A circle of parents that are all jump
    // hosts was told as such.
    let Some(at) = circle.iter().filter_map(|member| (way.place)(&all[*member])).max() else { return };
    let word = way.word;
    if let [only] = circle {
        return report.problem(at, format!("{word} leads from \"{}\" to itself", all[*only].name));
    }
    let mut names: Vec<&str> = circle.iter().take(MAX_SHOWN).map(|member| all[*member].name.as_str()).collect();
    names.push(if circle.len() > MAX_SHOWN { "…" } else { names[0] });
    report.problem(at, format!("{word} leads in a circle: {}", names.join(" > ")));
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

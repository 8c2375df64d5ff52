//! Load averages: `/proc/loadavg`. Source: proc_loadavg(5).

use sample::Load;

use super::Tree;

pub(super) fn read(tree: &Tree) -> Option<Load> {
    parse(&tree.text("proc/loadavg")?)
}

fn parse(loadavg: &str) -> Option<Load> {
    let mut averages = loadavg.split_ascii_whitespace().map(|word| word.parse::<f64>().ok().filter(is_possible));
    Some(Load { one: averages.next()??, five: averages.next()??, fifteen: averages.next()?? })
}

fn is_possible(load: &f64) -> bool {
    load.is_finite() && *load >= 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_averages_are_read_and_fewer_are_none() {
        let load = |host: &str| read(&Tree::of(host));
        assert_eq!(load("server-128"), Some(Load { one: 96.5, five: 120.25, fifteen: 131.0 }));
        // An empty file is not an idle host.
        assert_eq!((load("hostile"), load("linux-3.10"), load("none")), (None, None, None));
        assert_eq!((parse("1 2 inf"), parse("1 2 -3"), parse("NaN 1 2"), parse("1 2")), (None, None, None, None));
    }
}

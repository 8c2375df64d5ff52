//! Whether a process has a descendant with a terminal.

use super::{Tree, processes};

/// From sshd's process for a login to the shell it is two generations; the rest is for sudo and the like.
const GENERATIONS: usize = 4;
/// Most processes that are looked at.
const MOST: usize = 256;

/// Whether the process or one below it has a terminal; nothing if the kernel does not tell.
pub(super) fn is_below(tree: &Tree, pid: u32) -> Option<bool> {
    let mut generation = vec![pid];
    let mut seen = 0;
    for _ in 0..GENERATIONS {
        let mut next = Vec::new();
        for pid in generation {
            seen += 1;
            if seen > MOST {
                return None;
            }
            // One that has ended meanwhile has neither a terminal nor children.
            let Some(stat) = tree.bytes(format!("proc/{pid}/stat")) else { continue };
            if processes::has_terminal(pid, &stat)? {
                return Some(true);
            }
            next.extend(children(&tree.text(format!("proc/{pid}/task/{pid}/children"))?)?);
        }
        generation = next;
    }
    Some(false)
}

fn children(list: &str) -> Option<Vec<u32>> {
    list.split_ascii_whitespace().map(|pid| pid.parse().ok()).collect()
}

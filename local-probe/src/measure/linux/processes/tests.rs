mod live;

use sample::{ProcessWish, Scope, TopProcess};
use tempfile::TempDir;

use super::*;
use crate::notes::Notes;

/// What a run is asked, and where it notes what.
struct Run {
    folder: TempDir,
    scope: Scope,
    spot: bool,
}

impl Run {
    fn new() -> Run {
        Run { folder: tempfile::tempdir().unwrap(), scope: Scope::default(), spot: false }
    }

    fn wanting(names: &[&str]) -> Run {
        let processes = names.iter().map(|name| ProcessWish { name: (*name).to_owned(), min: 1 }).collect();
        Run { scope: Scope { processes, ..Scope::default() }, ..Run::new() }
    }

    /// Measures a host at so many milliseconds after its boot.
    fn measure(&self, tree: &Tree, at: &Boot) -> (Option<Processes>, Option<Vec<WantedProcess>>) {
        let notes = Notes::in_folder(&self.folder.path().join("notes"));
        let asked = Asked { scope: &self.scope, spot: self.spot, notes: &notes, target: "00ff" };
        Begun::begin_at(&asked, tree, Some(at.clone()), MOST_TWICE).finish_at(&asked, tree, Some(at.clone()), 900)
    }

    fn noted(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("notes/processes-00ff")).ok()
    }

    fn note(&self, text: &str) {
        std::fs::create_dir_all(self.folder.path().join("notes")).unwrap();
        std::fs::write(self.folder.path().join("notes/processes-00ff"), text).unwrap();
    }
}

/// A minute and so many milliseconds after the start of the latest process of small-vm.
fn boot(later_ms: u64) -> Boot {
    Boot { id: "b007".to_owned(), elapsed_ms: 120_000 + later_ms }
}

fn small_vm() -> Tree {
    Tree::of("small-vm")
}

fn cpu(processes: &Processes, pid: u32) -> Option<f64> {
    processes.top.iter().find(|process| process.pid == pid).unwrap().cpu_percent
}

#[test]
fn processes_are_counted_and_those_with_the_most_memory_named_without_the_probe_and_its_children() {
    let run = Run::new();
    let (processes, wanted) = run.measure(&small_vm(), &boot(0));
    let processes = processes.unwrap();
    assert_eq!((processes.total, processes.zombies, processes.blocked, processes.window_ms), (11, 1, 1, None));
    let expected = [
        (700, "mysqld", 131_072),
        (500, "prometheus-node", 5400),
        (1, "systemd", 3200),
        (413, "nginx", 2100),
        (801, "backup.sh", 800),
    ];
    let expected = expected.map(|(pid, name, pages)| TopProcess {
        pid,
        name: name.to_owned(),
        memory_bytes: pages * page_size() as u64,
        ..TopProcess::default()
    });
    assert_eq!((processes.top, wanted), (expected.to_vec(), None));
}

#[test]
fn cpu_time_is_the_mean_since_the_run_before_of_the_same_server_and_boot() {
    let run = Run::new();
    run.note("110000 b007\n1 3 600\n89 40 850\n412 900 1\n413 905 9000\n500 950 3600\n700 960 80000\n801 4000 90\n");
    let processes = run.measure(&small_vm(), &boot(0)).0.unwrap();
    assert_eq!(processes.window_ms, Some(10_000));
    // 20,000 and 1000 ticks of 10 ms in ten seconds.
    assert_eq!((cpu(&processes, 700), cpu(&processes, 413)), (Some(2000.0), Some(100.0)));
    assert_eq!((cpu(&processes, 1), cpu(&processes, 500)), (Some(0.0), Some(0.0)));
    assert_eq!(cpu(&processes, 801), None, "it took the id of another before that run, which did not see it");
    let pids: Vec<_> = processes.top.iter().map(|process| process.pid).collect();
    assert_eq!(pids, [700, 413, 500, 1, 801], "by CPU time, then by memory");
}

#[test]
fn a_process_that_started_since_the_run_before_used_all_it_has_in_the_window() {
    let run = Run::new();
    run.note("49995 b007\n700 960 100000\n801 4000 99999\n");
    let processes = run.measure(&small_vm(), &Boot { elapsed_ms: 59_995, ..boot(0) }).0.unwrap();
    assert_eq!((processes.window_ms, cpu(&processes, 801)), (Some(10_000), Some(10.0)));
    assert_eq!((cpu(&processes, 700), cpu(&processes, 413)), (Some(0.0), None));
}

#[test]
fn a_run_notes_for_the_next_one_what_was_used() {
    let run = Run::new();
    run.measure(&small_vm(), &boot(0)).0.unwrap();
    let noted = "120000 b007\n1 3 600\n2 3 7\n89 40 850\n412 900 1\n413 905 10000\n500 950 3600\n700 960 100000\n\
                 801 5000 100\n802 5100 0\n900 6000 180000\n901 6001 180000\n";
    assert_eq!(run.noted().unwrap(), noted);
    let processes = run.measure(&small_vm(), &boot(60_000)).0.unwrap();
    assert_eq!((processes.window_ms, cpu(&processes, 700)), (Some(60_000), Some(0.0)));
    assert_eq!(run.noted().unwrap(), noted.replace("120000", "180000"));
}

#[test]
fn two_runs_within_half_a_second_measure_no_cpu_time_and_the_next_one_measures_since_the_first() {
    let run = Run::new();
    run.measure(&small_vm(), &boot(0));
    let processes = run.measure(&small_vm(), &boot(499)).0.unwrap();
    assert_eq!((processes.window_ms, cpu(&processes, 700)), (None, None));
    assert_eq!(run.measure(&small_vm(), &boot(500)).0.unwrap().window_ms, Some(500));
}

#[test]
fn notes_of_another_boot_from_the_future_or_damaged_are_none() {
    let good = "110000 b007\n700 960 80000\n";
    let damaged = ["", "\n", "110000\n", "x b007\n", "110000 b007\n700 960\n", "110000 b007\n700 960 1 1\n"];
    let odd = ["110000 other\n", "120001 b007\n", "110000 b007\n700 960 8", "110000 b007\n700 960 -8\n"];
    let unsorted = ["110000 b007\n700 960 1\n700 960 2\n", "110000 b007\n700 960 1\n1 3 1\n"];
    for text in damaged.into_iter().chain(odd).chain(unsorted) {
        let run = Run::new();
        run.note(text);
        assert_eq!(run.measure(&small_vm(), &boot(0)).0.unwrap().window_ms, None, "{text:?}");
        assert!(run.noted().unwrap().starts_with("120000 b007\n1 3 600\n"), "{text:?}");
    }
    let run = Run::new();
    run.note(good);
    assert_eq!(run.measure(&small_vm(), &boot(0)).0.unwrap().window_ms, Some(10_000));
}

#[test]
fn a_counter_that_stepped_back_is_no_percentage() {
    let run = Run::new();
    run.note("110000 b007\n700 960 100001\n");
    assert_eq!(cpu(&run.measure(&small_vm(), &boot(0)).0.unwrap(), 700), None);
}

#[test]
fn arguments_are_told_only_when_asked_for() {
    let mut run = Run::new();
    run.scope.process_arguments = true;
    let top = run.measure(&small_vm(), &boot(0)).0.unwrap().top;
    let arguments: Vec<_> = top.iter().map(|process| process.arguments.as_deref()).collect();
    let exporter = Some("/usr/bin/prometheus-node-exporter --web.listen-address :9100");
    // The last one is blocked.
    assert_eq!(
        arguments,
        [Some("/usr/sbin/mysqld"), exporter, Some("/sbin/init"), Some("nginx: worker process"), None]
    );
}

#[test]
fn wanted_processes_are_counted_by_exact_name_and_zombies_are_not_there() {
    let run = Run::wanting(&["nginx", "prometheus-node-exporter", "prometheus-node-exporter2", "ngin", "backup.sh"]);
    let wanted = run.measure(&small_vm(), &boot(0)).1.unwrap();
    assert_eq!(wanted.iter().map(|one| one.count).collect::<Vec<_>>(), [2, 1, 0, 0, 1]);
    assert_eq!(wanted[1], WantedProcess { name: "prometheus-node-exporter".to_owned(), min: 1, count: 1 });
}

#[test]
fn a_host_whose_processes_bear_odd_names_and_numbers_is_counted_right() {
    let mut run = Run::wanting(&[") R 1 (", "a\nb) Z 1 1\n"]);
    run.scope.process_arguments = true;
    let (processes, wanted) = run.measure(&Tree::of("hostile"), &boot(0));
    let processes = processes.unwrap();
    assert_eq!((processes.total, processes.zombies, processes.blocked), (6, 1, 1));
    assert_eq!(wanted.unwrap().iter().map(|one| one.count).collect::<Vec<_>>(), [1, 1]);
    let names: Vec<_> = processes.top.iter().map(|process| process.name.as_str()).collect();
    // Without a name, with the most that a sample can hold; those with more, or a sum that is no number, are left out.
    assert_eq!(processes.top[0].memory_bytes, ((1 << 47) - 1) * page_size() as u64);
    assert_eq!(names, ["?", "a\nb) Z 1 1\n", "\u{fffd}\u{fffd}\u{fffd}", ") R 1 ("]);
}

#[test]
fn where_one_process_cannot_be_read_nothing_is_counted() {
    let host = tempfile::tempdir().unwrap();
    let path = |name: &str| host.path().join("proc").join(name);
    let put = |pid: &str, stat: &str| {
        std::fs::create_dir_all(path(pid)).unwrap();
        std::fs::write(path(pid).join("stat"), stat).unwrap();
    };
    let run = Run::wanting(&["init"]);
    let seen = || run.measure(&Tree::at(host.path()), &boot(0));
    put("5", "5 (bash) S 1");
    assert_eq!(seen(), (None, None), "the first process is not shown");
    put("1", "1 (init) S 0");
    assert_eq!(seen().0.unwrap().total, 2);
    put("6", "6 (cut sho");
    assert_eq!(seen(), (None, None));
    std::fs::remove_file(path("6/stat")).unwrap();
    assert_eq!(seen().0.unwrap().total, 2, "one that has ended since it was listed");
    std::fs::create_dir(path("6/stat")).unwrap();
    assert_eq!(seen(), (None, None));
    std::fs::remove_dir(path("6/stat")).unwrap();
    std::fs::create_dir(path("self")).unwrap();
    std::fs::write(path("self/mountinfo"), "22 27 0:21 / /proc rw - proc proc rw,hidepid=invisible\n").unwrap();
    assert_eq!(seen(), (None, None), "processes of others are hidden");
    assert_eq!(run.measure(&Tree::of("none"), &boot(0)), (None, None));
}

#[test]
fn more_or_longer_wishes_than_a_sample_can_hold_are_left_out() {
    let long = "x".repeat(Scope::LONGEST_NAME + 1);
    let many: Vec<String> = (0..100).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = [long.as_str(), ""].into_iter().chain(many.iter().map(String::as_str)).collect();
    let wanted = Run::wanting(&names).measure(&small_vm(), &boot(0)).1.unwrap();
    assert_eq!((wanted.len(), wanted[0].name.as_str()), (Scope::MOST, "p0"));
}

#[test]
fn of_a_great_many_processes_a_run_without_notes_measures_no_cpu_time_and_the_next_one_does() {
    let run = Run { spot: true, ..Run::new() };
    let notes = Notes::in_folder(&run.folder.path().join("notes"));
    let asked = Asked { scope: &run.scope, spot: true, notes: &notes, target: "00ff" };
    let window = |from: u64, most_twice: usize| {
        let begun = Begun::begin_at(&asked, &small_vm(), Some(boot(from)), most_twice);
        begun.finish_at(&asked, &small_vm(), Some(boot(from + 500)), 900).0.unwrap().window_ms
    };
    assert_eq!((window(0, 10), window(60_000, 10)), (None, Some(60_000)));
    notes.remove("processes-00ff");
    assert_eq!(window(120_000, 11), Some(500));
}

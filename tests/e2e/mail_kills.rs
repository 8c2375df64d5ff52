//! The alerter is killed in every phase of its work, hundreds of times: no alert is lost, and no more mails come twice
//! than it was killed where nobody can know.

mod aim;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use harness::{Deed, Measured, Reaped, Step, TakenMail};

use crate::killing::Random;
use crate::paper::{Paper, full, now_ms};
use aim::Aim;
use watch::Watch;

const KILLS: usize = 300;
/// After so many kills a run is left alone, and has to heal everything.
const BATCH: usize = 20;
/// Another seed is another series of instants; a failure prints it.
const SEED: u64 = 20_261_122;
const RECIPIENTS: [&str; 2] = ["ops@example.org", "dba@example.org"];
/// More rows than the alerter treats at once.
const BACKLOG: i64 = 2600;
/// So many rounds after it fired an alert is over.
const LASTING: usize = 7;

/// Where in a run the alerter is killed: at a step of the conversation, or by what the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// No row of the backlog is treated.
    Evaluating,
    /// Some are.
    BetweenSlices,
    /// All are, and the mail is not made.
    MakingMails,
    /// The mail waits, and the server has heard of nobody.
    BeforeConnecting,
    /// The server does this at that moment.
    At(Step),
}

/// Each phase, and how many of the kills are to hit it.
const AIMS: [(Phase, usize); 11] = [
    (Phase::Evaluating, 20),
    (Phase::BetweenSlices, 20),
    (Phase::MakingMails, 20),
    (Phase::BeforeConnecting, 20),
    (Phase::At(Step::Greeting), 20),
    (Phase::At(Step::Mail), 25),
    (Phase::At(Step::Rcpt), 25),
    (Phase::At(Step::Data), 25),
    // From here on the server may get the whole mail: what was written before the kill arrives.
    (Phase::At(Step::Content), 25),
    // Killed a moment before the answer, and a moment after it.
    (Phase::At(Step::Dot), 50),
    (Phase::At(Step::Taken), 50),
];

#[test]
fn three_hundred_kills_of_the_alerter_lose_no_mail_and_double_none_without_need() {
    let mut trial = Trial::new();
    let mut hits = BTreeMap::new();
    // Of each aim one after the other, so that every batch has all of them.
    let mut round = 0;
    while hits.values().sum::<usize>() < KILLS {
        let aims: Vec<Phase> =
            AIMS.iter().filter(|(aim, count)| hits.get(aim).unwrap_or(&0) < count).map(|(aim, _)| *aim).collect();
        let aim = aims.get(round % aims.len().max(1)).copied().unwrap_or(Phase::At(Step::Taken));
        round += 1;
        assert!(round < 2 * KILLS, "seed {SEED}: most runs end before they are killed: {hits:?}");
        if let Some(phase) = trial.kill_in(aim) {
            *hits.entry(phase).or_insert(0) += 1;
        }
        if round % BATCH == 0 {
            trial.heals(&format!("seed {SEED}, after round {round}"));
        }
    }
    trial.heals(&format!("seed {SEED}, in the end"));
    for (phase, wanted) in AIMS {
        let hit = hits.get(&phase).copied().unwrap_or(0);
        println!("{hit:>4} kills {phase:?}");
        assert!(hit >= wanted.min(KILLS / 60), "seed {SEED}: {phase:?} was hit {hit} times");
    }
    let Trial { copies, unsure, .. } = trial;
    let (mails, twice) = (copies.len(), copies.values().sum::<usize>() - copies.len());
    println!("{mails} mails arrived, {twice} of them once more, after {unsure} kills with the mail handed over");
}

struct Trial {
    paper: Paper,
    random: Random,
    aim: Arc<Aim>,
    /// Alerts that were raised so far; each is of a host of its own.
    raised: usize,
    lengths: BTreeMap<Phase, Duration>,
    /// How often each mail came for each recipient.
    copies: BTreeMap<(String, String), usize>,
    /// Kills after which nobody but the server knew that it had the mail.
    unsure: usize,
}

impl Trial {
    fn new() -> Trial {
        let hosts: Vec<String> = (0..2 * KILLS).map(|number| format!("h{number}")).collect();
        let mut names: Vec<&str> = hosts.iter().map(String::as_str).collect();
        names.push("busy");
        let alerts = r#"<alert type="memory" limit="90%"/>"#;
        let paper = Paper::new(&names, &RECIPIENTS.join(", "), alerts);
        let path = paper.server.dir.join("config.xml");
        let xml = std::fs::read_to_string(&path).unwrap();
        paper.server.configure(&xml.replace("<defaults", "<alerter mails-per-hour=\"10000\"/>\n<defaults"));
        let aim = Arc::new(Aim::default());
        let follows = aim.clone();
        paper.mail.follow(move |step, _| {
            follows.at(step);
            Deed::Usual
        });
        let (lengths, copies) = (BTreeMap::new(), BTreeMap::new());
        let mut trial = Trial { paper, random: Random(SEED), aim, raised: 0, lengths, copies, unsure: 0 };
        trial.lengths = trial.lengths_of_phases();
        trial
    }

    /// News for the alerter: one alert begins, another one ends.
    fn raise(&mut self, with_backlog: bool) {
        let (rows, at_ms) = (&self.paper.rows, now_ms());
        let visit = |run, number: usize, measured: &Measured| {
            rows.visit(run, rows.host(&format!("h{number}"), at_ms), at_ms, measured);
        };
        let raised = self.raised;
        rows.at_once(|rows| {
            let busy = rows.host("busy", at_ms);
            for back in (1..=BACKLOG).rev().filter(|_| with_backlog) {
                let at_ms = at_ms - back;
                rows.visit(rows.run(at_ms), busy, at_ms, &Measured::default());
            }
            let run = rows.run(at_ms);
            visit(run, raised, &full());
            if let Some(over) = raised.checked_sub(LASTING) {
                visit(run, over, &Measured::default());
            }
        });
        self.raised += 1;
    }

    /// Starts a run, kills it there, and returns where it was; nothing if it had ended before.
    fn kill_in(&mut self, aim: Phase) -> Option<Phase> {
        self.raise(!matches!(aim, Phase::At(_)));
        match aim {
            Phase::At(step) => self.kill_at(step),
            by_database => self.kill_by_database(by_database),
        }
    }

    fn kill_at(&mut self, step: Step) -> Option<Phase> {
        let is_reached_twice = !matches!(step, Step::Greeting);
        let passes = if is_reached_twice { self.random.next() % 2 } else { 0 };
        // Half of them at once, the others while the alerter does something about it.
        let longest_us = if step == Step::Taken && self.random.next().is_multiple_of(2) { 4000 } else { 0 };
        self.aim.passes.store(u32::try_from(passes).unwrap(), Ordering::SeqCst);
        self.aim.delay_us.store(self.random.next() % (longest_us + 1), Ordering::SeqCst);
        *self.aim.step.lock().unwrap() = Some(step);
        let mut alerter = self.start();
        alerter.wait();
        *self.aim.step.lock().unwrap() = None;
        let was_killed = self.aim.has_killed.load(Ordering::SeqCst);
        if was_killed && step >= Step::Content {
            self.unsure += 1;
        }
        was_killed.then_some(Phase::At(step))
    }

    fn kill_by_database(&mut self, aim: Phase) -> Option<Phase> {
        let delay = self.random.up_to(self.lengths[&aim]);
        let watch = Watch::new(&self.paper, &self.aim);
        let mut alerter = self.start();
        watch.until(aim, &mut alerter);
        std::thread::sleep(delay);
        // What it says after it was killed is too late: the database may still change until then.
        if !alerter.kill_if_alive() {
            return None;
        }
        let phase = watch.phase();
        // Beyond the last phase that the database tells the server may have been given a mail.
        self.unsure += usize::from(matches!(phase, Phase::At(_)));
        (!matches!(phase, Phase::At(_))).then_some(phase)
    }

    fn start(&self) -> Reaped {
        self.aim.has_killed.store(false, Ordering::SeqCst);
        self.aim.was_met.store(false, Ordering::SeqCst);
        self.aim.pid.store(0, Ordering::SeqCst);
        self.paper.server.make_deliveries_due();
        let alerter = self.paper.server.spawn("fleet-alerter", &[]);
        self.aim.pid.store(alerter.pid(), Ordering::SeqCst);
        alerter
    }

    /// How long the phases last in a run that is left alone.
    fn lengths_of_phases(&mut self) -> BTreeMap<Phase, Duration> {
        self.raise(true);
        let watch = Watch::new(&self.paper, &self.aim);
        let mut alerter = self.start();
        let mut begun = Instant::now();
        let mut lengths = BTreeMap::new();
        for pair in AIMS[..5].windows(2) {
            watch.until(pair[1].0, &mut alerter);
            lengths.insert(pair[0].0, begun.elapsed());
            begun = Instant::now();
        }
        assert_eq!(alerter.wait(), Some(0));
        lengths
    }

    /// A run that is left alone ends well, and then every alert was told to everybody.
    fn heals(&mut self, when: &str) {
        self.paper.server.make_deliveries_due();
        self.paper.server.alerter(&[]).expect(0);
        let server = &self.paper.server;
        assert_eq!(server.value("PRAGMA integrity_check"), "ok", "{when}");
        assert_eq!(server.value("SELECT count(*) FROM sample WHERE treated_ms IS NULL"), "0", "{when}");
        let raised = server.value("SELECT count(*) FROM incident");
        assert_eq!(raised, self.raised.to_string(), "{when}: each alert is one incident");
        for recipient in RECIPIENTS {
            let untold = UNTOLD.replace('?', &format!("'{recipient}'"));
            assert_eq!(server.sql(&untold), [""; 0], "{when}: not told to {recipient}");
        }
        self.count_copies(when);
    }

    fn count_copies(&mut self, when: &str) {
        for mail in self.paper.mail.taken() {
            let id = mail.message_id();
            assert_eq!(mail.content, self.stored(&mail), "{when}: {id} came with other bytes than are stored");
            for recipient in mail.to {
                *self.copies.entry((id.clone(), recipient)).or_insert(0) += 1;
            }
        }
        let ended = "SELECT message_id || ' ' || recipient FROM delivery JOIN mail ON mail.id = mail_id WHERE state";
        let sent: BTreeSet<String> = self.paper.server.sql(&format!("{ended} = 'sent'")).into_iter().collect();
        let came: BTreeSet<String> = self.copies.keys().map(|(id, recipient)| format!("{id} {recipient}")).collect();
        assert_eq!(came, sent, "{when}: what came, and what is kept as sent");
        let neither = self.paper.server.sql(&format!("{ended} NOT IN ('sent', 'superseded')"));
        assert_eq!(neither, [""; 0], "{when}: deliveries that did not end");
        let twice = self.copies.values().sum::<usize>() - self.copies.len();
        assert!(twice <= self.unsure, "{when}: {twice} mails came once more after {} kills", self.unsure);
    }

    fn stored(&self, mail: &TakenMail) -> Vec<u8> {
        let stored = "SELECT content FROM mail WHERE message_id = ?1";
        self.paper.rows.db().query_one(stored, [mail.message_id()], |row| row.get(0)).unwrap()
    }
}

/// Incidents of which this recipient was not told, or not that they are over. Before the alerter had time for it
/// everything may be over: then one mail says both.
const UNTOLD: &str = "
    WITH told AS (
        SELECT incident_id, notice.kind FROM notice JOIN delivery USING (mail_id)
        WHERE recipient = ? AND state = 'sent'
    )
    SELECT id || ' ' || coalesce(untold, '') FROM incident
    WHERE id NOT IN (SELECT incident_id FROM told WHERE kind IN ('problem', 'missed'))
       OR ended_ms IS NOT NULL AND id NOT IN (SELECT incident_id FROM told WHERE kind IN ('over', 'missed'))";

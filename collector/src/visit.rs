//! One visit to one host: log in, run the probe, and if it is not there, place it and run it again.

use std::sync::Arc;
use std::time::Duration;

use config::Deadlines;
use sample::wire::{self, Acknowledgement, Limits, Request};
use sample::{HostName, KeyId, Nonce, Scope};

use crate::answer::{Answer, AnswerReader, NoAnswer};
use crate::failure::shown;
use crate::keys::KeyRing;
use crate::phase::timed;
use crate::place::{Placed, Placement, place};
use crate::probe_file::{Probe, Probes};
use crate::run::{Memory, Reserved};
use crate::ssh::{Bastion, Ended, Login, Session, Stream, Target, Trust, Want, dial};
use crate::unseal::{Call, Names};
use crate::work_dir::WorkDir;
use crate::{Failure, clock};

/// What is asked for first: the backlog of an hour, 60 samples of 6 KB, and no more than all hosts together may send at
/// once.
pub const USUAL: Limits = Limits { envelopes: 64, bytes: 512 * 1024 };
/// What is asked for then, if more waits: all that a spool can hold.
pub const EVERYTHING: Limits = Limits { envelopes: 1001, bytes: 9 * 1024 * 1024 };

/// What all visits of a run share.
pub struct Fleet {
    /// The keys on file.
    pub trust: Arc<Trust>,
    /// What envelopes are sealed to now, and were before.
    pub keys: KeyRing,
    /// The probes there are.
    pub probes: Probes,
    /// How long each part of a visit may take.
    pub deadlines: Deadlines,
    /// Where answers are kept until they are committed.
    pub memory: Memory,
}

/// Whom a visit goes to, and what is known from earlier ones.
pub struct Visitee {
    /// The host's name.
    pub name: HostName,
    /// The name it had before.
    pub formerly: Option<HostName>,
    /// How often it is visited, if not in every run.
    pub every: Option<Duration>,
    /// Where its sshd is found.
    pub target: Target,
    /// What it is to other hosts of the run, if they are reached through it.
    pub bastion: Option<Arc<Bastion>>,
    /// What config.xml says about the account there, or what is wrong with it: then the host is not contacted.
    pub access: Result<Access, String>,
    /// The directory of the last visit, where it was not the default one.
    pub remembered_dir: Option<WorkDir>,
    /// The machine type its last sample named.
    pub architecture: Option<String>,
    /// What earlier visits brought home and the database holds.
    pub acknowledgements: Vec<Acknowledgement>,
    /// The boot of its newest sample in the database.
    pub known_boot: Option<String>,
    /// What its probe looks at beside what it always does.
    pub scope: Scope,
}

impl Visitee {
    /// The names its envelopes may be sealed for: the current one first.
    pub fn names(&self) -> Names<'_> {
        Names { current: &self.name, former: self.formerly.as_ref() }
    }
}

/// An account on a host.
#[derive(Clone)]
pub struct Access {
    /// How to log in.
    pub login: Login,
    /// The directory to take and no other.
    pub wanted_dir: Option<WorkDir>,
}

/// What a visit brought home.
pub struct Brought {
    /// The probe's answer, still sealed.
    pub answer: Answer,
    /// The memory it takes, if it is large.
    pub memory: Option<Reserved>,
    /// The call that it answers.
    pub call: Call,
    /// The key it sealed to.
    pub key: KeyId,
    /// Where the probe lies now, if that is not the default place.
    pub work_dir: Option<WorkDir>,
    /// Why the probe was not put in a better place, if it was placed in this visit and there are any.
    pub places_refused: Option<String>,
}

/// What a visit goes over.
pub enum Line {
    /// A connection of its own, which was dialled.
    Dialled(Stream),
    /// The connection to a jump host that others go through, which is verified and logged in.
    Shared(Arc<Session>),
}

impl Line {
    /// Opens the line to a host.
    ///
    /// # Errors
    /// As for [`dial`] and [`Bastion::session`].
    pub async fn open(fleet: &Fleet, host: &Visitee) -> Result<Line, Failure> {
        match &host.bastion {
            Some(bastion) => Ok(Line::Shared(bastion.session().await?)),
            None => Ok(Line::Dialled(dial(&host.target, fleet.deadlines.dial).await?)),
        }
    }
}

/// Visits one host over a line that was opened.
///
/// The session is closed before anything is decrypted: the host must not be able to time the private key
/// (RUSTSEC-2023-0071).
///
/// # Errors
/// Whatever ended the visit without an answer.
pub async fn visit(fleet: &Fleet, host: &Visitee, line: Line, nonce: Nonce) -> Result<Brought, Failure> {
    let access = host.access.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
    let collect = async |session: &Session| Visit { fleet, host, access, session, nonce }.collect().await;
    in_session(fleet, host, line, collect).await
}

/// Does some work on a host that is logged in to over this line, and ends the session unless others share it.
///
/// # Errors
/// Nobody can log in, the work failed, or all of it took too long.
pub async fn in_session<T>(
    fleet: &Fleet,
    host: &Visitee,
    line: Line,
    work: impl AsyncFnOnce(&Session) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let access = host.access.as_ref().map_err(|found| Failure::NoAccess(found.clone()))?;
    let all = async {
        let stream = match line {
            Line::Dialled(stream) => stream,
            Line::Shared(session) => return timed(&host.name, "commands", work(&session)).await,
        };
        let open = Session::open(stream, &host.target, fleet.trust.clone(), fleet.deadlines.handshake);
        let mut session = timed(&host.name, "handshake", open).await?;
        timed(&host.name, "login", session.log_in(&access.login, fleet.deadlines.authentication)).await?;
        let done = timed(&host.name, "commands", work(&session)).await;
        session.close().await;
        done
    };
    let limit = fleet.deadlines.host;
    let visited = tokio::time::timeout(limit, all).await.map_err(|_elapsed| Failure::HostTimeout(limit)).flatten();
    match (visited, &host.target.through) {
        // Whoever ended it in mid-visit, nothing can be held against a host whose jump host is gone.
        (Err(failure), Some(bastion)) => Err(bastion.answer_for(failure).await),
        (visited, _) => visited,
    }
}

struct Visit<'a> {
    fleet: &'a Fleet,
    host: &'a Visitee,
    access: &'a Access,
    session: &'a Session,
    nonce: Nonce,
}

type InMemory = (Answer, Call, Option<Reserved>);

/// The probe was called and did not answer.
struct Silence {
    why: NoAnswer,
    ended: Ended,
}

impl Silence {
    fn into_failure(self, placed: &Placed<'_>) -> Failure {
        let Silence { why, ended } = self;
        if why == NoAnswer::Noise {
            return Failure::ShellUnusable(why.to_string());
        }
        let program = format!("{}/{}", placed.work_dir, file_name(placed.probe));
        let found = format!("{program}: {why} ({}) {}", ended.how(), shown(&ended.stderr));
        Failure::ProbeFailed(found.trim_end().to_owned())
    }
}

impl Visit<'_> {
    /// The warm path, and once the cold one. What an exit status says about a missing program differs from shell
    /// to shell; whether an answer came doesn't.
    async fn collect(&self) -> Result<Brought, Failure> {
        let warm = match self.warm_dir() {
            Some(dir) => self.take_home(&dir, self.likely_probe()).await?.ok(),
            None => None,
        };
        let ((answer, call, memory), work_dir, places_refused) = match warm {
            Some(answer) => (answer, self.host.remembered_dir.clone(), None),
            None => self.place_and_run().await?,
        };
        let key = self.fleet.keys.current.id;
        Ok(Brought { answer, memory, call, key, work_dir, places_refused })
    }

    /// Where the probe may be run without a look at the place: below the home, or where the place script has made
    /// sure that nobody else can make directories.
    fn warm_dir(&self) -> Option<WorkDir> {
        match (&self.access.wanted_dir, &self.host.remembered_dir) {
            (Some(wanted), remembered) => Some(wanted).filter(|wanted| remembered.as_ref() == Some(wanted)).cloned(),
            (None, Some(remembered)) => Some(remembered).filter(|dir| !dir.is_in_a_public_place()).cloned(),
            (None, None) => Some(WorkDir::default_place()),
        }
    }

    fn likely_probe(&self) -> &Probe {
        self.fleet.probes.likely(self.host.architecture.as_deref())
    }

    async fn place_and_run(&self) -> Result<(InMemory, Option<WorkDir>, Option<String>), Failure> {
        let Visit { fleet, host, access, .. } = self;
        let placement = Placement {
            wanted: access.wanted_dir.as_ref(),
            remembered: host.remembered_dir.as_ref(),
            key: (fleet.keys.current.id, &fleet.keys.current.public_pem),
            probes: &fleet.probes,
            nonce: self.nonce,
            limit: fleet.deadlines.command,
        };
        let placed = place(self.session, &placement, self.likely_probe()).await?;
        match self.take_home(&placed.work_dir, placed.probe).await? {
            Ok(answer) if access.wanted_dir.is_some() => Ok((answer, Some(placed.work_dir), placed.refused)),
            Ok(answer) => Ok((answer, placed.work_dir.unless_default(), placed.refused)),
            Err(silence) => Err(silence.into_failure(&placed)),
        }
    }

    /// One run of the probe, and a second one where much waits and there is memory for it. Nobody waits for memory:
    /// what is not taken now is taken by the next run, and a host that only pretends to have much holds up no other.
    async fn take_home(&self, dir: &WorkDir, probe: &Probe) -> Result<Result<InMemory, Silence>, Failure> {
        let (first, call) = match self.run_probe(dir, probe, USUAL).await? {
            Ok(answered) => answered,
            Err(silence) => return Ok(Err(silence)),
        };
        let more = first.header.held > 0;
        let Some(reserved) = more.then(|| self.fleet.memory.reserve(EVERYTHING.bytes)).flatten() else {
            return Ok(Ok((first, call, None)));
        };
        Ok(Ok(match self.run_probe(dir, probe, EVERYTHING).await {
            Ok(Ok((all, call))) => (all, call, Some(reserved)),
            // What came is kept, whatever went wrong with the rest.
            Ok(Err(_)) | Err(_) => (first, call, None),
        }))
    }

    /// One channel, one exec. Works in every login shell, also after an rc file's `cd /`.
    async fn run_probe(
        &self,
        dir: &WorkDir,
        probe: &Probe,
        limits: Limits,
    ) -> Result<Result<(Answer, Call), Silence>, Failure> {
        let request = Request {
            version: wire::VERSION,
            host: self.host.name.clone(),
            nonce: self.nonce,
            key: self.fleet.keys.current.id,
            acknowledgements: self.host.acknowledgements.clone(),
            former: self.fleet.keys.former_owners(&self.host.name, self.host.formerly.as_ref()),
            known_boot: self.host.known_boot.clone(),
            scope: self.host.scope.clone(),
            limits,
        };
        let command = format!("exec {dir}/{} run", file_name(probe));
        let mut reader = AnswerReader::new(self.nonce, limits);
        let limit = ("running the probe", self.fleet.deadlines.command);
        let (called, mut answered) = (clock::now(), None);
        let take = |piece: &[u8]| {
            let more = reader.take(piece);
            if reader.has_begun() {
                answered.get_or_insert_with(clock::now);
            }
            if more { Want::More } else { Want::Nothing }
        };
        let ended = self.session.exec(&command, request.encode().as_bytes(), limit, take).await?;
        let received = clock::now();
        let call = Call { nonce: self.nonce, called, answered: answered.unwrap_or(received), received };
        Ok(reader.finish().map(|answer| (answer, call)).map_err(|why| Silence { why, ended }))
    }
}

fn file_name(probe: &Probe) -> String {
    format!("probe-{}", probe.sha256)
}

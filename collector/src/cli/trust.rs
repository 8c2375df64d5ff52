//! `fleet-collector trust`: see the keys that hosts offer, and pin them after a yes.

use std::path::Path;
use std::sync::Arc;

use config::Host;
use sample::HostName;

use super::args::{Place, TrustArgs};
use super::ask::confirmed;
use super::error::{CommandError, Ending};
use super::hint::as_called;
use super::report::print;
use crate::Failure;
use crate::prepare::{Identities, Setting};
use crate::ssh::{KnownHosts, Offer, Verdict, look, pin};

type Result<T> = std::result::Result<T, CommandError>;

/// Pins hop by hop: what lies behind a jump host can be looked at once that one's key is on file.
pub(super) async fn trust(setting: &Setting, args: &TrustArgs, place: &Place) -> Result<Ending> {
    let mut hosts: Vec<&Host> = setting.selected()?;
    let mut ending = Ending::Done;
    loop {
        let seen = look_at(setting, &hosts, args.replace).await?;
        if seen.some_failed {
            ending = Ending::SomeFailed;
        }
        if seen.to_pin.is_empty() {
            seen.behind.iter().for_each(|behind| tell_behind(behind, place));
            return Ok(if seen.behind.is_empty() { ending } else { Ending::SomeFailed });
        }
        if !args.yes && !confirmed(&question(seen.to_pin.len()), WITHOUT_TERMINAL)? {
            print("nothing was pinned");
            return Ok(Ending::SomeFailed);
        }
        if !pin_all(&setting.known_hosts(), &seen.to_pin)? {
            ending = Ending::SomeFailed;
        }
        // What a host behind a jump host waits for may have been pinned just now. If not, that one is not asked again:
        // it may have refused the login.
        let (opened, closed): (Vec<&Behind>, Vec<&Behind>) =
            seen.behind.iter().partition(|behind| behind.waits_for(&seen.to_pin, setting));
        closed.iter().for_each(|behind| tell_behind(behind, place));
        if !closed.is_empty() {
            ending = Ending::SomeFailed;
        }
        if opened.is_empty() {
            return Ok(ending);
        }
        hosts.retain(|host| opened.iter().any(|behind| behind.host == host.name));
    }
}

/// What the hosts of one hop showed.
#[derive(Default)]
struct Seen {
    to_pin: Vec<Offer>,
    /// Hosts that could not be looked at because of their jump hosts.
    behind: Vec<Behind>,
    some_failed: bool,
}

impl Seen {
    fn offered(&mut self, offer: Offer, replace: bool) {
        match judge(&offer, replace) {
            Judgement::OnFile => {}
            Judgement::ToPin => self.to_pin.push(offer),
            Judgement::Refused => self.some_failed = true,
        }
    }
}

struct Behind {
    host: HostName,
    failure: Failure,
    /// The jump host, if its own key is not on file.
    unpinned: Option<HostName>,
}

impl Behind {
    /// Whether one of these is on the way to it.
    fn waits_for(&self, pinned: &[Offer], setting: &Setting) -> bool {
        let named = |name: &HostName| setting.config.hosts.iter().find(|host| host.name == *name);
        let before = |host: &&Host| host.jump.as_ref().and_then(named);
        let way = std::iter::successors(named(&self.host).as_ref().and_then(before), before);
        way.into_iter().any(|bastion| pinned.iter().any(|offer| offer.host == bastion.name))
    }
}

async fn look_at(setting: &Setting, hosts: &[&Host], replace: bool) -> Result<Seen> {
    let known = Arc::new(KnownHosts::read(&setting.known_hosts())?);
    let trust = Arc::new(setting.trust(known.clone()));
    let mut identities = Identities::default();
    // Hosts behind a jump host are seen through it, and it is logged in to as in a run.
    let mut ways = setting.ways(trust.clone(), &mut identities);
    let targets = hosts.iter().map(|host| (host.name.clone(), ways.target(host))).collect();
    let deadlines = setting.config.collector.deadlines;
    let mut seen = Seen::default();
    for (host, offer) in look(targets, &known, (deadlines.dial, deadlines.handshake)).await {
        match offer {
            Ok(offer) => seen.offered(offer, replace),
            Err(failure) => match bastion(setting, &failure) {
                Some(bastion) => {
                    let unpinned = (!trust.knows(&ways.target(bastion))).then(|| bastion.name.clone());
                    seen.behind.push(Behind { host, failure, unpinned });
                }
                None => {
                    print(&format!("{host}: {}: {failure}", failure.kind()));
                    seen.some_failed = true;
                }
            },
        }
    }
    Ok(seen)
}

/// The jump host that this is a failure of.
fn bastion<'a>(setting: &'a Setting, failure: &Failure) -> Option<&'a Host> {
    let Failure::Jump { bastion, .. } = failure else { return None };
    setting.config.hosts.iter().find(|host| host.name.as_str() == bastion)
}

fn tell_behind(Behind { host, failure, unpinned }: &Behind, place: &Place) {
    print(&format!("{host}: {}: {failure}", failure.kind()));
    if let Some(bastion) = unpinned {
        let first = format!("pin the key of {bastion} first: fleet-collector trust {bastion}");
        print(&format!("  hint: {}; then run this again", as_called(&first, place)));
    }
}

/// Returns whether the new keys are the only ones on file for their hosts.
fn pin_all(path: &Path, offers: &[Offer]) -> Result<bool> {
    let mut alone = true;
    for offer in offers {
        let others = pin(path, offer).map_err(|error| CommandError::could_not_run(&error))?;
        if !others.is_empty() {
            alone = false;
            let (host, others, path) = (&offer.host, others.join(" and "), path.display());
            print(&format!(
                "{host}: {others} stays trusted too: its line in {path} names other hosts; edit it by hand"
            ));
        }
    }
    print(&format!("{} host {} pinned in {}", offers.len(), keys(offers.len()), path.display()));
    Ok(alone)
}

enum Judgement {
    OnFile,
    ToPin,
    Refused,
}

fn judge(offer: &Offer, replace: bool) -> Judgement {
    let Offer { host, name, verdict, .. } = offer;
    let key = offer.key();
    match verdict {
        Verdict::Match if offer.pinned_in_config => {
            print(&format!("{host} ({name}): {key}, as config.xml has it"));
            Judgement::OnFile
        }
        Verdict::Changed(pinned) if offer.pinned_in_config => {
            print(&format!("{host} ({name}): {key}, NOT IN CONFIG.XML, which takes {}", pinned.join(" or ")));
            print(
                "  hint: if the host was reinstalled, mend its fingerprint in config.xml; if not, somebody may be listening",
            );
            Judgement::Refused
        }
        Verdict::Match => {
            print(&format!("{host} ({name}): {key}, already on file"));
            Judgement::OnFile
        }
        Verdict::Unknown => {
            print(&format!("{host} ({name}): {key}, new"));
            Judgement::ToPin
        }
        Verdict::Changed(known) => {
            print(&format!("{host} ({name}): {key}, CHANGED; on file is {}", known.join(" or ")));
            if replace {
                return Judgement::ToPin;
            }
            print("  hint: if the host was reinstalled, add --replace; if not, somebody may be listening");
            Judgement::Refused
        }
        Verdict::Revoked => {
            print(&format!("{host} ({name}): {key}, REVOKED; it is never pinned"));
            Judgement::Refused
        }
    }
}

const WITHOUT_TERMINAL: &str = "compare the fingerprints with the hosts' consoles, then add --yes";

fn question(count: usize) -> String {
    let how = "on a host's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";
    format!("{how}\nDo these fingerprints match what the hosts' consoles show? Pin {count} {}?", keys(count))
}

fn keys(count: usize) -> &'static str {
    if count == 1 { "key" } else { "keys" }
}

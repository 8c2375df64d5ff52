//! `fleet-collector trust`: see the keys that hosts offer, and pin them after a yes.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

use super::args::TrustArgs;
use super::error::{CommandError, Ending};
use super::report::print;
use crate::prepare::{Identities, Setting};
use crate::ssh::{KnownHosts, Offer, Verdict, look, pin};

pub(super) async fn trust(setting: &Setting, args: &TrustArgs) -> Result<Ending, CommandError> {
    let path = setting.known_hosts();
    let known = Arc::new(KnownHosts::read(&path)?);
    let mut identities = Identities::default();
    // Hosts behind a jump host are seen through it, and it is logged in to as in a run.
    let mut ways = setting.ways(Arc::new(setting.trust(known.clone())), &mut identities);
    let hosts = setting.selected()?.into_iter().map(|host| (host.name.clone(), ways.target(host))).collect();
    let deadlines = setting.config.collector.deadlines;
    let mut ending = Ending::Done;
    let mut to_pin = Vec::new();
    for (host, offer) in look(hosts, &known, (deadlines.dial, deadlines.handshake)).await {
        let offer = offer.map_err(|failure| print(&format!("{host}: {}: {failure}", failure.kind())));
        match offer.map(|offer| (judge(&offer, args.replace), offer)) {
            Ok((Judgement::OnFile, _)) => {}
            Ok((Judgement::ToPin, offer)) => to_pin.push(offer),
            Ok((Judgement::Refused, _)) | Err(()) => ending = Ending::SomeFailed,
        }
    }
    if to_pin.is_empty() {
        return Ok(ending);
    }
    if !args.yes && !confirmed(to_pin.len())? {
        print("nothing was pinned");
        return Ok(Ending::SomeFailed);
    }
    for offer in &to_pin {
        let others = pin(&path, offer).map_err(|error| CommandError::could_not_run(&error))?;
        if !others.is_empty() {
            ending = Ending::SomeFailed;
            let (host, others, path) = (&offer.host, others.join(" and "), path.display());
            print(&format!(
                "{host}: {others} stays trusted too: its line in {path} names other hosts; edit it by hand"
            ));
        }
    }
    print(&format!("{} host {} pinned in {}", to_pin.len(), keys(to_pin.len()), path.display()));
    Ok(ending)
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

fn confirmed(count: usize) -> Result<bool, CommandError> {
    if !io::stdin().is_terminal() {
        let hint = "compare the fingerprints with the hosts' consoles, then add --yes";
        return Err(CommandError::usage("nobody to ask: standard input is no terminal", Some(hint.to_owned())));
    }
    let stopped = |error: io::Error| CommandError::could_not_run(&error);
    print("on a host's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    let mut out = io::stdout();
    write!(out, "Do these fingerprints match what the hosts' consoles show? Pin {count} {}? [y/N] ", keys(count))
        .and_then(|()| out.flush())
        .map_err(stopped)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(stopped)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn keys(count: usize) -> &'static str {
    if count == 1 { "key" } else { "keys" }
}

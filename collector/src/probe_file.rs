//! The probe that is pushed: where it is found on the server, and whether it will run on a host with any libc.

use std::path::{Path, PathBuf};

use sample::Untrusted;
use sha2::{Digest, Sha256};

/// A probe for one machine type, held once for all hosts.
#[derive(Debug)]
pub struct Probe {
    /// The machine type, as `uname -m` says it.
    pub architecture: &'static str,
    /// The program.
    pub bytes: Vec<u8>,
    /// Its SHA-256 in hexadecimal: the name it has on hosts, so that a new version never meets an old one.
    pub sha256: String,
}

/// There is no usable probe.
#[derive(Debug, thiserror::Error)]
pub enum ProbeFileError {
    /// None of the places holds one.
    #[error("no fleet-probe for {architecture} found; looked at {}", looked.join(", "))]
    Missing {
        /// The machine type.
        architecture: &'static str,
        /// The places.
        looked: Vec<String>,
    },
    /// The file can't be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file would not run on the hosts.
    #[error("{path}: {found}; build the probe with: cargo xtask probe")]
    Unsuitable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
    },
}

/// Machine types a probe can be built for: `uname -m`, and ELF's number for it.
const ARCHITECTURES: [(&str, u16); 4] = [("x86_64", 62), ("aarch64", 183), ("armv7l", 40), ("riscv64", 243)];

/// Where probes are looked for, in this order.
#[derive(Debug, Clone)]
pub struct Places {
    /// `$FLEET_PROBE_DIR`: `ARCH/fleet-probe` in it.
    pub probe_dir: Option<PathBuf>,
    /// The folder of the running program: `probes/ARCH/fleet-probe` in it, then `../libexec/fleet-health/probes/…`,
    /// and for the server's own machine type `fleet-probe` beside it.
    pub program_dir: PathBuf,
}

impl Places {
    fn candidates(&self, architecture: &str) -> Vec<PathBuf> {
        let in_dir = |dir: &Path| dir.join(architecture).join("fleet-probe");
        let mut candidates: Vec<PathBuf> = self.probe_dir.iter().map(|dir| in_dir(dir)).collect();
        candidates.push(in_dir(&self.program_dir.join("probes")));
        candidates.push(in_dir(&self.program_dir.join("../libexec/fleet-health/probes")));
        if architecture == std::env::consts::ARCH {
            candidates.push(self.program_dir.join("fleet-probe"));
        }
        candidates
    }
}

/// All probes there are, read once for all hosts.
#[derive(Debug)]
pub struct Probes {
    /// The server's own machine type first, which most hosts share. Never empty.
    probes: Vec<Probe>,
}

impl Probes {
    /// Reads and checks every probe that is found. There has to be one for the server's own machine type.
    ///
    /// # Errors
    /// That one is missing, or one that is there can't be used.
    pub fn read(places: &Places) -> Result<Probes, ProbeFileError> {
        let own = std::env::consts::ARCH;
        let mut architectures = ARCHITECTURES.map(|(name, _)| name);
        architectures.sort_by_key(|name| *name != own);
        let mut probes = Vec::new();
        for architecture in architectures {
            match find(places, architecture) {
                Err(ProbeFileError::Missing { .. }) if !probes.is_empty() => {}
                found => probes.push(found?),
            }
        }
        Ok(Probes { probes })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Probe> {
        self.probes.iter()
    }

    /// The probe for a host whose last sample named this machine type; without one, for a host like the server.
    pub fn likely(&self, architecture: Option<&str>) -> &Probe {
        let named = self.probes.iter().find(|probe| Some(probe.architecture) == architecture);
        named.unwrap_or(&self.probes[0])
    }

    /// The probe for a host whose `uname -sm` says this.
    ///
    /// # Errors
    /// There is none; what the host is, and what there is.
    pub fn for_uname(&self, uname: &str) -> Result<&Probe, String> {
        let fits = |probe: &&Probe| uname.strip_prefix("Linux ") == Some(probe.architecture);
        self.probes.iter().find(fits).ok_or_else(|| {
            let there: Vec<&str> = self.probes.iter().map(|probe| probe.architecture).collect();
            format!("the host is {}; there are probes for Linux on {}", Untrusted(uname), there.join(", "))
        })
    }
}

fn find(places: &Places, architecture: &'static str) -> Result<Probe, ProbeFileError> {
    let candidates = places.candidates(architecture);
    let Some(path) = candidates.iter().find(|path| path.exists()) else {
        let looked = candidates.iter().map(|path| path.display().to_string()).collect();
        return Err(ProbeFileError::Missing { architecture, looked });
    };
    let bytes = std::fs::read(path).map_err(|source| ProbeFileError::Unreadable { path: path.clone(), source })?;
    check(&bytes, architecture).map_err(|found| ProbeFileError::Unsuitable { path: path.clone(), found })?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Probe { architecture, bytes, sha256 })
}

/// An ELF program for the machine type that asks for no interpreter, that is, for no dynamic linker of the host.
fn check(bytes: &[u8], architecture: &str) -> Result<(), String> {
    const PT_INTERP: u32 = 3;
    let elf = Elf { bytes };
    if bytes.get(..4) != Some(b"\x7fELF") || bytes.get(5) != Some(&1) {
        return Err("not a little-endian ELF program".into());
    }
    let is_64 = bytes.get(4) == Some(&2);
    let machine = elf.u16(18).ok_or("truncated")?;
    let expected = ARCHITECTURES.iter().find(|(name, _)| *name == architecture).map(|(_, machine)| *machine);
    if Some(machine) != expected {
        return Err(format!("built for ELF machine {machine}, not for {architecture}"));
    }
    // Elf64_Ehdr and Elf32_Ehdr: e_phoff, e_phentsize, e_phnum. Source: elf(5).
    let (offset, size, count) = match is_64 {
        true => (elf.u64(32), elf.u16(54), elf.u16(56)),
        false => (elf.u32(28).map(u64::from), elf.u16(42), elf.u16(44)),
    };
    let (offset, size, count) = offset.zip(size).zip(count).map(|((o, s), c)| (o, s, c)).ok_or("truncated")?;
    for index in 0..u64::from(count) {
        let at = index.checked_mul(u64::from(size)).and_then(|skipped| offset.checked_add(skipped));
        let at = at.and_then(|at| usize::try_from(at).ok()).ok_or("truncated")?;
        if elf.u32(at).ok_or("truncated")? == PT_INTERP {
            return Err("dynamically linked: it would need the right libc on every host".into());
        }
    }
    Ok(())
}

struct Elf<'a> {
    bytes: &'a [u8],
}

impl Elf<'_> {
    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(dir: &Path) -> Places {
        Places { probe_dir: None, program_dir: dir.to_owned() }
    }

    fn refused(bytes: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("fleet-probe"), bytes).unwrap();
        Probes::read(&places(dir.path())).unwrap_err().to_string()
    }

    #[test]
    fn a_dynamically_linked_probe_is_refused() {
        let this_test = std::fs::read("/proc/self/exe").unwrap();
        assert!(refused(&this_test).contains("dynamically linked"));
        assert!(refused(b"#!/bin/sh\n").contains("not a little-endian ELF program"));
        assert!(refused(&this_test[..40]).contains("truncated"));
    }

    #[test]
    fn a_missing_probe_is_told_with_the_places_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let error = Probes::read(&places(dir.path())).unwrap_err().to_string();
        assert!(error.contains("probes/x86_64/fleet-probe"), "{error}");
    }

    #[test]
    fn a_host_gets_the_probe_for_its_machine_or_a_word_about_what_there_is() {
        let probe = |architecture| Probe { architecture, bytes: Vec::new(), sha256: String::new() };
        let probes = Probes { probes: vec![probe("x86_64"), probe("aarch64")] };
        assert_eq!(probes.likely(Some("aarch64")).architecture, "aarch64");
        assert_eq!(probes.likely(Some("../evil")).architecture, "x86_64");
        assert_eq!(probes.likely(None).architecture, "x86_64");
        assert_eq!(probes.for_uname("Linux aarch64").unwrap().architecture, "aarch64");
        for uname in ["Linux sparc64", "FreeBSD x86_64", "\u{1b}[2J"] {
            let found = probes.for_uname(uname).unwrap_err();
            assert!(found.contains("x86_64, aarch64") && !found.contains('\u{1b}'), "{found}");
        }
    }
}

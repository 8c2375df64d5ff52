//! The probe that is pushed: where it is found on the server, and whether it will run on a host with any libc.

use std::path::{Path, PathBuf};

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

/// The probe for the server's own machine type, which most hosts share.
///
/// # Errors
/// None is found, or the one found can't be used.
pub fn find_own(places: &Places) -> Result<Probe, ProbeFileError> {
    let own = ARCHITECTURES.iter().find(|(name, _)| *name == std::env::consts::ARCH);
    find(places, own.map_or("unknown", |(name, _)| name))
}

/// The probe for `architecture`, if there is one for it.
///
/// # Errors
/// None is found, or the one found can't be used.
pub fn find(places: &Places, architecture: &'static str) -> Result<Probe, ProbeFileError> {
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

/// The machine type a host's `uname -sm` names, if probes can be built for it.
pub fn architecture(uname: &str) -> Option<&'static str> {
    let machine = uname.strip_prefix("Linux ")?;
    ARCHITECTURES.iter().map(|(name, _)| *name).find(|name| *name == machine)
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
        let at = usize::try_from(offset + index * u64::from(size)).or(Err("truncated"))?;
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
        find_own(&places(dir.path())).unwrap_err().to_string()
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
        let error = find_own(&places(dir.path())).unwrap_err().to_string();
        assert!(error.contains("probes/x86_64/fleet-probe"), "{error}");
    }

    #[test]
    fn only_linux_on_known_machines_has_a_probe() {
        assert_eq!(architecture("Linux x86_64"), Some("x86_64"));
        assert_eq!(architecture("Linux sparc64"), None);
        assert_eq!(architecture("FreeBSD x86_64"), None);
    }
}

//! What the kernel counts since boot. One reading says little; two of the same boot say what happened in between.
//!
//! The probe sends counters as it read them. The server keeps those of each host's newest sample, and makes
//! [`crate::Rates`] from them and the next one's.

use serde::{Deserialize, Serialize};

use crate::range::{OutOfRange, count, most, name, within};
use crate::readings::most as limit;

/// The counters of one sample. What could not be read is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counters {
    /// CPU time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuCounters>,
    /// Pressure stall information.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressure: Option<PressureCounters>,
    /// Bytes read back from swap (`pswpin` of /proc/vmstat, in pages there).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_in_bytes: Option<u64>,
    /// Bytes written to swap (`pswpout`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swap_out_bytes: Option<u64>,
    /// Processes killed for want of memory (`oom_kill` of /proc/vmstat, Linux 4.13 and later).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_kills: Option<u64>,
    /// Connections dropped since the program that listens took them too slowly (`ListenDrops` of /proc/net/netstat).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen_drops: Option<u64>,
    /// Block devices, whole ones without their partitions; absent when the list could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disks: Option<Vec<DiskCounters>>,
    /// Network interfaces that lead out of the host; absent when the list could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Vec<InterfaceCounters>>,
}

/// CPU time in ticks of 10 ms, all CPUs together. Source: proc_stat(5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuCounters {
    /// In programs. Time of guests is already in it.
    pub user: u64,
    /// In niced programs. Time of niced guests is already in it.
    pub nice: u64,
    /// In the kernel.
    pub system: u64,
    /// In none. May step back a little.
    pub idle: u64,
    /// In none while input or output was outstanding. May step back a little.
    pub iowait: u64,
    /// In interrupts.
    pub irq: u64,
    /// In deferred interrupts.
    pub softirq: u64,
    /// Taken by the hypervisor for others.
    pub steal: u64,
    /// Each CPU that is online.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cores: Vec<CoreCounters>,
}

/// The time of one CPU, in ticks. Travels as `[number, busy, idle]`: there may be hundreds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u64, u64)", into = "(u32, u64, u64)")]
pub struct CoreCounters {
    /// Its number.
    pub number: u32,
    /// Everything but idle and iowait.
    pub busy: u64,
    /// Idle and iowait.
    pub idle: u64,
}

/// How long tasks waited, in microseconds: `total` of /proc/pressure (Linux 4.20 and later).
/// Source: the kernel's Documentation/accounting/psi.rst.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PressureCounters {
    /// At least one task waited for a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_some_us: Option<u64>,
    /// At least one task waited for memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_some_us: Option<u64>,
    /// All tasks that were not idle waited for memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_full_us: Option<u64>,
    /// At least one task waited for input or output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_some_us: Option<u64>,
    /// All tasks that were not idle waited for input or output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io_full_us: Option<u64>,
}

/// A block device. Source: the kernel's Documentation/admin-guide/iostats.rst.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskCounters {
    /// Its name, such as `nvme0n1` or `dm-0`.
    pub name: String,
    /// Reads completed.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Milliseconds that reads took, all together. Wraps at 2^32 on many kernels.
    pub read_ms: u64,
    /// Writes completed.
    pub writes: u64,
    /// Bytes written.
    pub written_bytes: u64,
    /// Milliseconds that writes took, all together. Wraps like `read_ms`.
    pub write_ms: u64,
    /// Milliseconds in which anything was under way (`io_ticks`). Wraps like `read_ms`.
    pub busy_ms: u64,
    /// The same, times what was under way. Wraps like `read_ms`.
    pub weighted_ms: u64,
}

/// A network interface. Source: sysfs-class-net-statistics of the kernel's Documentation/ABI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceCounters {
    /// Its name, such as `eth0`.
    pub name: String,
    /// The kernel's number of it: another one means another interface of the same name.
    pub index: u32,
    /// Whether it has a carrier; absent where the kernel does not say (`operstate` `unknown`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub up: Option<bool>,
    /// The speed of the link, in bits per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link_bits_per_second: Option<u64>,
    /// Bytes received.
    pub received_bytes: u64,
    /// Packets received.
    pub received_packets: u64,
    /// Packets received with an error.
    pub received_errors: u64,
    /// Packets received and dropped.
    pub received_dropped: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Packets not sent because of an error.
    pub sent_errors: u64,
    /// Packets dropped before they were sent.
    pub sent_dropped: u64,
}

impl From<(u32, u64, u64)> for CoreCounters {
    fn from((number, busy, idle): (u32, u64, u64)) -> CoreCounters {
        CoreCounters { number, busy, idle }
    }
}

impl From<CoreCounters> for (u32, u64, u64) {
    fn from(core: CoreCounters) -> (u32, u64, u64) {
        (core.number, core.busy, core.idle)
    }
}

impl Counters {
    pub(crate) fn check(&self) -> Result<(), OutOfRange> {
        let cores = self.cpu.as_ref().map_or(0, |cpu| cpu.cores.len());
        within(cores <= limit::CPUS, "the number of CPUs")?;
        most(self.disks.as_deref(), limit::DEVICES, |disk| name(&disk.name), "disks")?;
        most(self.interfaces.as_deref(), limit::DEVICES, InterfaceCounters::check, "interfaces")
    }
}

impl InterfaceCounters {
    fn check(&self) -> Result<(), OutOfRange> {
        name(&self.name)?;
        count(self.link_bits_per_second, "the speed of a link")
    }
}

//! What block devices did since boot: `/proc/diskstats`. Source: the kernel's Documentation/admin-guide/iostats.rst.
//!
//! Whole devices. Those made of others (`dm-*`, `md*`, NVMe's multipath) are told beside them: they are another layer
//! with waits of its own, so the bytes of all devices don't add up to what the host did. Devices that never did
//! anything are left out, of which a kernel may make hundreds (`nbd`, `loop`).

use sample::{DiskCounters, most};

use super::Tree;

/// Sectors here have 512 bytes, whatever those of the device have.
const SECTOR_BYTES: u64 = 512;
/// Longest name of a device, in bytes; the kernel has 32.
const LONGEST_NAME: usize = 255;
/// Memory, images, floppies and CDs.
const LEFT_OUT: &[&str] = &["ram", "zram", "loop", "fd", "sr", "scd"];

pub(super) fn read(tree: &Tree) -> Option<Vec<DiskCounters>> {
    let rows = parse(&tree.text("proc/diskstats")?);
    Some(busiest(rows.into_iter().filter(|disk| is_whole(tree, &disk.name)).collect()))
}

/// The devices that did anything. Lines that are none are left out.
fn parse(diskstats: &str) -> Vec<DiskCounters> {
    diskstats.lines().filter_map(row).collect()
}

/// Linux 2.6.25 has eleven counters after the name, 4.18 fifteen and 5.5 seventeen.
fn row(line: &str) -> Option<DiskCounters> {
    let mut words = line.split_ascii_whitespace().skip(2);
    let name = words.next().filter(|name| name.len() <= LONGEST_NAME)?;
    let counters: Vec<u64> = words.take(11).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [reads, _merged, read, read_ms, writes, _also_merged, written, write_ms, _under_way, busy_ms, weighted_ms] =
        counters.try_into().ok()?;
    let disk = DiskCounters {
        name: name.to_owned(),
        reads,
        read_bytes: bytes(read)?,
        read_ms,
        writes,
        written_bytes: bytes(written)?,
        write_ms,
        busy_ms,
        weighted_ms,
    };
    (reads > 0 || writes > 0 || busy_ms > 0).then_some(disk)
}

fn bytes(sectors: u64) -> Option<u64> {
    sectors.checked_mul(SECTOR_BYTES)
}

/// Whether it is a device of its own, not a partition, and a disk.
fn is_whole(tree: &Tree, name: &str) -> bool {
    let (letters, number) = name.split_at(name.trim_end_matches(|c: char| c.is_ascii_digit()).len());
    if LEFT_OUT.contains(&letters) && !number.is_empty() {
        return false;
    }
    // sysfs writes the slash in `cciss/c0d0` as an exclamation mark.
    let folder = tree.path("sys/class/block").join(name.replace('/', "!"));
    if folder.is_dir() {
        return !folder.join("partition").exists();
    }
    !is_named_like_a_partition(letters, number)
}

/// `sda1`, `nvme0n1p1`, `mmcblk0p1`: where sysfs is not there to ask.
fn is_named_like_a_partition(letters: &str, number: &str) -> bool {
    let by_letter = ["hd", "sd", "vd", "xvd"].iter().any(|prefix| {
        letters
            .strip_prefix(prefix)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase()))
    });
    let by_p = letters.strip_suffix('p').is_some_and(|disk| disk.ends_with(|c: char| c.is_ascii_digit()));
    !number.is_empty() && (by_letter || by_p)
}

/// If there are more than a sample holds, those that moved most.
fn busiest(mut disks: Vec<DiskCounters>) -> Vec<DiskCounters> {
    if disks.len() > most::DEVICES {
        disks.sort_by_key(|disk| std::cmp::Reverse(disk.read_bytes.saturating_add(disk.written_bytes)));
        disks.truncate(most::DEVICES);
    }
    disks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: &str) -> Option<Vec<String>> {
        Some(read(&Tree::of(host))?.into_iter().map(|disk| disk.name).collect())
    }

    #[test]
    fn each_column_has_its_place_and_a_sector_has_512_bytes() {
        let expected = DiskCounters {
            name: "vda".into(),
            reads: 3_098_840,
            read_bytes: 129_462_162 * 512,
            read_ms: 11_156_335,
            writes: 1_472_810,
            written_bytes: 529_797_728 * 512,
            write_ms: 3_000_213,
            busy_ms: 545_176,
            weighted_ms: 14_346_202,
        };
        assert_eq!(read(&Tree::of("small-vm")).unwrap()[0], expected);
    }

    #[test]
    fn whole_devices_are_told_and_partitions_images_and_idle_ones_are_not() {
        assert_eq!(names("small-vm").unwrap(), ["vda", "vdb", "dm-0", "sdc"]);
        // sysfs is there and says of the odd names which are partitions; one old array has a slash in its name.
        assert_eq!(names("server-128").unwrap(), ["nvme0n1", "nvme1n1", "md127", "cciss/c0d0", "sdaa"]);
    }

    #[test]
    fn an_old_kernels_eleven_counters_are_enough_and_a_host_without_the_list_has_none() {
        assert_eq!(names("linux-3.10").unwrap(), ["sda", "dm-0", "dm-1"]);
        assert_eq!(names("none"), None);
    }

    #[test]
    fn damaged_rows_are_left_out_and_no_more_are_told_than_a_sample_holds() {
        assert_eq!(names("hostile").unwrap(), ["vdb", "\u{1b}[2J", "zz"]);
        let many: String = (0..600).map(|n| format!("8 {n} disk-x{n}-y {n} 0 {n} 0 1 0 0 0 0 1 1\n")).collect();
        let kept = busiest(parse(&many));
        assert_eq!((kept.len(), kept.last().map(|disk| disk.reads)), (512, Some(600 - 512)));
    }

    #[test]
    fn partitions_are_known_by_their_names_where_sysfs_is_not_there() {
        let whole = |name: &str| is_whole(&Tree::of("none"), name);
        for name in ["sda", "sdaa", "xvda", "hdb", "vdz", "nvme0n1", "nvme0c1n1", "mmcblk0", "md0", "dm-1", "nbd3"] {
            assert!(whole(name), "{name}");
        }
        for name in ["sda1", "sdaa12", "xvda1", "hdb3", "vdz1", "nvme0n1p2", "mmcblk0p1", "md0p1", "nbd3p1"] {
            assert!(!whole(name), "{name}");
        }
        for name in ["ram0", "zram1", "loop12", "fd0", "sr0", "loop0p1"] {
            assert!(!whole(name), "{name}");
        }
    }
}

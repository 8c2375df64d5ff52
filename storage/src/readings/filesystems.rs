//! Filesystems, and mounts that hang.

use rusqlite::{Connection, params};
use sample::{Filesystem, StuckMount, Timestamp};

use super::columns::{Columns, whole};
use crate::SampleRowId;
use crate::error::Failure;
use crate::row::count;

/// A mount point may be there twice, where one filesystem is mounted over another: the first stays.
pub(super) fn write(db: &Connection, sample: SampleRowId, filesystems: &[Filesystem]) -> Result<(), Failure> {
    for filesystem in filesystems {
        let mut insert = db.prepare_cached(
            "INSERT INTO filesystem (sample_id, mount, fs_type, source, pool, used_percent, used_bytes, avail_bytes,
                                     reserved_bytes, size_bytes, inodes, inodes_free, inodes_used_percent, read_only,
                                     unexpectedly_read_only)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
             ON CONFLICT (sample_id, mount) DO NOTHING",
        )?;
        insert.execute(params![
            sample,
            filesystem.mount,
            filesystem.fs_type,
            filesystem.source,
            filesystem.pool,
            filesystem.used_percent(),
            count(filesystem.used_bytes, "a filesystem")?,
            count(filesystem.avail_bytes, "a filesystem")?,
            count(filesystem.reserved_bytes(), "a filesystem")?,
            count(filesystem.size_bytes, "a filesystem")?,
            whole(filesystem.inodes, "a number of inodes")?,
            whole(filesystem.inodes_free, "a number of inodes")?,
            filesystem.inodes_used_percent(),
            filesystem.read_only,
            filesystem.unexpectedly_read_only,
        ])?;
    }
    Ok(())
}

pub(super) const SELECT: &str = "
    SELECT wanted.key, mount, fs_type, source, pool, size_bytes, used_bytes, avail_bytes, inodes, inodes_free, read_only,
           unexpectedly_read_only
    FROM json_each(?1) AS wanted CROSS JOIN filesystem ON sample_id = wanted.value";

pub(super) fn read(row: &mut Columns<'_, '_>) -> rusqlite::Result<Filesystem> {
    Ok(Filesystem {
        mount: row.get()?,
        fs_type: row.get()?,
        source: row.get()?,
        pool: row.get()?,
        size_bytes: row.known_count()?,
        used_bytes: row.known_count()?,
        avail_bytes: row.known_count()?,
        inodes: row.count()?,
        inodes_free: row.count()?,
        read_only: row.get()?,
        unexpectedly_read_only: row.get()?,
    })
}

pub(super) fn write_stuck(db: &Connection, sample: SampleRowId, mounts: &[StuckMount]) -> Result<(), Failure> {
    for StuckMount { mount, fs_type, since_ms } in mounts {
        let mut insert = db.prepare_cached(
            "INSERT INTO stuck_mount (sample_id, mount, fs_type, since_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (sample_id, mount) DO NOTHING",
        )?;
        insert.execute(params![sample, mount, fs_type, since_ms.map(Timestamp::as_millis)])?;
    }
    Ok(())
}

pub(super) const SELECT_STUCK: &str = "
    SELECT wanted.key, mount, fs_type, since_ms
    FROM json_each(?1) AS wanted CROSS JOIN stuck_mount ON sample_id = wanted.value";

pub(super) fn read_stuck(row: &mut Columns<'_, '_>) -> rusqlite::Result<StuckMount> {
    let (mount, fs_type, since_ms): (_, _, Option<i64>) = (row.get()?, row.get()?, row.get()?);
    Ok(StuckMount { mount, fs_type, since_ms: since_ms.map(Timestamp::from_millis) })
}

//! What a visit brought home, with its texts made safe to look at.
//!
//! People read the database with `sqlite3`, which hands text to their terminal as it is. So what hosts chose is
//! escaped here, before anything of it is written or compared.

use std::borrow::Cow;

use sample::{Check, Counters, Facts, Filesystem, LogLine, Readings, Sample};

use crate::Visit;

/// The visit with every text that a host chose as [`sample::plain`] makes it.
pub(crate) fn plain(visit: &Visit) -> Visit {
    let mut visit = visit.clone();
    visit.outcome.detail.iter_mut().for_each(escape);
    if let Some((facts, probe_version)) = &mut visit.facts {
        escape(probe_version);
        escape_facts(facts);
    }
    visit.samples.iter_mut().for_each(|received| escape_sample(&mut received.sample));
    visit
}

fn escape(text: &mut String) {
    if let Cow::Owned(plain) = sample::plain(text) {
        *text = plain;
    }
}

fn escape_sample(sample: &mut Sample) {
    escape_facts(&mut sample.facts);
    sample.boot.iter_mut().for_each(|boot| escape(&mut boot.id));
    // The names in the rates come from here.
    let Counters { disks, interfaces, .. } = &mut sample.counters;
    disks.iter_mut().flatten().for_each(|disk| escape(&mut disk.name));
    interfaces.iter_mut().flatten().for_each(|interface| escape(&mut interface.name));
    escape_lists(&mut sample.readings);
    escape_watched(&mut sample.readings);
}

fn escape_facts(facts: &mut Facts) {
    let Facts { hostname, os, kernel, architecture, cpu_model, virtualization } = facts;
    [hostname, os, kernel, architecture, cpu_model, virtualization].into_iter().flatten().for_each(escape);
}

fn escape_lists(readings: &mut Readings) {
    readings.container.iter_mut().for_each(|container| escape(&mut container.kind));
    for Filesystem { mount, fs_type, source, pool, .. } in readings.filesystems.iter_mut().flatten() {
        [Some(mount), Some(fs_type), source.as_mut(), pool.as_mut()].into_iter().flatten().for_each(escape);
    }
    for stuck in readings.stuck_mounts.iter_mut().flatten() {
        [&mut stuck.mount, &mut stuck.fs_type].into_iter().for_each(escape);
    }
    readings.temperatures.iter_mut().flatten().for_each(|temperature| escape(&mut temperature.sensor));
    readings.fans.iter_mut().flatten().for_each(|fan| escape(&mut fan.sensor));
    for process in readings.processes.iter_mut().flat_map(|processes| &mut processes.top) {
        [Some(&mut process.name), process.arguments.as_mut()].into_iter().flatten().for_each(escape);
    }
    readings.reboot_required.iter_mut().filter_map(|reboot| reboot.reason.as_mut()).for_each(escape);
    for array in readings.arrays.iter_mut().flatten() {
        [&mut array.name, &mut array.kind, &mut array.state].into_iter().for_each(escape);
    }
    for LogLine { source, message, .. } in readings.log.iter_mut().flat_map(|log| &mut log.lines) {
        source.iter_mut().chain([message]).for_each(escape);
    }
    for listener in readings.listeners.iter_mut().flatten() {
        [&mut listener.protocol, &mut listener.address].into_iter().for_each(escape);
    }
}

fn escape_watched(readings: &mut Readings) {
    readings.wanted_processes.iter_mut().flatten().for_each(|process| escape(&mut process.name));
    for unit in readings.units.iter_mut().flatten() {
        [&mut unit.name, &mut unit.load_state, &mut unit.active_state].into_iter().for_each(escape);
    }
    for Check { name, output, values, .. } in readings.checks.iter_mut().flatten() {
        [name, output].into_iter().for_each(escape);
        for value in values {
            [&mut value.label, &mut value.unit].into_iter().for_each(escape);
            [&mut value.warning, &mut value.critical].into_iter().flatten().for_each(escape);
        }
    }
}

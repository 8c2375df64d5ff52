use std::fs;
use std::path::Path;

use super::*;

fn temperatures(list: Option<Vec<Temperature>>) -> Vec<(String, f64, Option<f64>)> {
    list.unwrap().into_iter().map(|t| (t.sensor, t.celsius, t.critical_celsius)).collect()
}

fn warm(sensor: &str, celsius: f64, critical: Option<f64>) -> (String, f64, Option<f64>) {
    (sensor.to_owned(), celsius, critical)
}

fn turning(sensor: &str, rpm: u64) -> Fan {
    Fan { sensor: sensor.to_owned(), rpm }
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join("sys/class").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn sensors_have_names_that_tell_equal_chips_apart_and_faulty_ones_are_left_out() {
    let (list, fans) = read(&Tree::of("server-128"));
    assert_eq!(
        temperatures(list),
        [
            warm("coretemp.0 Package id 0", 54.0, Some(101.0)),
            warm("coretemp.0 Core 0", 50.5, Some(101.0)),
            warm("coretemp.1 Package id 1", 61.0, Some(101.0)),
            warm("nvme1 Composite", 38.85, Some(84.85)),
            warm("nvme1 Sensor 1", 41.85, None),
            warm("nvme0 Composite", 36.85, Some(84.85)),
            warm("nct6779 SYSTIN", 33.0, None),
            warm("drivetemp temp1", 29.0, Some(60.0)),
        ]
    );
    let expected = [turning("nct6779 fan1", 0), turning("nct6779 fan2", 1268), turning("nct6779 Rear", 5400)];
    assert_eq!(fans.unwrap(), expected);
}

#[test]
fn sensors_of_an_old_kernel_are_found_with_their_device() {
    let (list, fans) = read(&Tree::of("linux-3.10"));
    assert_eq!(temperatures(list), [warm("coretemp Physical id 0", 45.0, Some(100.0))]);
    assert_eq!(fans, Some(Vec::new()));
}

#[test]
fn a_machine_without_sensors_has_an_empty_list_and_one_without_sys_none() {
    assert_eq!(read(&Tree::of("small-vm")), (Some(Vec::new()), Some(Vec::new())));
    assert_eq!(read(&Tree::of("none")), (None, None));
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("sys/class/hwmon")).unwrap();
    assert_eq!(read(&Tree::at(root.path())), (Some(Vec::new()), Some(Vec::new())));
}

#[test]
fn what_no_sensor_can_mean_is_left_out_and_names_are_one_line_and_unique() {
    let (list, fans) = read(&Tree::of("hostile"));
    assert_eq!(
        temperatures(list),
        [
            warm("passwd temp1", 42.0, None),
            warm("evil[31mname ab", 300.0, None),
            warm("evil[31mname ab #2", -100.0, None),
        ]
    );
    assert_eq!(fans, None, "there are fans, and none can be read");
}

#[test]
fn sensors_that_all_fail_are_not_a_machine_without_sensors() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("hwmon/hwmon0/name", "amdgpu\n"), ("hwmon/hwmon0/temp1_input", "")]);
    assert_eq!(read(&Tree::at(root.path())), (None, Some(Vec::new())));
}

#[test]
fn boards_without_hwmon_have_their_thermal_zones() {
    let root = tempfile::tempdir().unwrap();
    write(
        root.path(),
        &[
            ("thermal/thermal_zone0/type", "cpu-thermal\n"),
            ("thermal/thermal_zone0/temp", "48312\n"),
            ("thermal/thermal_zone0/trip_point_0_type", "passive\n"),
            ("thermal/thermal_zone0/trip_point_0_temp", "75000\n"),
            ("thermal/thermal_zone0/trip_point_1_type", "critical\n"),
            ("thermal/thermal_zone0/trip_point_1_temp", "90000\n"),
            ("thermal/thermal_zone10/type", "gpu-thermal\n"),
            ("thermal/thermal_zone10/temp", "46000\n"),
            ("thermal/thermal_zone2/type", "gpu-thermal\n"),
            ("thermal/thermal_zone2/temp", "47000\n"),
            ("thermal/thermal_zone3/type", "off\n"),
            ("thermal/cooling_device0/type", "Processor\n"),
        ],
    );
    let tree = Tree::at(root.path());
    let expected =
        [warm("cpu-thermal", 48.312, Some(90.0)), warm("gpu-thermal", 47.0, None), warm("gpu-thermal #2", 46.0, None)];
    assert_eq!(temperatures(read(&tree).0), expected);
    write(root.path(), &[("hwmon/hwmon0/name", "cpu_thermal"), ("hwmon/hwmon0/temp1_input", "48312")]);
    assert_eq!(temperatures(read(&tree).0), [warm("cpu_thermal temp1", 48.312, None)], "each is told once");
}

#[test]
fn a_chip_that_hangs_keeps_back_neither_the_others_nor_the_probe() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("hwmon/hwmon0/name", "drivetemp\n"), ("hwmon/hwmon1/name", "k10temp\n")]);
    // Opening a pipe that nobody writes to waits, like a disk that does not answer.
    let pipe = root.path().join("sys/class/hwmon/hwmon0/temp1_input");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    write(root.path(), &[("hwmon/hwmon1/temp1_input", "51125\n"), ("hwmon/hwmon1/temp1_label", "Tctl\n")]);
    let begun = Instant::now();
    let (list, _) = read(&Tree::at(root.path()));
    assert_eq!(temperatures(list), [warm("k10temp Tctl", 51.125, None)]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Lets the thread end.
    fs::write(&pipe, "1000\n").unwrap();
}

#[test]
fn of_more_sensors_than_a_sample_may_have_the_hottest_are_told() {
    let root = tempfile::tempdir().unwrap();
    for number in 1..=most::SENSORS + 44 {
        let celsius = format!("{}\n", 20_000 + number * 100);
        write(root.path(), &[(&format!("hwmon/hwmon0/temp{number}_input"), &celsius)]);
    }
    let list = temperatures(read(&Tree::at(root.path())).0);
    assert_eq!((list.len(), &list[0]), (256, &warm("hwmon0 temp45", 24.5, None)));
    assert_eq!(list[255], warm("hwmon0 temp300", 50.0, None));
}

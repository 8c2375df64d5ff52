//! What the host runs in, as systemd-detect-virt(1) names it and in its order: the makers of virtual machines that
//! hide behind KVM by their DMI names, then what the CPU says of its hypervisor, then the other DMI names.

use sample::Container;

use super::Tree;

/// How a text of DMI begins, and whose it is.
const DMI: &[(&str, &str)] = &[
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "oracle"),
    ("VirtualBox", "oracle"),
    ("Oracle Corporation", "oracle"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Google Compute Engine", "google"),
];
/// The product comes before its maker: QEMU makes machines that KVM runs.
const DMI_FILES: &[&str] = &["product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"];
/// Those that hold whatever the CPU says.
const SURE: &[&str] = &["oracle", "xen", "amazon", "parallels", "google"];

/// What a hypervisor calls itself, and its name.
const SIGNATURES: &[(&str, &str)] = &[
    ("XenVMMXenVMM", "xen"),
    ("KVMKVMKVM", "kvm"),
    ("Linux KVM Hv", "kvm"),
    ("TCGTCGTCGTCG", "qemu"),
    ("VMwareVMware", "vmware"),
    ("bhyve bhyve ", "bhyve"),
    ("QNXQVMBSQG", "qnx"),
    ("ACRNACRNACRN", "acrn"),
    ("SRESRESRESRE", "sre"),
    ("Apple VZ", "apple"),
];
/// KVM may say this too, to please Windows: so it counts last.
const HYPER_V: &str = "Microsoft Hv";

/// Absent where it can't be told: `none` only of x86, whose CPUs say it.
pub(super) fn read(tree: &Tree, container: Option<&Container>) -> Option<String> {
    let kind = container.map(|container| container.kind.clone());
    kind.or_else(|| name(tree, signature().as_deref()).map(str::to_owned))
}

fn name(tree: &Tree, signature: Option<&str>) -> Option<&'static str> {
    let dmi = dmi(tree);
    if let Some(sure) = dmi.filter(|name| SURE.contains(name)) {
        return Some(sure);
    }
    let cpuinfo = tree.text("proc/cpuinfo").unwrap_or_default();
    if value(&cpuinfo, "vendor_id").is_some_and(|vendor| vendor.starts_with("User Mode Linux")) {
        return Some("uml");
    }
    let is_first_domain = is_first_domain(tree);
    if tree.path("proc/xen").exists() && !is_first_domain {
        return Some("xen");
    }
    let by_cpu = signature.and_then(|signature| of_table(SIGNATURES, |known| signature == known));
    let other = || if is_first_domain { None } else { dmi.or_else(|| hypervisor(tree)).or_else(|| device_tree(tree)) };
    by_cpu.or_else(other).or_else(|| {
        let flags = value(&cpuinfo, "flags");
        let says_so = flags.map(|flags| flags.split(' ').any(|flag| flag == "hypervisor"));
        match (signature, says_so) {
            (Some(HYPER_V), _) => Some("microsoft"),
            (Some(_), _) | (None, Some(true)) => Some("vm-other"),
            (None, Some(false)) => Some("none"),
            (None, None) => None,
        }
    })
}

fn of_table(table: &[(&str, &'static str)], mut fits: impl FnMut(&str) -> bool) -> Option<&'static str> {
    table.iter().find(|(known, _)| fits(known)).map(|(_, name)| *name)
}

fn dmi(tree: &Tree) -> Option<&'static str> {
    let texts = DMI_FILES.iter().filter_map(|file| tree.text(format!("sys/class/dmi/id/{file}")));
    let texts: Vec<String> = texts.collect();
    let found = texts.iter().find_map(|text| of_table(DMI, |known| text.starts_with(known)));
    // Amazon's own hardware has the same maker, and a product such as `m5.metal` or `u-6tb1.metal-48xl`.
    let is_metal = texts.iter().any(|text| text.trim().split_once(".metal").is_some_and(|(_, rest)| is_end(rest)));
    found.filter(|name| *name != "amazon" || !is_metal)
}

fn is_end(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('-')
}

/// The first line of `/proc/cpuinfo` with that name.
fn value<'a>(cpuinfo: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(name, _)| name.trim() == key).map(|(_, value)| value.trim())
}

/// Whether this is the system that Xen's others are managed from: it has the hardware for itself.
fn is_first_domain(tree: &Tree) -> bool {
    const FEATURE: u64 = 1 << 11;
    let features = tree.text("sys/hypervisor/properties/features");
    match features.and_then(|features| u64::from_str_radix(features.trim(), 16).ok()) {
        Some(features) => features & FEATURE != 0,
        None => tree.text("proc/xen/capabilities").is_some_and(|all| all.split(',').any(|at| at.trim() == "control_d")),
    }
}

fn hypervisor(tree: &Tree) -> Option<&'static str> {
    let kind = tree.text("sys/hypervisor/type")?;
    Some(if kind.trim() == "xen" { "xen" } else { "vm-other" })
}

/// What ARM, POWER and RISC-V have in place of DMI.
fn device_tree(tree: &Tree) -> Option<&'static str> {
    if let Some(compatible) = tree.text("proc/device-tree/hypervisor/compatible") {
        let compatible = compatible.split('\0').next().unwrap_or_default().trim();
        return Some(match compatible {
            "linux,kvm" => "kvm",
            xen if xen.contains("xen") => "xen",
            vmware if vmware.contains("vmware") => "vmware",
            _ => "vm-other",
        });
    }
    let has = |entry: &str| tree.path("proc/device-tree").join(entry).exists();
    if has("ibm,partition-name") && has("hmc-managed?") && !has("chosen/qemu,graphic-width") {
        return Some("powervm");
    }
    let is_qemu = tree.names("proc/device-tree")?.iter().any(|entry| entry.contains("fw-cfg"));
    is_qemu.then_some("qemu")
}

/// What the hypervisor calls itself, where the CPU says that there is one.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn signature() -> Option<String> {
    #[cfg(target_arch = "x86")]
    use std::arch::x86::__cpuid;
    #[cfg(target_arch = "x86_64")]
    use std::arch::x86_64::__cpuid;

    const IS_GUEST: u32 = 1 << 31;
    const HYPERVISOR: u32 = 0x4000_0000;
    if __cpuid(1).ecx & IS_GUEST == 0 {
        return None;
    }
    let answer = __cpuid(HYPERVISOR);
    let bytes = [answer.ebx, answer.ecx, answer.edx].map(u32::to_le_bytes).concat();
    Some(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn signature() -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn with(files: &[(&str, &str)], signature: Option<&str>) -> Option<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        name(&Tree::at(folder.path()), signature)
    }

    const PRODUCT: &str = "sys/class/dmi/id/product_name";
    const VENDOR: &str = "sys/class/dmi/id/sys_vendor";
    const CPUINFO: &str = "proc/cpuinfo";

    #[test]
    fn this_machine_is_what_systemd_says_it_is() {
        let said = Command::new("systemd-detect-virt").arg("--vm").output().expect("apt-get install systemd");
        let said = String::from_utf8(said.stdout).unwrap();
        assert_eq!(name(&Tree::live(), signature().as_deref()), Some(said.trim()));
    }

    #[test]
    fn the_hosts_of_the_tests_are_told_apart_and_a_container_comes_before_its_machine() {
        assert_eq!(name(&Tree::of("server-128"), None), Some("none"));
        assert_eq!(name(&Tree::of("small-vm"), Some("KVMKVMKVM")), Some("kvm"));
        assert_eq!(name(&Tree::of("small-vm"), None), Some("qemu"), "a CPU that says nothing leaves DMI");
        assert_eq!(name(&Tree::of("linux-3.10"), None), Some("vmware"));
        assert_eq!((name(&Tree::of("none"), None), name(&Tree::of("hostile"), None)), (None, None));
        let docker = Container { kind: "docker".into(), ..Container::default() };
        assert_eq!(read(&Tree::of("small-vm"), Some(&docker)).as_deref(), Some("docker"));
    }

    #[test]
    fn makers_that_run_on_kvm_are_told_by_their_own_name_and_bare_metal_of_amazon_is_none() {
        let kvm = Some("KVMKVMKVM");
        assert_eq!(with(&[(PRODUCT, "m5.large\n"), (VENDOR, "Amazon EC2\n")], kvm), Some("amazon"));
        assert_eq!(with(&[(PRODUCT, "Google Compute Engine\n"), (VENDOR, "Google\n")], kvm), Some("google"));
        assert_eq!(with(&[(PRODUCT, "VirtualBox\n")], kvm), Some("oracle"));
        let bare = (CPUINFO, "flags\t\t: fpu vme\n");
        assert_eq!(with(&[(PRODUCT, "m5.metal\n"), (VENDOR, "Amazon EC2\n"), bare], None), Some("none"));
        assert_eq!(with(&[(PRODUCT, "u-6tb1.metal-48xl\n"), (VENDOR, "Amazon EC2\n"), bare], None), Some("none"));
    }

    #[test]
    fn a_hypervisor_of_microsoft_is_believed_when_nothing_says_otherwise() {
        let hyper_v = Some("Microsoft Hv");
        assert_eq!(with(&[], hyper_v), Some("microsoft"));
        assert_eq!(with(&[(VENDOR, "QEMU\n")], hyper_v), Some("qemu"));
        assert_eq!(with(&[], Some("Nobody knows")), Some("vm-other"));
        assert_eq!(with(&[(CPUINFO, "flags\t\t: fpu hypervisor\n")], None), Some("vm-other"));
    }

    #[test]
    fn xen_is_told_but_for_its_first_domain() {
        let capabilities = "proc/xen/capabilities";
        assert_eq!(with(&[(capabilities, "")], None), Some("xen"));
        assert_eq!(with(&[(capabilities, "control_d\n"), (CPUINFO, "flags\t: fpu\n")], None), Some("none"));
        assert_eq!(with(&[(capabilities, ""), ("sys/hypervisor/properties/features", "00000800\n")], None), None);
        assert_eq!(with(&[("sys/hypervisor/type", "xen\n")], None), Some("xen"));
    }

    #[test]
    fn machines_without_dmi_are_told_by_their_device_tree_and_never_said_to_be_none() {
        assert_eq!(with(&[("proc/device-tree/hypervisor/compatible", "linux,kvm\0")], None), Some("kvm"));
        assert_eq!(with(&[("proc/device-tree/hypervisor/compatible", "xen,xen-4.17\0xen,xen\0")], None), Some("xen"));
        assert_eq!(with(&[("proc/device-tree/fw-cfg@9020000/reg", "")], None), Some("qemu"));
        let pi = ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0");
        assert_eq!(with(&[pi, (CPUINFO, "processor\t: 0\nFeatures\t: fp asimd\n")], None), None);
    }
}

//! node_exporter: another program that reads what our probe reads.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use crate::process::{PATIENCE, Reaped, eventually, free_port};
use crate::requirements;

/// Prometheus' node_exporter, which runs on this machine until it is dropped.
pub struct NodeExporter {
    address: SocketAddr,
    _process: Reaped,
}

/// What a node_exporter said at one moment: values by name and labels, as it writes them.
#[derive(Debug, Clone)]
pub struct Scrape {
    values: BTreeMap<String, f64>,
}

impl NodeExporter {
    /// Starts it.
    pub fn start() -> NodeExporter {
        requirements::demand_all();
        (0..5).find_map(|_| NodeExporter::launch()).expect("node_exporter starts at one of five ports")
    }

    fn launch() -> Option<NodeExporter> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut command = Command::new("/usr/bin/prometheus-node-exporter");
        command.arg(format!("--web.listen-address={address}")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Reaped::spawn(&mut command);
        let mut answers = false;
        eventually("node_exporter", || {
            answers = TcpStream::connect(address).is_ok();
            answers || process.has_ended()
        });
        answers.then_some(NodeExporter { address, _process: process })
    }

    /// What it reads now.
    pub fn scrape(&self) -> Scrape {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        assert!(head.contains(" 200 "), "{head}");
        Scrape::parse(body)
    }
}

impl Scrape {
    fn parse(text: &str) -> Scrape {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        // A label may hold spaces, a value does not.
        let pair = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Scrape { values: lines.filter_map(pair).collect() }
    }

    /// The value of this name and these labels, such as `node_disk_io_now{device="sda"}`.
    #[track_caller]
    pub fn value(&self, name: &str) -> f64 {
        *self.values.get(name).unwrap_or_else(|| panic!("node_exporter has no {name}"))
    }

    /// The sum over everything of this name that has all of these labels, such as `mode="idle"`.
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let wanted = |full: &str| {
            let (own, rest) = full.split_once('{').unwrap_or((full, ""));
            own == name && labels.iter().all(|label| rest.contains(label))
        };
        self.values.iter().filter(|(full, _)| wanted(full)).map(|(_, value)| value).sum()
    }
}

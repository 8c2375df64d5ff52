//! An SSH server that follows a script of faults: what no real server does, at exactly the step where it hurts.
//!
//! It listens at every address of 127.0.0.0/8, and each address behaves in its own way. What comes before the key
//! exchange is written byte by byte; the rest is russh's server, stopped or led astray.

mod rough;
mod shell;
mod talk;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use russh::server::Config;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::sshd::make_key;

/// What a host does to its visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Accepts the connection and says nothing.
    Mute,
    /// Ends the connection at once.
    HangsUp,
    /// Resets the connection after its version.
    Resets,
    /// Says its version and nothing more.
    MuteAfterVersion,
    /// Says its version and its algorithms, and nothing more.
    MuteInKeyExchange,
    /// Before its version it prints lines without end, as fast as they are taken.
    EndlessLines,
    /// Before its version it prints a line now and then, without end.
    Tarpit,
    /// Prints one line without end.
    EndlessLine,
    /// Random bytes instead of SSH.
    Rubbish,
    /// The protocol that came before SSH-2.
    OldProtocol,
    /// A packet that claims to be 4 GiB long.
    GiantPacket,
    /// Algorithms that nobody shares.
    NothingInCommon,
    /// Does not answer the login.
    MuteLogin,
    /// Ends the connection when somebody logs in.
    HangsUpAtLogin,
    /// Ends the connection after the login.
    HangsUpAfterLogin,
    /// Does not answer when a channel is opened.
    MuteChannel,
    /// Opens no channel.
    NoChannel,
    /// Does not answer when a command is to be run.
    MuteExec,
    /// Refuses to run commands.
    NoExec,
    /// Says that it runs the command, and nothing more.
    MuteCommand,
    /// Ends the connection when a command is to be run.
    HangsUpAtExec,
    /// Output without end on stdout.
    EndlessOutput,
    /// Output without end on stderr.
    EndlessErrors,
    /// A byte of output now and then, without end.
    Drip,
    /// A header that announces as much as was asked for, and then as much of it as is taken.
    EndlessAnswer,
    /// Commands are run; but first there is a banner of 32 KB of terminal codes.
    GiantBanner,
    /// Commands are run; but with each one it opens channels of every kind to its visitor.
    OpensChannels,
    /// Commands are run, as by any other host.
    Honest,
}

/// The server.
pub struct HostileServer {
    /// Its port at every address.
    pub port: u16,
    dir: PathBuf,
    behaviours: Arc<Vec<Behaviour>>,
    // Dropping it ends every conversation.
    _runtime: Runtime,
}

/// What all conversations share.
struct Scene {
    behaviours: Arc<Vec<Behaviour>>,
    homes: PathBuf,
    config: Arc<Config>,
}

impl HostileServer {
    /// Starts a server whose n-th address (see [`HostileServer::address`]) behaves in the n-th way. Homes of hosts
    /// that run commands lie below `dir`, one for each address; everything is run as the user of the test.
    pub fn start(dir: &Path, behaviours: &[Behaviour]) -> HostileServer {
        fs::create_dir_all(dir).unwrap();
        make_key(&dir.join("host_key"), "ed25519");
        make_key(&dir.join("identity"), "ed25519");
        let behaviours = Arc::new(behaviours.to_vec());
        let scene = Scene { behaviours: behaviours.clone(), homes: dir.join("homes"), config: config(dir) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("0.0.0.0:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        runtime.spawn(accept(listener, Arc::new(scene)));
        HostileServer { port, dir: dir.to_owned(), behaviours, _runtime: runtime }
    }

    /// The address that behaves in the n-th way.
    pub fn address(index: usize) -> String {
        format!("127.7.{}.{}", index / 200, index % 200 + 1)
    }

    /// Every address with its behaviour.
    pub fn addresses(&self) -> impl Iterator<Item = (String, Behaviour)> {
        self.behaviours.iter().enumerate().map(|(index, behaviour)| (HostileServer::address(index), *behaviour))
    }

    /// The private key that may log in, as any other key may.
    pub fn identity(&self) -> PathBuf {
        self.dir.join("identity")
    }

    /// The line of known_hosts for the host at this address and port.
    pub fn known_hosts_line(&self, address: &str, port: u16) -> String {
        let key = fs::read_to_string(self.dir.join("host_key.pub")).unwrap();
        format!("[{address}]:{port} {key}")
    }

    /// The home of the account at this address.
    pub fn home(&self, address: &str) -> PathBuf {
        self.dir.join("homes").join(address)
    }
}

fn config(dir: &Path) -> Arc<Config> {
    let key = russh::keys::load_secret_key(dir.join("host_key"), None).unwrap();
    let no_pause = Duration::ZERO;
    let rejection = (no_pause, Some(no_pause));
    Arc::new(Config {
        keys: vec![key],
        auth_rejection_time: rejection.0,
        auth_rejection_time_initial: rejection.1,
        nodelay: true,
        ..Config::default()
    })
}

async fn accept(listener: TcpListener, scene: Arc<Scene>) {
    loop {
        // A visitor may be gone before it was welcomed.
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(receive(stream, scene.clone()));
    }
}

/// One conversation. That the visitor ends it is what these servers are for.
async fn receive(stream: TcpStream, scene: Arc<Scene>) {
    let Ok(address) = stream.local_addr() else { return };
    let ip = address.ip().to_string();
    let index = (0..scene.behaviours.len()).find(|index| HostileServer::address(*index) == ip);
    let Some(index) = index else { return };
    let behaviour = scene.behaviours[index];
    if let Some(script) = rough::Script::of(behaviour) {
        drop(script.play(stream).await);
        return;
    }
    let home = scene.homes.join(&ip);
    fs::create_dir_all(&home).unwrap();
    let talk = talk::Talk::new(behaviour, home);
    if let Ok(session) = russh::server::run_stream(scene.config.clone(), stream, talk).await {
        drop(session.await);
    }
}

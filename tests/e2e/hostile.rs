//! A host that speaks SSH fluently and means no good.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::{self, Auth, ChannelOpenHandle, Handle, Msg, Session};
use russh::{Channel, ChannelId, Disconnect};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::World;

/// How often each kind of channel is opened.
const EACH: usize = 1_000;

/// What the host has seen of its guest.
#[derive(Default)]
struct Seen {
    accepted: AtomicUsize,
    refused: AtomicUsize,
    commands: AtomicUsize,
}

/// Lets everybody in, greets at length, and opens channels instead of running commands.
struct Hostile {
    seen: Arc<Seen>,
    done: Option<oneshot::Sender<()>>,
}

impl server::Handler for Hostile {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        Ok(Some("\x1b[2Jwelcome ".repeat(15_000)))
    }

    async fn auth_password(&mut self, _: &str, _: &str) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(&mut self, channel: ChannelId, _: &[u8], session: &mut Session) -> Result<(), russh::Error> {
        self.seen.commands.fetch_add(1, Ordering::SeqCst);
        session.channel_success(channel)?;
        if let Some(done) = self.done.take() {
            let (handle, seen) = (session.handle(), self.seen.clone());
            tokio::spawn(async move {
                open_channels(&handle, &seen).await;
                handle.disconnect(Disconnect::ByApplication, String::new(), String::new()).await.unwrap();
                done.send(()).unwrap_or_default();
            });
        }
        Ok(())
    }
}

async fn open_channels(handle: &Handle, seen: &Seen) {
    let count = |opened: Result<Channel<Msg>, russh::Error>| {
        let counter = if opened.is_ok() { &seen.accepted } else { &seen.refused };
        counter.fetch_add(1, Ordering::SeqCst);
    };
    for _ in 0..EACH {
        count(handle.channel_open_session().await);
        count(handle.channel_open_agent().await);
        count(handle.channel_open_x11("127.0.0.1", 6000).await);
        count(handle.channel_open_forwarded_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await);
        count(handle.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await);
    }
}

#[test]
fn channels_that_a_host_opens_are_refused_however_many() {
    let world = World::new(&[]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.7.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    harness::make_key(&world.dir.path().join("hostile"), "ed25519");
    let key = PrivateKey::read_openssh_file(world.dir.path().join("hostile")).unwrap();
    let public = key.public_key().to_openssh().unwrap();
    let seen = Arc::new(Seen::default());
    let (done, all_tried) = oneshot::channel();
    let handler = Hostile { seen: seen.clone(), done: Some(done) };
    runtime.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let config = Arc::new(server::Config { keys: vec![key], ..server::Config::default() });
        drop(server::run_stream(config, stream, handler).await.unwrap().await);
    });
    world
        .server
        .configure(&format!(r#"<config><client ip="127.0.7.1" port="{port}" username="x" password="x"/></config>"#));
    std::fs::write(world.server.state("known_hosts"), format!("[127.0.7.1]:{port} {public}\n")).unwrap();
    world.server.collector(&[]).expect(3);
    assert_eq!(world.outcomes(), ["127.0.7.1 session_lost"]);
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), all_tried).await }).unwrap().unwrap();
    let [accepted, refused, commands] =
        [&seen.accepted, &seen.refused, &seen.commands].map(|count| count.load(Ordering::SeqCst));
    assert_eq!((accepted, refused, commands), (0, 5 * EACH, 1));
}

//! After the key exchange: russh's server, stopped or led astray.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::path::PathBuf;
use std::time::Duration;

use russh::server::{Auth, ChannelOpenHandle, Handle, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};

use tokio::io::AsyncWriteExt;

use super::Behaviour;
use super::shell::Shell;

/// Our side of one conversation.
pub(super) struct Talk {
    behaviour: Behaviour,
    home: PathBuf,
    shells: HashMap<ChannelId, Shell>,
    /// Channels that will be flooded.
    channels: HashMap<ChannelId, Channel<Msg>>,
}

type Step = Result<(), russh::Error>;

impl Talk {
    pub(super) fn new(behaviour: Behaviour, home: PathBuf) -> Talk {
        Talk { behaviour, home, shells: HashMap::new(), channels: HashMap::new() }
    }

    fn push(&mut self, channel: ChannelId, stream: Option<u32>, pause: Duration) {
        if let Some(channel) = self.channels.remove(&channel) {
            tokio::spawn(push(channel, stream, pause));
        }
    }

    fn run(&mut self, channel: ChannelId, command: &str, handle: Handle) {
        self.shells.insert(channel, Shell::run(command, &self.home, channel, handle));
    }
}

impl Handler for Talk {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, russh::Error> {
        let banner = || "\x1b[2J\u{202e}hello\r\n".repeat(2000);
        Ok((self.behaviour == Behaviour::GiantBanner).then(banner))
    }

    async fn auth_publickey(&mut self, _: &str, _: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        match self.behaviour {
            Behaviour::MuteLogin => pending().await,
            Behaviour::HangsUpAtLogin => Err(russh::Error::Disconnect),
            _ => Ok(Auth::Accept),
        }
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Step {
        if self.behaviour == Behaviour::HangsUpAfterLogin { Err(russh::Error::Disconnect) } else { Ok(()) }
    }

    async fn channel_open_session(&mut self, channel: Channel<Msg>, reply: ChannelOpenHandle, _: &mut Session) -> Step {
        match self.behaviour {
            Behaviour::MuteChannel => pending().await,
            // Dropping the reply refuses.
            Behaviour::NoChannel => Ok(()),
            Behaviour::EndlessOutput | Behaviour::EndlessErrors | Behaviour::Drip | Behaviour::EndlessAnswer => {
                self.channels.insert(channel.id(), channel);
                reply.accept().await;
                Ok(())
            }
            _ => {
                reply.accept().await;
                Ok(())
            }
        }
    }

    async fn exec_request(&mut self, channel: ChannelId, command: &[u8], session: &mut Session) -> Step {
        match self.behaviour {
            Behaviour::MuteExec => return pending().await,
            Behaviour::HangsUpAtExec => return Err(russh::Error::Disconnect),
            Behaviour::NoExec => return session.channel_failure(channel),
            _ => session.channel_success(channel)?,
        }
        let handle = session.handle();
        match self.behaviour {
            Behaviour::EndlessOutput => self.push(channel, None, Duration::ZERO),
            Behaviour::EndlessErrors => self.push(channel, Some(1), Duration::ZERO),
            Behaviour::Drip => self.push(channel, None, Duration::from_millis(200)),
            Behaviour::MuteCommand | Behaviour::EndlessAnswer => {}
            Behaviour::OpensChannels => {
                tokio::spawn(open_channels(handle.clone()));
                self.run(channel, &String::from_utf8_lossy(command), handle);
            }
            _ => self.run(channel, &String::from_utf8_lossy(command), handle),
        }
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Step {
        if let Some(shell) = self.shells.get_mut(&channel) {
            shell.write(data);
        }
        if let (Behaviour::EndlessAnswer, Some(nonce)) = (self.behaviour, nonce_in(data)) {
            let spool = "0".repeat(32);
            let header = format!(
                "\n@@FHE1 {nonce} {{\"probe\":\"0\",\"spool\":\"{spool}\",\"count\":1000,\"bytes\":9437184,\"dropped\":0}}\n"
            );
            session.data(channel, header.into_bytes())?;
            self.push(channel, None, Duration::ZERO);
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Step {
        if let Some(shell) = self.shells.get_mut(&channel) {
            shell.end_input();
        }
        Ok(())
    }
}

/// The nonce in a request.
fn nonce_in(data: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(data);
    let (_, rest) = text.split_once(r#""nonce":""#)?;
    Some(rest.chars().take_while(char::is_ascii_hexdigit).collect())
}

/// Sends for as long as the channel is open: pieces as large as a packet, or single bytes with a pause between. Waits
/// for the window, as any server does.
async fn push(channel: Channel<Msg>, stream: Option<u32>, pause: Duration) {
    let (mut events, sink) = channel.split();
    let piece = if pause.is_zero() { vec![b'z'; 32768] } else { vec![b'z'] };
    let mut writer = sink.make_writer_ext(stream);
    let pushing = async {
        while writer.write_all(&piece).await.is_ok() {
            tokio::time::sleep(pause).await;
        }
    };
    // A channel whose events nobody takes would hold up the others.
    let closing = async { while events.wait().await.is_some() {} };
    tokio::select! {
        () = pushing => {}
        () = closing => {}
    }
}

/// Tries to open channels of every kind a server can ask for. All are refused, which is what is tried here.
async fn open_channels(handle: Handle) {
    for _ in 0..20 {
        refused(handle.channel_open_session()).await;
        refused(handle.channel_open_agent()).await;
        refused(handle.channel_open_x11("127.0.0.1", 6000)).await;
        refused(handle.channel_open_forwarded_tcpip("127.0.0.1", 22, "127.0.0.1", 22)).await;
        refused(handle.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 22)).await;
    }
}

async fn refused(opening: impl Future<Output = Result<Channel<Msg>, russh::Error>>) {
    assert!(opening.await.is_err(), "the visitor let the host open a channel");
}

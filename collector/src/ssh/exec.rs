//! Running one command on the host: input in, output out, both bounded.

use std::sync::Arc;
use std::time::Duration;

use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use sample::Untrusted;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use super::connect::Session;
use crate::Failure;
use crate::failure::shown;

const MAX_STDERR: usize = 8 * 1024;
/// More than any rc file has to complain about: what writes on and on to its standard error is not what we called.
const ENDLESS_STDERR: usize = 1024 * 1024;
/// Of what came without end, so many bytes tell enough.
pub(crate) const SHOWN_OF_FLOOD: usize = 40;
/// How long output is waited for after the command has ended.
const AFTER_EXIT: Duration = Duration::from_millis(300);

/// How long a command that has said all it had to may take to end. Servers that are told to close a channel while
/// they close it themselves, with the next command under way, might take that one for the one that ended: under load a
/// command on dropbear was cut short twice, before this was waited for.
const LINGER: Duration = Duration::from_millis(200);
/// Pauses before a channel is asked for again. A host that allows one session at a time (MaxSessions 1) needs a
/// moment to notice that the one before has ended.
const OPEN_AGAIN_MS: [u64; 5] = [50, 100, 200, 400, 800];

/// How a command ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// The exit status; none if a signal ended it or the host didn't say.
    pub status: Option<u32>,
    /// The signal that ended it, safe to show, such as `KILL`.
    pub signal: Option<String>,
    /// The first 8 KiB of its standard error.
    pub stderr: Vec<u8>,
}

/// Whether a reader of output wants more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Go on.
    More,
    /// That was all, and another command follows: this one gets a moment to end by itself.
    Enough,
    /// That was all, or too much: the command's end is not waited for.
    Nothing,
}

impl Session {
    /// Runs `command` in the login shell, writes `input` and end-of-file to it and hands its output to `reader`
    /// until that has enough or the command has ended.
    ///
    /// # Errors
    /// The host is too slow, or the connection ends.
    pub async fn exec(
        &self,
        command: &str,
        input: &[u8],
        limit: (&'static str, Duration),
        reader: impl FnMut(&[u8]) -> Want,
    ) -> Result<Ended, Failure> {
        let (phase, limit) = limit;
        match timeout(limit, self.run(command, input, reader)).await {
            Ok(Ok(ended)) => Ok(ended),
            Ok(Err(Refusal::Channel(reason))) => Err(Failure::ShellUnusable(reason)),
            Ok(Err(Refusal::Lost)) => Err(Failure::SessionLost { phase }),
            Err(_elapsed) => Err(Failure::CommandTimeout { phase, limit }),
        }
    }

    async fn open_channel(&self) -> Result<Channel<Msg>, russh::Error> {
        for pause in OPEN_AGAIN_MS.map(Duration::from_millis) {
            match self.handle.channel_open_session().await {
                Err(russh::Error::ChannelOpenFailure(_)) => sleep(pause).await,
                opened_or_lost => return opened_or_lost,
            }
        }
        self.handle.channel_open_session().await
    }

    async fn run(&self, command: &str, input: &[u8], reader: impl FnMut(&[u8]) -> Want) -> Result<Ended, Refusal> {
        let (output, sink) = self.open_channel().await?.split();
        let sink = Arc::new(sink);
        let mut given_up = CloseOnDrop(Some(sink.clone()));
        sink.exec(true, command).await?;
        // Both directions at once: a host whose output nobody takes would stop taking our input.
        let write = async {
            // A command that ends without reading its input closes the channel under us. Its output tells why.
            if sink.data_bytes(input.to_vec()).await.is_ok() {
                drop(sink.eof().await);
            }
            std::future::pending::<()>().await
        };
        let ended = tokio::select! {
            ended = read(output, reader) => ended?,
            () = write => unreachable!("writing never completes on its own"),
        };
        if ended.is_none() && self.is_lost() {
            return Err(Refusal::Lost);
        }
        given_up.0 = None;
        drop(sink.close().await);
        Ok(ended.unwrap_or_default())
    }
}

/// Closes the channel of a command that is given up. Dropping a channel does not, hosts allow few of them (MaxSessions),
/// and over the connection to a jump host its output would go on for as long as the run.
struct CloseOnDrop(Option<Arc<ChannelWriteHalf<Msg>>>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        if let (Some(sink), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(async move { drop(sink.close().await) });
        }
    }
}

/// Reads to the end of the command; none if the channel ended without one.
async fn read(mut output: ChannelReadHalf, mut reader: impl FnMut(&[u8]) -> Want) -> Result<Option<Ended>, Refusal> {
    let (mut ended, mut errors) = (Ended::default(), 0);
    loop {
        // The last output may come after the status. But a job that an rc file left behind keeps the channel open
        // for as long as it likes.
        let patience = if ended.is_over() { AFTER_EXIT } else { Duration::MAX };
        let Ok(message) = timeout(patience, output.wait()).await else { return Ok(Some(ended)) };
        match message {
            Some(ChannelMsg::Data { data }) => match reader(&data) {
                Want::More => {}
                Want::Enough => {
                    drop(timeout(LINGER, closed(&mut output)).await);
                    return Ok(Some(ended));
                }
                Want::Nothing => return Ok(Some(ended)),
            },
            Some(ChannelMsg::ExtendedData { data, .. }) => {
                errors += data.len();
                if errors > ENDLESS_STDERR {
                    let begin = shown(&ended.stderr[..ended.stderr.len().min(SHOWN_OF_FLOOD)]);
                    return Err(Refusal::Channel(format!("the login shell wrote more than 1 MiB to stderr: {begin}")));
                }
                let room = MAX_STDERR.saturating_sub(ended.stderr.len());
                ended.stderr.extend(data.iter().take(room));
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => ended.status = Some(exit_status),
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => ended.signal = Some(name(&signal_name)),
            Some(ChannelMsg::Failure) => return Err(Refusal::Channel("the host refuses to run commands".into())),
            Some(ChannelMsg::Close) => return Ok(Some(ended)),
            Some(_) => {}
            None => return Ok(ended.is_over().then_some(ended)),
        }
    }
}

/// Reads on, for nothing but the channel's end.
async fn closed(output: &mut ChannelReadHalf) {
    while !matches!(output.wait().await, None | Some(ChannelMsg::Close)) {}
}

impl Ended {
    /// Whether the host has said how it ended.
    fn is_over(&self) -> bool {
        self.status.is_some() || self.signal.is_some()
    }

    /// How it ended, for people.
    pub(crate) fn how(&self) -> String {
        match (self.status, &self.signal) {
            (Some(status), _) => format!("exit status {status}"),
            (None, Some(signal)) => format!("killed by SIG{signal}"),
            (None, None) => "no exit status".to_owned(),
        }
    }
}

fn name(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => Untrusted(name).to_string(),
        Sig::ABRT
        | Sig::ALRM
        | Sig::FPE
        | Sig::HUP
        | Sig::ILL
        | Sig::INT
        | Sig::KILL
        | Sig::PIPE
        | Sig::QUIT
        | Sig::SEGV
        | Sig::TERM
        | Sig::USR1 => format!("{signal:?}"),
    }
}

enum Refusal {
    Channel(String),
    Lost,
}

impl From<russh::Error> for Refusal {
    fn from(error: russh::Error) -> Refusal {
        if let russh::Error::ChannelOpenFailure(reason) = error {
            return Refusal::Channel(format!("the host opens no session: {reason:?}"));
        }
        Refusal::Lost
    }
}

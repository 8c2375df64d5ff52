//! Commands that are really run, as sshd would: by a shell, in a home.

use std::path::Path;
use std::process::Stdio;

use russh::ChannelId;
use russh::server::Handle;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The input of a running command.
pub(super) struct Shell {
    input: Option<UnboundedSender<Vec<u8>>>,
}

impl Shell {
    /// Runs the command and sends what it prints, its exit status and the end over the channel.
    pub(super) fn run(command: &str, home: &Path, channel: ChannelId, handle: Handle) -> Shell {
        let mut sh = Command::new("/bin/sh");
        sh.args(["-c", command]).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).current_dir(home);
        let piped = sh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = piped.spawn().unwrap();
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(feed(child.stdin.take().expect("it is piped"), receiver));
        tokio::spawn(serve(child, channel, handle));
        Shell { input: Some(sender) }
    }

    pub(super) fn write(&self, data: &[u8]) {
        // A command that has ended takes no more input.
        drop(self.input.as_ref().map(|input| input.send(data.to_vec())));
    }

    pub(super) fn end_input(&mut self) {
        self.input = None;
    }
}

async fn feed(mut stdin: ChildStdin, mut input: UnboundedReceiver<Vec<u8>>) {
    while let Some(data) = input.recv().await {
        if stdin.write_all(&data).await.is_err() {
            return;
        }
    }
}

async fn serve(mut child: Child, channel: ChannelId, handle: Handle) {
    let (stdout, stderr) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    tokio::join!(forward(stdout, channel, 0, &handle), forward(stderr, channel, 1, &handle));
    let status = child.wait().await.ok().and_then(|status| status.code());
    // The visitor may be gone by now.
    if let Some(status) = status.and_then(|code| u32::try_from(code).ok()) {
        handle.exit_status_request(channel, status).await.unwrap_or_default();
    }
    handle.eof(channel).await.unwrap_or_default();
    handle.close(channel).await.unwrap_or_default();
}

async fn forward(mut output: impl AsyncRead + Unpin, channel: ChannelId, stream: u32, handle: &Handle) {
    let mut buffer = vec![0; 16384];
    while let Ok(count) = output.read(&mut buffer).await
        && count > 0
    {
        let piece = buffer[..count].to_vec();
        let sent = match stream {
            0 => handle.data(channel, piece).await,
            code => handle.extended_data(channel, code, piece).await,
        };
        if sent.is_err() {
            return;
        }
    }
}

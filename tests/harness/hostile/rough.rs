//! What comes before the key exchange, byte by byte.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Behaviour;

const VERSION: &[u8] = b"SSH-2.0-hostile\r\n";

/// What is said, and what then.
pub(super) struct Script {
    first: Vec<u8>,
    then: Then,
}

enum Then {
    Silence,
    /// An orderly end.
    End,
    /// A reset: what was under way is lost.
    Reset,
    /// The same again and again, with a pause between.
    Again(Vec<u8>, Duration),
}

impl Script {
    /// The script of a behaviour that needs no more than that.
    pub(super) fn of(behaviour: Behaviour) -> Option<Script> {
        let script = |first: &[u8], then| Some(Script { first: first.to_vec(), then });
        match behaviour {
            Behaviour::Mute => script(b"", Then::Silence),
            Behaviour::HangsUp => script(b"", Then::End),
            Behaviour::Resets => script(VERSION, Then::Reset),
            Behaviour::MuteAfterVersion => script(VERSION, Then::Silence),
            Behaviour::MuteInKeyExchange => script(&[VERSION, &offer("curve25519-sha256")].concat(), Then::Silence),
            Behaviour::EndlessLines => script(b"", Then::Again(b"\x1b[2Jhello\r\n".repeat(1000), Duration::ZERO)),
            Behaviour::Tarpit => script(b"", Then::Again(b"zz\r\n".to_vec(), Duration::from_millis(200))),
            Behaviour::EndlessLine => script(b"", Then::Again(vec![b'z'; 65536], Duration::ZERO)),
            Behaviour::Rubbish => script(&(0..=255).rev().collect::<Vec<u8>>().repeat(8), Then::End),
            Behaviour::OldProtocol => script(b"SSH-1.5-OpenSSH_2.9\r\n", Then::End),
            Behaviour::GiantPacket => {
                let giant = Then::Again(vec![0xff; 65536], Duration::ZERO);
                script(VERSION, giant)
            }
            Behaviour::NothingInCommon => script(&[VERSION, &offer("\x1b[31mnobody@example.org")].concat(), Then::End),
            Behaviour::MuteLogin
            | Behaviour::HangsUpAtLogin
            | Behaviour::HangsUpAfterLogin
            | Behaviour::MuteChannel
            | Behaviour::NoChannel
            | Behaviour::MuteExec
            | Behaviour::NoExec
            | Behaviour::MuteCommand
            | Behaviour::HangsUpAtExec
            | Behaviour::EndlessOutput
            | Behaviour::EndlessErrors
            | Behaviour::Drip
            | Behaviour::EndlessAnswer
            | Behaviour::GiantBanner
            | Behaviour::OpensChannels
            | Behaviour::Honest => None,
        }
    }

    /// Says it all, until the visitor has had enough.
    pub(super) async fn play(self, mut stream: TcpStream) -> io::Result<()> {
        stream.write_all(&self.first).await?;
        match self.then {
            Then::Silence => listen(&mut stream).await,
            Then::End => {
                stream.shutdown().await?;
                // Whoever closes with something unread resets the connection, and what was said may be lost.
                listen(&mut stream).await
            }
            Then::Reset => {
                // Not before the visitor has seen that it is connected.
                stream.read_u8().await?;
                stream.set_zero_linger()
            }
            Then::Again(piece, pause) => loop {
                stream.write_all(&piece).await?;
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
            },
        }
    }
}

async fn listen(stream: &mut TcpStream) -> io::Result<()> {
    let mut heard = [0; 4096];
    while stream.read(&mut heard).await? > 0 {}
    Ok(())
}

/// SSH_MSG_KEXINIT as an unencrypted packet, with this one way to exchange keys. RFC 4253, sections 6 and 7.1.
fn offer(key_exchange: &str) -> Vec<u8> {
    const SSH_MSG_KEXINIT: u8 = 20;
    let (cipher, mac, none) = ("aes256-ctr", "hmac-sha2-256", "none");
    let lists = [key_exchange, "ssh-ed25519", cipher, cipher, mac, mac, none, none, "", ""];
    let mut payload = vec![SSH_MSG_KEXINIT];
    payload.extend([7; 16]);
    for list in lists {
        payload.extend(u32::try_from(list.len()).expect("a short list").to_be_bytes());
        payload.extend(list.as_bytes());
    }
    // No guess follows, and four bytes are reserved.
    payload.extend([0; 5]);
    let padding = 16 - (payload.len() + 5) % 8;
    let length = u32::try_from(payload.len() + 1 + padding).expect("a short packet");
    let padding_length = u8::try_from(padding).expect("at most 16");
    [length.to_be_bytes().as_slice(), &[padding_length], &payload, &vec![0; padding]].concat()
}

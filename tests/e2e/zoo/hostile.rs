//! Hosts that no real server stands for.

use harness::Behaviour;

/// What each does, what the visit comes to, and what the detail says.
pub(super) const EXHIBITS: &[(Behaviour, &str, &str)] = &[
    (Behaviour::Mute, "handshake_timeout", ""),
    (Behaviour::HangsUp, "throttled", "before the host said a word"),
    (Behaviour::Resets, "handshake_failed", ""),
    (Behaviour::MuteAfterVersion, "handshake_timeout", ""),
    (Behaviour::MuteInKeyExchange, "handshake_timeout", ""),
    (Behaviour::EndlessLines, "handshake_failed", ""),
    (Behaviour::Tarpit, "handshake_failed", ""),
    (Behaviour::EndlessLine, "handshake_failed", ""),
    (Behaviour::Rubbish, "handshake_failed", ""),
    (Behaviour::OldProtocol, "handshake_failed", ""),
    (Behaviour::GiantPacket, "handshake_failed", ""),
    (Behaviour::NothingInCommon, "handshake_failed", ""),
    (Behaviour::MuteLogin, "auth_timeout", ""),
    (Behaviour::HangsUpAtLogin, "session_lost", "during the login"),
    (Behaviour::HangsUpAfterLogin, "session_lost", ""),
    (Behaviour::MuteChannel, "command_timeout", "running the probe"),
    (Behaviour::NoChannel, "shell_unusable", "opens no session"),
    (Behaviour::MuteExec, "command_timeout", "running the probe"),
    (Behaviour::NoExec, "shell_unusable", "refuses to run commands"),
    (Behaviour::MuteCommand, "command_timeout", "running the probe"),
    (Behaviour::HangsUpAtExec, "session_lost", "running the probe"),
    (Behaviour::EndlessOutput, "shell_unusable", "without end"),
    (Behaviour::EndlessErrors, "shell_unusable", "stderr"),
    (Behaviour::Drip, "command_timeout", "running the probe"),
    (Behaviour::EndlessAnswer, "command_timeout", "looking for a place"),
    (Behaviour::GiantBanner, "ok", ""),
    (Behaviour::OpensChannels, "ok", ""),
];

//! The end of commands that go on until somebody ends them.

/// Ctrl-C, or the signal by which a supervisor ends a process.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        return;
    }
    // Without signals the emulator serves until its process is killed.
    let _ = tokio::signal::ctrl_c().await;
}

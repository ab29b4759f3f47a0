//! Standard output, whoever reads it: a pager for what is longer than the terminal, and silence once a pipe's reader has gone.

use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a pager has the terminal: Ctrl-C is its own then, as it is with git.
static PAGED: AtomicBool = AtomicBool::new(false);

/// Whether a pager has the terminal.
pub(crate) fn is_paged() -> bool {
    PAGED.load(Ordering::Relaxed)
}

/// Where a command's words go. Once whoever reads them has gone, as `head` does, the rest is dropped and the command goes on: a push
/// isn't cut off because nobody reads its report, and the exit code says how it ended.
pub(super) struct Stream {
    to: To,
}

enum To {
    Here(Box<dyn Write + Send>),
    Pager(Child),
    Nowhere,
}

impl Stream {
    /// Standard output.
    pub(super) fn standard() -> Self {
        Self::of(io::BufWriter::new(io::stdout()))
    }

    pub(super) fn of(out: impl Write + Send + 'static) -> Self {
        Self { to: To::Here(Box::new(out)) }
    }

    /// Whether nobody reads any more, so that listing on is pointless.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.to, To::Nowhere)
    }

    /// Has a pager show what comes, if it is more `lines` than the terminal has. `PAGER` names another program than `less`; an empty
    /// one, or one that can't be started, means none.
    pub(super) fn page(&mut self, lines: usize) {
        let To::Here(out) = &mut self.to else { return };
        let stdout = io::stdout();
        let Some((_, height)) = terminal_size::terminal_size_of(&stdout).filter(|_| stdout.is_terminal()) else {
            return;
        };
        if lines < usize::from(height.0) || out.flush().is_err() {
            return;
        }
        let program = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
        let mut words = program.split_whitespace();
        let Some(name) = words.next() else { return };
        let mut command = Command::new(name);
        command.args(words).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            // Ends at once if it all fits, shows colours, and leaves the text on the screen.
            command.env("LESS", "FRX");
        }
        match command.spawn() {
            Ok(pager) => {
                PAGED.store(true, Ordering::Relaxed);
                self.to = To::Pager(pager);
            }
            Err(error) => tracing::info!(%error, pager = name, "no pager could be started"),
        }
    }

    /// Waits until the pager is left.
    pub(super) fn finish(&mut self) {
        if let To::Pager(pager) = &mut self.to {
            drop(pager.stdin.take());
            if let Err(error) = pager.wait() {
                tracing::info!(%error, "the pager can't be waited for");
            }
            PAGED.store(false, Ordering::Relaxed);
        }
    }

    /// The result of a write, or `otherwise` if nobody reads any more: from then on, everything is dropped.
    fn heard<T>(&mut self, result: io::Result<T>, otherwise: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.finish();
                self.to = To::Nowhere;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = match &mut self.to {
            To::Here(out) => out.write(bytes),
            To::Pager(pager) => pager.stdin.as_mut().map_or(Ok(bytes.len()), |pipe| pipe.write(bytes)),
            To::Nowhere => Ok(bytes.len()),
        };
        self.heard(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = match &mut self.to {
            To::Here(out) => out.flush(),
            To::Pager(pager) => pager.stdin.as_mut().map_or(Ok(()), Write::flush),
            To::Nowhere => Ok(()),
        };
        self.heard(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe whose reader has gone.
    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_who_has_gone_is_no_error() {
        let mut stream = Stream::of(Gone);
        assert!(!stream.is_closed());
        writeln!(stream, "one").unwrap();
        assert!(stream.is_closed());
        writeln!(stream, "two").unwrap();
        stream.flush().unwrap();
    }
}

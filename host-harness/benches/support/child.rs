//! This program once more, as a process that serves what is measured against, so that its time is not counted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that serves. Dropping it ends it.
pub(crate) struct Server {
    process: Child,
    /// The first line that it printed.
    pub(crate) said: String,
}

impl Server {
    /// Starts this program again with a variable set, by which it knows what it is to serve.
    pub(crate) fn start(variable: &str, value: u32) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(variable, value.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        Self { process, said: said.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

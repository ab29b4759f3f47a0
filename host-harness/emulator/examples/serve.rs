//! Serves an org until its standard input closes, so that whoever started it takes it along when they end.
//!
//! Prints one line of JSON: what a client needs ([`salesforce_emulator::Connection`]), `control_url`, and as
//! `refresh_token` the one that the administrator has given the connected app.
//!
//! ```text
//! cargo run -p salesforce-emulator --example serve -- [--users N] [--seed N] [--app-key PEM-FILE]
//! ```

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use salesforce_emulator::Emulator;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let mut builder = Emulator::builder().control("127.0.0.1:0".parse()?);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        builder = match name.as_str() {
            "--users" => builder.users(number(&name, &value)?),
            "--seed" => builder.seed(number(&name, &value)?),
            "--app-key" => builder.connected_app_key(
                std::fs::read_to_string(&value).map_err(|error| format!("{name} {value} cannot be read: {error}"))?,
            ),
            _ => return Err(format!("{name} is no option; there are --users, --seed and --app-key").into()),
        };
    }
    let emulator = builder.start().await?;
    let connection = emulator.credentials();
    let refresh_token = emulator.approve_connected_app(&connection.username)?;
    let mut line = serde_json::to_value(&connection)?;
    line["control_url"] = emulator.control_url().into();
    line["refresh_token"] = refresh_token.into();
    let mut output = std::io::stdout();
    writeln!(output, "{line}")?;
    output.flush()?;
    let closed = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    emulator.serve_until(closed).await;
    Ok(())
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} {value} is not a number that it takes"))
}

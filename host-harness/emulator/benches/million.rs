//! A million users: how long the org takes to start, how fast a full import by keyset pages goes over HTTP, and that the
//! memory stays flat meanwhile. Prints `name value unit` lines.
//!
//! `EMULATOR_BENCH_USERS` sets another number of users.
#![allow(clippy::print_stdout, reason = "the lines are the result")]

use std::error::Error;
use std::time::Instant;

use salesforce_emulator::Emulator;
use serde_json::Value;

/// Records on a page; Salesforce's largest.
const PAGE: usize = 2_000;
const FIELDS: &str = "Id, Username, FirstName, LastName, Email, IsActive, ProfileId, UserRoleId, FederationIdentifier, \
    ContactId, Contact.AccountId, SystemModstamp";

/// The process's resident memory in MiB: the second number of `/proc/self/statm`, in pages of 4 KiB.
fn resident() -> Result<u64, Box<dyn Error>> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split_whitespace().nth(1).ok_or("no resident size")?.parse()?;
    Ok(pages * 4 / 1024)
}

/// Seconds of processor time that the process used: a loaded machine stretches the clock's, not these. From
/// `/proc/self/stat`, whose 14th and 15th numbers count hundredths of a second.
fn processor() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let numbers = stat.rsplit_once(')').ok_or("no process statistics")?.1;
    let ticks: Vec<f64> = numbers.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}

fn line(name: &str, value: impl std::fmt::Display, unit: &str) {
    println!("{name} {value} {unit}");
}

/// A session of the administrator.
async fn sign_in(emulator: &Emulator, http: &reqwest::Client) -> Result<String, Box<dyn Error>> {
    let connection = emulator.credentials();
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:u=\"urn:partner.soap.sforce.com\"><s:Body>\
         <u:login><u:username>{}</u:username><u:password>{}{}</u:password></u:login></s:Body></s:Envelope>",
        connection.username,
        escape(&connection.password),
        connection.security_token
    );
    let url = format!("{}/services/Soap/u/64.0", emulator.url());
    let answer = http.post(url).header("content-type", "text/xml").body(envelope).send().await?.text().await?;
    let session = answer.split_once("<sessionId>").and_then(|(_, rest)| rest.split_once('<'));
    Ok(session.ok_or("the login was refused")?.0.to_owned())
}

/// Reads every portal user page by page; the memory after each tenth of them.
async fn import(emulator: &Emulator, users: usize) -> Result<(usize, Vec<u64>), Box<dyn Error>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let session = sign_in(emulator, &http).await?;
    let url = format!("{}/services/data/v64.0/query", emulator.url());
    let (mut last, mut count, mut memory) = (String::new(), 0, Vec::new());
    loop {
        let after = if last.is_empty() { String::new() } else { format!(" AND Id > '{last}'") };
        let soql = format!("SELECT {FIELDS} FROM User WHERE ContactId != null{after} ORDER BY Id LIMIT {PAGE}");
        let encoded: String = soql
            .bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let answer = http.get(format!("{url}?q={encoded}")).bearer_auth(&session).send().await?;
        let body: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let records = body["records"].as_array().ok_or_else(|| format!("no records: {body}"))?;
        let tenth = users.div_ceil(10).max(1);
        if (count + records.len()) / tenth > count / tenth {
            memory.push(resident()?);
        }
        count += records.len();
        match records.last() {
            Some(record) if records.len() == PAGE => record["Id"].as_str().unwrap_or_default().clone_into(&mut last),
            _ => return Ok((count, memory)),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let users: u32 = std::env::var("EMULATOR_BENCH_USERS").map_or(Ok(1_000_000), |text| text.parse())?;
    // Another test of this process may have installed it; here there is none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        line("rss_before_start", resident()?, "MiB");
        let (start, used) = (Instant::now(), processor()?);
        let emulator = Emulator::builder().users(users).seed(1).start().await?;
        line(&format!("start_{users}_users"), format_args!("{:.1}", start.elapsed().as_secs_f64()), "s");
        line("start_processor_time", format_args!("{:.1}", processor()? - used), "s");
        line("rss_after_start", resident()?, "MiB");

        let (start, used) = (Instant::now(), processor()?);
        let (count, memory) = import(&emulator, users as usize).await?;
        let seconds = start.elapsed().as_secs_f64();
        if count != users as usize {
            return Err(format!("{count} users came instead of {users}").into());
        }
        line("import_keyset_pages", format_args!("{:.0}", f64::from(users) / seconds), "users/s");
        line("import_total", format_args!("{seconds:.1}"), "s");
        line("import_processor_time", format_args!("{:.1}", processor()? - used), "s");
        line("rss_first_tenth", memory.first().copied().unwrap_or(0), "MiB");
        line("rss_most_during_import", memory.iter().copied().max().unwrap_or(0), "MiB");
        line("rss_after_import", resident()?, "MiB");
        emulator.shutdown().await;
        Ok(())
    })
}

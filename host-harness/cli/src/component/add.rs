//! `component add`: a component from a file or a registry.
//!
//! 1. The bytes are fetched, and their digest is compared with the one that was named.
//! 2. The signature is checked, before anything looks at what the bytes are.
//! 3. The component is compiled, by the process that compiles what isn't trusted, and says what it does with secrets.
//! 4. It is kept by its digest. It runs for a tenant that names it, once what it does is approved.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::super::context::{declared, load_bytes, open_directory, runtime};
use super::super::failure::{DONE, Failure};
use super::super::global::Global;
use super::super::output::{Output, printable};
use super::super::tenant::edit::secret_source;
use super::{Document, in_words, print_uses};
use provisioning_directory::config::StandardInput;
use provisioning_directory::sync::{Grounds, Standing, standing};
use provisioning_directory::{DirectoryError, NewComponent, WriteTransaction};
use provisioning_registry::{Address, Bounds, Login, Signed, Signer, Signers, pull};
use provisioning_runtime::Tenant;

#[derive(Args)]
pub(crate) struct Options {
    /// A component file, or oci://HOST/NAME@sha256:DIGEST, with the digest of the manifest or of the component itself. Registries of
    /// this machine are asked by plain HTTP, all others by HTTPS.
    source: String,
    /// The public key of whoever may have signed it, as minisign writes it. May be given several times: one signature by one of them
    /// is enough.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// The signature, as minisign writes it. By default the one that the registry's manifest has in base64 in its annotation
    /// dev.provisioning.component.minisig, or the file beside the component whose name ends in .minisig.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Ask for no signature: the digest is enough.
    #[arg(long, conflicts_with_all = ["keys", "signature"])]
    unsigned: bool,
    /// Approve what it does with secrets at once, for all tenants.
    #[arg(long)]
    approve: bool,
    /// Sign in to the registry as this user.
    #[arg(long, value_name = "NAME", requires = "password")]
    user: Option<String>,
    /// Where the user's password or token comes from: env:VARIABLE, file:PATH or stdin.
    #[arg(long, value_name = "SOURCE", requires = "user")]
    password: Option<String>,
}

/// A component that isn't kept yet.
struct Fetched {
    bytes: Vec<u8>,
    /// Where it came from.
    source: String,
    /// The signature that came with it.
    signature: Option<String>,
}

#[derive(Serialize)]
struct Added<'a> {
    name: &'a str,
    version: &'a str,
    source: &'a str,
    signed_by: Option<&'a str>,
    signed_comment: Option<&'a str>,
    /// Whether it was here already, and stays as it came first.
    known: bool,
    #[serde(flatten)]
    document: Document<'a>,
}

pub(super) async fn run(global: &Global, options: &Options, output: &mut Output) -> Result<u8, Failure> {
    if options.keys.is_empty() && !options.unsigned {
        return Err(Failure::usage(
            "nothing says whose component this may be; name the public key of its maker with --key, or use --unsigned if the digest is enough",
        ));
    }
    let signers = options.keys.iter().map(|path| Signer::read(path)).collect::<Result<Signers, _>>()?;
    let fetched = fetch(options).await?;
    let signed = match options.unsigned {
        true => None,
        false => Some(signers.check(&fetched.bytes, signature(options, &fetched)?.as_deref())?),
    };

    let runtime = runtime(global)?;
    let connector = load_bytes(&runtime, &fetched.bytes)?;
    let descriptor = runtime.describe(&connector).await?;
    let declared = declared(&runtime, &connector, &descriptor).await?;

    let directory = open_directory(global)?;
    let stands = || standing(Some(&directory), &Tenant::default(), &declared);
    let why = match stands()? {
        _ if options.approve => Some("approved by an admin"),
        // As it would be when it first runs; so the list is right before that.
        Standing::Approved(_, Grounds::NoMore) => Some("it declares no more than an approved component"),
        _ => None,
    };
    let new = NewComponent {
        bytes: &fetched.bytes,
        name: &descriptor.name,
        version: &descriptor.version,
        source: &fetched.source,
        signed: signed.as_ref().map(|Signed { by, comment }| (by.as_str(), comment.as_str())),
    };
    let known = directory.write(&global.actor(), |change: &WriteTransaction<'_>| -> Result<bool, DirectoryError> {
        let known = change.added_component(&declared.digest)?.is_some();
        change.add_component(&new)?;
        if let Some(why) = why {
            change.approve(&declared.digest, &declared.declaration, why)?;
        }
        Ok(known)
    })?;

    let standing = stands()?;
    let digest = &declared.digest;
    if output.json() {
        output.document(&Added {
            name: new.name,
            version: new.version,
            source: new.source,
            signed_by: new.signed.map(|(by, _)| by),
            signed_comment: new.signed.map(|(_, comment)| comment),
            known,
            document: Document {
                sha256: digest,
                approved: matches!(standing, Standing::Approved(..)),
                uses: &in_words(&declared.declaration, &descriptor),
                declaration: &declared.declaration,
            },
        })?;
        return Ok(DONE);
    }
    output.line(&format!("{} {}, SHA-256 {digest}", printable(new.name), printable(new.version)))?;
    output.line(&match new.signed {
        Some((by, comment)) => format!("It is signed by {}, who wrote: {}", printable(by), printable(comment)),
        None => "Nobody's signature was asked for.".to_owned(),
    })?;
    print_uses(&declared, &descriptor, &standing, &format!("sha256:{digest}"), output)?;
    output.line(&match known {
        true => "It was added before, and stays as it came first.".to_owned(),
        false => format!("It was added. `tenant edit TENANT --set component=sha256:{digest}` has a tenant use it."),
    })?;
    Ok(DONE)
}

async fn fetch(options: &Options) -> Result<Fetched, Failure> {
    if !Address::is_meant(&options.source) {
        if options.user.is_some() {
            return Err(Failure::usage("--user and --password are for registries, and a file is read without them"));
        }
        let path = Path::new(&options.source);
        let unreadable =
            |error: std::io::Error| Failure::usage(format!("the component {} cannot be read: {error}", path.display()));
        let bytes = std::fs::read(path).map_err(unreadable)?;
        let source = std::path::absolute(path).map_err(unreadable)?.display().to_string();
        return Ok(Fetched { bytes, source, signature: beside(path)? });
    }
    let address: Address = options.source.parse()?;
    let password = options.password.as_deref().map(|text| {
        let source = secret_source(text).ok_or_else(|| {
            Failure::usage("--password is env:VARIABLE, file:PATH or stdin; never write the password itself here")
        })?;
        Ok::<_, Failure>(source.read("password", Path::new(""), &mut StandardInput::process())?)
    });
    let password = password.transpose()?;
    let login = options.user.as_deref().zip(password.as_ref());
    let login = login.map(|(user, password)| Login { user, password: password.expose() });
    let pulled = pull(&address, login, &Bounds::default()).await?;
    Ok(Fetched { bytes: pulled.bytes, source: address.to_string(), signature: pulled.signature })
}

/// The signature beside a component file, where minisign puts it.
fn beside(path: &Path) -> Result<Option<String>, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    let path = PathBuf::from(name);
    match path.exists() {
        true => read(&path).map(Some),
        false => Ok(None),
    }
}

/// The signature that counts: one that was named, or the one that came with the component.
fn signature(options: &Options, fetched: &Fetched) -> Result<Option<String>, Failure> {
    match &options.signature {
        Some(path) => read(path).map(Some),
        None => Ok(fetched.signature.clone()),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("the signature {} cannot be read: {error}", path.display())))
}

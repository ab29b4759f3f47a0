//! The command line of the host; everything is in the library.

fn main() -> std::process::ExitCode {
    provisioning_host::cli::main()
}

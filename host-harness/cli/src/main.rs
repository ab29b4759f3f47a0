//! The command line of the host; everything is in the library.

fn main() -> std::process::ExitCode {
    host_harness::main()
}

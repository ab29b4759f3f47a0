//! `completion`: what a shell needs to complete the commands.

use clap::Args;
use clap_complete::Shell;

use super::command_line::definition;
use super::failure::Failure;
use super::output::Output;

#[derive(Args)]
pub(crate) struct Options {
    /// Which shell. For bash: `host-harness completion bash > ~/.local/share/bash-completion/completions/host-harness`.
    shell: Shell,
}

pub(crate) fn run(options: &Options, output: &mut Output) -> Result<(), Failure> {
    output.raw().write_all(&script(options.shell))?;
    output.raw().flush()?;
    Ok(())
}

/// Made before it is written: the generator panics where it cannot write.
fn script(shell: Shell) -> Vec<u8> {
    let mut definition = definition();
    let name = definition.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition, name, &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn every_shell_learns_every_command_and_option() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            for command in definition().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
                for below in command.get_subcommands() {
                    assert!(script.contains(below.get_name()), "{shell}: {} {}", command.get_name(), below.get_name());
                }
                for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                    assert!(script.contains(option), "{shell}: {} --{option}", command.get_name());
                }
            }
        }
    }
}

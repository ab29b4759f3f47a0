//! The command line: one file a command.

mod command_line;
mod context;
mod deactivate;
mod demo;
mod describe;
mod emulator;
mod entitlements;
mod failure;
mod grants;
mod import;
mod output;
mod people;
mod push;
mod report;
mod sync_password;
mod test_credentials;
mod view;

pub use command_line::main;

//! The command line: what was typed, turned into requests, and their output.

pub mod input;
pub mod placement;
pub mod placement_args;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::Parser;

/// Bad input.
pub const BAD_INPUT: u8 = 2;

/// A model-checked specification of the Kubernetes `DaemonSet`.
#[derive(Debug, Parser)]
#[command(name = "everynode", version)]
enum Cli {
    /// On which nodes may the pods of a `DaemonSet` run, and why not on the others?
    Placement(placement::PlacementArgs),
}

/// Runs the command line `arguments` (the program's name first) and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let result = match cli {
        Cli::Placement(arguments) => placement::run(
            &arguments,
            &mut io::stdout().lock(),
            &mut io::stderr().lock(),
        ),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            eprintln!("{report:?}");
            ExitCode::from(BAD_INPUT)
        }
    }
}

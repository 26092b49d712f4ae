//! Parses command lines whose options can also be set in the environment.

use clap::{Command, CommandFactory, Parser};

/// Like `clap::Parser::parse`, but an empty environment variable counts as not set, as it does for all other settings.
pub fn parse<P: Parser>() -> P {
    let mut matches = without_empty_settings(<P as CommandFactory>::command()).get_matches();
    P::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
}

/// Without this, clap reads an empty environment variable as the value "".
fn without_empty_settings(command: Command) -> Command {
    let command = command.mut_args(|option| {
        let empty = |name| std::env::var_os(name).is_some_and(|value| value.to_string_lossy().trim().is_empty());
        if option.get_env().is_some_and(empty) { option.env(None::<&str>) } else { option }
    });
    command.mut_subcommands(without_empty_settings)
}

//! Command lines, whose options may be set in the environment too.

use clap::{Command, CommandFactory, Parser};

/// What `clap::Parser::parse` does, but that a setting which is empty counts as not set, as all others do.
pub fn parse<P: Parser>() -> P {
    let mut matches = without_empty_settings(<P as CommandFactory>::command()).get_matches();
    P::from_arg_matches_mut(&mut matches).unwrap_or_else(|error| error.exit())
}

/// clap takes an empty environment variable for the value "".
fn without_empty_settings(command: Command) -> Command {
    let command = command.mut_args(|option| {
        let empty = |name| std::env::var_os(name).is_some_and(|value| value.to_string_lossy().trim().is_empty());
        if option.get_env().is_some_and(empty) { option.env(None::<&str>) } else { option }
    });
    command.mut_subcommands(without_empty_settings)
}

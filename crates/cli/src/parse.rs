//! From the words typed to [`Args`].

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::{env, process};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use crate::args::Args;
use crate::failure::Failure;
use crate::given::Given;
use crate::outlet;

/// Parses the command line. Usage errors and --help end the program here, with 2 and 0.
pub(crate) fn parse() -> Result<(Args, Given), Failure> {
    from(env::args_os().collect())
}

fn from(typed: Vec<OsString>) -> Result<(Args, Given), Failure> {
    let command = without_empty_variables(Args::command());
    let typed = with_a_verb(typed, &command);
    let matches = command.clone().try_get_matches_from(&typed);
    let matches = matches.or_else(|error| refuse(error, &typed))?;
    refuse_addresses(&command, &matches)?;
    let given = Given::of(&command, &matches);
    let args = Args::from_arg_matches(&matches).or_else(|error| refuse(error, &typed))?;
    Ok((args, given))
}

/// An empty variable counts as unset: `ONAIR_KEY= onair …` gives no key.
fn without_empty_variables(command: Command) -> Command {
    let is_empty = |name: &OsStr| env::var_os(name).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| match arg.get_env().is_some_and(is_empty) {
        true => arg.env(None::<&'static str>),
        false => arg,
    });
    command.mut_subcommands(without_empty_variables)
}

/// `onair --web 8080` means `onair demo --web 8080`.
fn with_a_verb(mut typed: Vec<OsString>, command: &Command) -> Vec<OsString> {
    let demo = command.find_subcommand("demo");
    let is_demos = |word: &OsString| {
        let option = word.to_str().and_then(|word| word.strip_prefix("--"));
        let name = option.and_then(|option| option.split('=').next());
        let mut longs = demo.into_iter().flat_map(Command::get_arguments);
        name.is_some() && longs.any(|arg| arg.get_long() == name)
    };
    let is_option = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-");
    if typed.iter().skip(1).take_while(is_option).any(is_demos) {
        typed.insert(1, "demo".into());
    }
    typed
}

/// Refuses an address after the wrong option before anything repeats it: it may hold a key.
fn refuse_addresses(command: &Command, matches: &ArgMatches) -> Result<(), Failure> {
    const TAKE_ADDRESSES: [&str; 5] = ["to", "backup", "key", "relay", "from"];
    let Some((verb, typed)) = matches.subcommand() else {
        return Ok(());
    };
    let options = command
        .find_subcommand(verb)
        .into_iter()
        .flat_map(Command::get_arguments);
    for option in options {
        let Some(name) = option
            .get_long()
            .filter(|name| !TAKE_ADDRESSES.contains(name))
        else {
            continue;
        };
        let values = typed.try_get_raw(option.get_id().as_str()).ok().flatten();
        let is_address = |value: &OsStr| value.to_string_lossy().contains("://");
        if values.is_some_and(|mut values| values.any(is_address)) {
            return Err(Failure::usage(format_args!(
                "--{name} takes no address with ://"
            )));
        }
    }
    Ok(())
}

/// The error, without words that may be a key: those that stand alone, and addresses.
fn refuse<T>(mut error: clap::Error, typed: &[OsString]) -> Result<T, Failure> {
    let stands_alone = matches!(
        error.kind(),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand
    );
    let word = match error
        .get(ContextKind::InvalidArg)
        .or_else(|| error.get(ContextKind::InvalidSubcommand))
    {
        Some(ContextValue::String(word)) if stands_alone => word.as_str(),
        _ => "-",
    };
    let has_verb = error.kind() == ErrorKind::UnknownArgument;
    if word.contains("://") || (has_verb && !word.starts_with('-')) {
        return Err(Failure::usage(lone_word(typed)));
    }
    if let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue)
        && value.contains("://")
    {
        error.insert(
            ContextKind::InvalidValue,
            ContextValue::String("***".to_owned()),
        );
    }
    if !error.use_stderr() {
        show(&error)?;
        process::exit(0);
    }
    outlet::insist(error.render().to_string().trim_end());
    outlet::finish();
    process::exit(error.exit_code());
}

/// Shows help or version on request: it is a failure if stdout cannot be written.
fn show(text: &clap::Error) -> Result<(), Failure> {
    match text.print().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::stdout(error)),
        _ => Ok(()),
    }
}

/// About a word that is no option's: how it would be, of whatever verb was typed.
fn lone_word(typed: &[OsString]) -> String {
    let command = Args::command();
    let mut verbs = command.get_subcommands().map(Command::get_name);
    let verb = verbs.find(|verb| typed.iter().skip(1).any(|word| word == verb));
    match verb {
        None | Some("publish" | "demo") => {
            "an address goes behind --to, as in: onair publish --to rtmp://HOST/APP/KEY".to_owned()
        }
        Some("receive") => "a word stands alone: an address goes behind --relay, or --listen and \
                            --web; a key behind --key"
            .to_owned(),
        Some("inspect") => "inspect looks at one file".to_owned(),
        Some("replay") => "replay reads one file".to_owned(),
        Some("doctor") => "doctor looks at one address; a key apart goes behind --key".to_owned(),
        Some(verb) => format!("{verb} takes no words but its options"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Verb;

    fn typed(line: &str) -> (Args, Given) {
        from(line.split_whitespace().map(Into::into).collect())
            .unwrap_or_else(|failure| panic!("{line}: {failure}"))
    }

    #[test]
    fn options_of_the_demo_need_no_verb() {
        for line in [
            "onair --web 127.0.0.1:9000",
            "onair -v --web=127.0.0.1:9000 --no-open",
            "onair --no-open --duration 1s",
        ] {
            let (args, given) = typed(line);
            assert!(matches!(args.verb, Some(Verb::Demo(_))), "{line}");
            assert!(given.has("web") || given.has("duration"), "{line}");
        }
        let (args, given) = typed("onair -v");
        assert!(args.verb.is_none() && given == Given::default());
    }

    /// All commands in the README and the help parse.
    #[test]
    fn every_example_is_understood() {
        let mut command = Args::command();
        let mut texts = vec![include_str!("../../../README.md").to_owned()];
        texts.push(command.render_long_help().to_string());
        for verb in command.get_subcommands_mut() {
            texts.push(verb.render_long_help().to_string());
        }
        let mut count = 0;
        for example in texts
            .iter()
            .flat_map(|text| text.lines())
            .filter_map(example)
        {
            let words = example.split_whitespace().map(OsString::from).collect();
            let words = with_a_verb(words, &command);
            let matches = command.clone().try_get_matches_from(words);
            let shows_help = |error: &clap::Error| !error.use_stderr();
            let understood = matches.as_ref().map_or_else(shows_help, |_| true);
            assert!(understood, "{example}: {:?}", matches.err());
            count += 1;
        }
        assert!(
            count > 20,
            "only {count} examples: are they still written as they were?"
        );
    }

    /// The command in a line, without its surroundings: a comment, a pipe, a redirection.
    fn example(line: &str) -> Option<&str> {
        let line = line.trim_start();
        let start = match line.starts_with("onair ") {
            true => 0,
            false => line.find("| onair ")? + 2,
        };
        let command = &line[start..];
        let ends = ["  ", " #", " | ", " > "].map(|end| command.find(end));
        let end = ends.into_iter().flatten().min().unwrap_or(command.len());
        let verb = command[..end].split(' ').nth(1)?;
        // Prose, and Cargo.toml.
        (!["puts", "="].contains(&verb)).then_some(&command[..end])
    }

    #[test]
    fn a_default_is_not_given() {
        let (_, given) = typed("onair publish --to rtmp://host/app/key --pace max");
        assert!(given.has("to") && given.has("pace"));
        assert!(!given.has("from") && !given.has("stats"));
    }
}

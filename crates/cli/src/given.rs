//! The options that were typed, and the one rule for those that would do nothing.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use crate::failure::Failure;

/// The long names of a verb's options that were typed, without those that have their value from the
/// environment or by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Given(Vec<(String, Vec<usize>)>);

/// An option, and why it has no effect in this situation; `None` if it has one.
///
/// An option without effect is a misunderstanding, which is better reported than ignored.
pub(crate) type Rule<T> = (&'static str, fn(&T) -> Option<&'static str>);

impl Given {
    /// What was typed after the verb that `matches` has.
    pub(crate) fn of(command: &Command, matches: &ArgMatches) -> Self {
        let verb = matches.subcommand();
        let found = verb.and_then(|(name, typed)| Some((command.find_subcommand(name)?, typed)));
        let Some((verb, typed)) = found else {
            return Self::default();
        };
        let is_typed = |id: &str| {
            typed.try_contains_id(id).is_ok()
                && typed.value_source(id) == Some(ValueSource::CommandLine)
        };
        let given = verb
            .get_arguments()
            .filter(|arg| is_typed(arg.get_id().as_str()));
        Self(
            given
                .filter_map(|arg| {
                    let indices = typed.indices_of(arg.get_id().as_str());
                    let indices = indices.into_iter().flatten().collect();
                    Some((arg.get_long()?.to_owned(), indices))
                })
                .collect(),
        )
    }

    pub(crate) fn has(&self, option: &str) -> bool {
        self.0.iter().any(|(given, _)| given == option)
    }

    /// Where the values of an option were typed, among all that was.
    pub(crate) fn indices(&self, option: &str) -> &[usize] {
        let found = self.0.iter().find(|(given, _)| given == option);
        found.map_or(&[], |(_, indices)| indices)
    }

    /// Refuses options that were typed and have no effect in `situation`.
    pub(crate) fn refuse_without_effect<T>(
        &self,
        rules: &[Rule<T>],
        situation: &T,
    ) -> Result<(), Failure> {
        let given = rules.iter().filter(|(option, _)| self.has(option));
        for (option, why) in given {
            if let Some(why) = why(situation) {
                let words = format_args!("--{option} has no effect here: {why}");
                return Err(Failure::usage(words));
            }
        }
        Ok(())
    }
}

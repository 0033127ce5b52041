use clap::{Arg, ArgAction, ColorChoice, Command, CommandFactory as _};

use super::args::CommandLine;
use crate::words::Words;

/// Makes the command line with its help in words: `help.employee.add` for a command, `help.employee.add.name` for an
/// argument of it, `help.global.data` for one of all commands.
pub fn command_line(words: &Words) -> Command {
    let mut line = CommandLine::command();
    line.build();
    dress(line, words, "help").color(ColorChoice::Never)
}

/// Behind every argument of the command itself.
const LAST: usize = 1_000;
/// What many commands take, in the order of help.
const OF_ALL: [&str; 6] = ["json", "data", "desk", "set", "help", "version"];

fn dress(command: Command, words: &Words, path: &str) -> Command {
    let about = words.say(&format!("{path}.about"), &[]);
    let mut command = command
        .about(about)
        .mut_args(|arg| dress_arg(arg, words, path));
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        let inner = format!("{path}.{}", name.replace('-', "_"));
        command = command.mut_subcommand(name, |sub| dress(sub, words, &inner));
    }
    command
}

fn dress_arg(arg: Arg, words: &Words, path: &str) -> Arg {
    let help = words.say(&key_of(&arg, path), &[]);
    let arg = arg.help(help).hide_env(true);
    if is_of_all(&arg) {
        let place = OF_ALL.iter().position(|id| arg.get_id() == id);
        arg.display_order(LAST + place.unwrap_or(OF_ALL.len()))
    } else {
        arg
    }
}

fn key_of(arg: &Arg, path: &str) -> String {
    let id = arg.get_id().as_str();
    if is_of_all(arg) {
        format!("help.global.{id}")
    } else {
        format!("{path}.{id}")
    }
}

fn is_of_all(arg: &Arg) -> bool {
    let is_built_in = matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    );
    arg.is_global_set() || arg.get_id() == "json" || is_built_in
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::Language;

    fn walk(command: &Command, path: &str, keys: &mut BTreeSet<String>) {
        keys.insert(format!("{path}.about"));
        for arg in command.get_arguments() {
            keys.insert(key_of(arg, path));
        }
        for sub in command.get_subcommands() {
            walk(sub, &format!("{path}.{}", sub.get_name()), keys);
        }
    }

    #[test]
    fn every_command_and_argument_has_its_help_and_no_help_is_left_over() {
        for language in Language::ALL {
            let words = Words::load(language);
            let mut keys = BTreeSet::new();
            walk(&command_line(&words), "help", &mut keys);
            let there: BTreeSet<String> = words
                .keys()
                .filter(|key| key.starts_with("help."))
                .map(str::to_owned)
                .collect();
            assert_eq!(keys, there);
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command_line(&Words::load(Language::English)).debug_assert();
    }
}

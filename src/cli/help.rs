//! The command line as it is shown: a command's own options first, then what many have; variables in one place; no value
//! that a command cannot take.

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command, CommandFactory as _};

use super::{API_KEY, Cli, HOSTS, Output};

/// What options of many commands are about, by their names.
const SHARED: [(&str, &[&str]); 3] = [
    (
        "Connections",
        &["database", "busy_timeout", "meilisearch", "api_key_file"],
    ),
    ("Indexes", &["index_settings", "index", "uid"]),
    (
        "Output",
        &["output", "log_format", "verbose", "quiet", "color"],
    ),
];

/// The command line, as `--help` and the parser have it.
pub fn command() -> Command {
    let list = variables_text();
    let command = arranged().mut_subcommand("environment", |one| {
        one.after_help(list.clone()).after_long_help(list)
    });
    let hidden = |one: Command| one.mut_args(|argument| several_hosts(argument).hide_env(true));
    let names = names(&command);
    names.iter().fold(hidden(command), |command, name| {
        command.mut_subcommand(name, hidden)
    })
}

/// The variable of the option that names servers, as of one that names a single server.
const HOST: &str = "MEILISEARCH_HOST";

/// MEILISEARCH_HOSTS comes in the place of MEILISEARCH_HOST where it is set: what is given on the command line still counts
/// more than either.
fn several_hosts(argument: Arg) -> Arg {
    let is_set = std::env::var_os(HOSTS).is_some_and(|value| !value.is_empty());
    match argument.get_env().is_some_and(|name| name == HOST) && is_set {
        true => argument.env(HOSTS).value_delimiter(','),
        false => argument,
    }
}

/// The same with the variable of each option beside it: for manual pages.
pub fn arranged() -> Command {
    let command = Cli::command();
    let names = names(&command);
    let output = command
        .get_arguments()
        .find(|argument| argument.get_id() == "output")
        .cloned();
    names
        .into_iter()
        .fold(command.mut_args(under_its_heading), |command, name| {
            let output = output
                .clone()
                .map(|output| output.value_parser(Forms(forms(&name))));
            command.mut_subcommand(&name, |one| {
                one.mut_args(under_its_heading)
                    .args(output.map(under_its_heading))
            })
        })
}

fn names(command: &Command) -> Vec<String> {
    command
        .get_subcommands()
        .map(|one| one.get_name().to_owned())
        .collect()
}

/// What is a command's own has no heading, and so comes first.
fn under_its_heading(argument: Arg) -> Arg {
    let id = argument.get_id().as_str();
    let shared = SHARED.iter().find(|(_, ids)| ids.contains(&id));
    let heading = shared.map(|(heading, _)| *heading);
    argument.help_heading(heading)
}

/// The forms of output that a command has.
fn forms(command: &str) -> &'static [Output] {
    match command {
        "status" => &[Output::Human, Output::Json, Output::Prometheus],
        "smoke" => &[Output::Human, Output::Json, Output::Junit],
        _ => &[Output::Human, Output::Json],
    }
}

/// Takes every form, so that the program itself can say which command has it, and shows those of the command.
#[derive(Clone)]
struct Forms(&'static [Output]);

impl TypedValueParser for Forms {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Output, Error> {
        EnumValueParser::<Output>::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        use clap::ValueEnum as _;
        Some(Box::new(
            self.0.iter().filter_map(Output::to_possible_value),
        ))
    }
}

/// A variable: its name, the options that have it, and what the first of them says.
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Each option with the command that has it; none for the program's.
    pub options: Vec<(String, String)>,
    /// What it is for.
    pub help: String,
}

/// Every variable, in the order of their names.
pub fn variables() -> Vec<Variable> {
    let mut all: Vec<Variable> = vec![
        Variable {
            name: API_KEY.to_owned(),
            options: Vec::new(),
            help: "the key for Meilisearch; it has no option, since a process list shows options (see --api-key-file)".to_owned(),
        },
        Variable {
            name: "NO_COLOR".to_owned(),
            options: Vec::new(),
            help: "no colours, as --color never".to_owned(),
        },
    ];
    let command = Cli::command();
    let commands = std::iter::once(("", &command))
        .chain(command.get_subcommands().map(|one| (one.get_name(), one)));
    for (command, its) in commands {
        for argument in its.get_arguments() {
            let (Some(name), Some(option)) = (argument.get_env(), argument.get_long()) else {
                continue;
            };
            let name = name.to_string_lossy().into_owned();
            let option = (command.to_owned(), format!("--{option}"));
            match all.iter_mut().find(|one| one.name == name) {
                Some(known) => known.options.push(option),
                None => all.push(Variable {
                    name,
                    options: vec![option],
                    help: argument
                        .get_help()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                }),
            }
        }
    }
    // It has the option of MEILISEARCH_HOST, in whose place it comes.
    if let Some(host) = all.iter().find(|one| one.name == HOST) {
        let hosts = Variable {
            name: HOSTS.to_owned(),
            options: host.options.clone(),
            help: "several servers, with commas between them, instead of MEILISEARCH_HOST: a=http://one:7700,b=http://two:7700"
                .to_owned(),
        };
        all.push(hosts);
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

impl Variable {
    /// The option of it, the same for all commands.
    pub fn option(&self) -> &str {
        self.options.first().map_or("", |(_, option)| option)
    }

    /// The commands that have it, where not all do.
    pub fn commands(&self) -> Vec<&str> {
        let mut commands: Vec<&str> = self
            .options
            .iter()
            .map(|(command, _)| command.as_str())
            .collect();
        commands.dedup();
        commands.retain(|command| !command.is_empty());
        commands
    }
}

fn variables_text() -> String {
    let mut text =
        String::from("Each option has a variable; an option that is given counts more.\n");
    for variable in variables() {
        let option = match variable.option() {
            "" => String::new(),
            option => format!("  {option}"),
        };
        text.push_str(&format!(
            "\n{}{option}\n    {}\n",
            variable.name, variable.help
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn help(name: &str) -> String {
        let mut command = command();
        let one = command.find_subcommand_mut(name).unwrap();
        one.render_long_help().to_string()
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
        arranged().debug_assert();
    }

    #[test]
    fn a_commands_own_options_come_first_and_variables_are_in_one_place() {
        let sync = help("sync");
        let at = |text: &str| sync.find(text).unwrap_or_else(|| panic!("{text}: {sync}"));
        assert!(at("--compare <DEPTH>") < at("--watch") && at("--watch") < at("Connections:"));
        assert!(!sync.contains("[env"), "{sync}");
        assert!(help("environment").contains("BISAN_INDEXER_COMPARE_LIMIT  --compare-limit"));
    }

    #[test]
    fn no_form_is_shown_that_the_command_does_not_have() {
        assert!(!help("sync").contains("prometheus"));
        assert!(help("status").contains("prometheus") && !help("status").contains("junit"));
        assert!(help("smoke").contains("junit"));
    }
}

//! What a scope provides for, and whether any behaviour makes use of it: the commands of the scripts, the budgets of
//! faults, and the lifecycle rules. Each has a bit. Where the whole graph was visited, what no step used never happens.

use super::action::{Action, Class};
use super::state::Cluster;
use crate::cluster::moves::Move;
use crate::cluster::node_lifecycle;
use crate::scope::{Command, FAULTS, LIFECYCLE_RULES_MAX, Scope};

/// Something that a scope provides for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provided {
    /// A command of a script: the user, and the place in its script.
    Command(usize, usize),
    /// The budget of a fault: its place in [`FAULTS`].
    Fault(usize),
    /// A lifecycle rule.
    Rule(usize),
}

/// The first bit of the lifecycle rules; after them come the commands, at most 60.
const RULES: usize = FAULTS.len();
const COMMANDS: usize = RULES + LIFECYCLE_RULES_MAX;

/// What of the scope a step uses, as bits.
pub fn used(scope: &Scope, before: &Cluster, action: &Action, after: &Cluster) -> u128 {
    match (action.class(), action) {
        (Class::Fault, _) => {
            let budgets = before.budgets.to_array().into_iter().zip(after.budgets.to_array());
            bits(budgets.enumerate().filter(|(_, (had, has))| has < had).map(|(fault, _)| fault))
        }
        (Class::User, _) => {
            let users = before.users.iter().zip(&after.users).enumerate();
            let done = users.filter(|(_, (had, has))| has.done > had.done);
            bits(done.map(|(user, (had, _))| COMMANDS + commands_before(scope, user) + usize::from(had.done)))
        }
        (Class::System, Action::Lifecycle { node, variant }) => {
            let Some(node) = before.store.nodes.get(*node) else { return 0 };
            let moves = node_lifecycle::rule_moves(&before.store, scope, node);
            bits(moves.filter(|(_, one)| *one == Move::Lifecycle(node.name, *variant)).map(|(rule, _)| RULES + rule))
        }
        (Class::System, _) => 0,
    }
}

/// What `scope` provides for and no step used: of each script the first command, since those behind it wait for it.
pub fn unused(scope: &Scope, used: u128) -> Vec<Provided> {
    let is_unused = |bit: usize| used & (1 << bit) == 0;
    let commands = scope.users.iter().enumerate().filter_map(|(user, script)| {
        let first = COMMANDS + commands_before(scope, user);
        (0..script.len()).find(|command| is_unused(first + command)).map(|command| Provided::Command(user, command))
    });
    let budgets = scope.faults.to_array().into_iter().enumerate().filter(|(_, budget)| *budget > 0);
    let faults = budgets.map(|(fault, _)| fault).filter(|fault| is_unused(*fault)).map(Provided::Fault);
    let rules = (0..scope.lifecycle.len()).filter(|rule| is_unused(RULES + rule)).map(Provided::Rule);
    commands.chain(faults).chain(rules).collect()
}

/// How a thing is called in messages.
pub fn name(scope: &Scope, provided: Provided) -> String {
    match provided {
        Provided::Command(user, command) => {
            let command = crate::scope::command::write(scope, scope.users[user][command]);
            format!("command `{command}` of user {}", user + 1)
        }
        Provided::Fault(fault) => format!("fault {}", FAULTS[fault]),
        Provided::Rule(rule) => {
            let one = &scope.lifecycle[rule];
            let variant = |index: u8| &scope.variants[usize::from(index)];
            format!("lifecycle rule from {} to {}", variant(one.from), variant(one.to))
        }
    }
}

/// Commands in the scripts of the users before `user`.
fn commands_before(scope: &Scope, user: usize) -> usize {
    scope.users[..user].iter().map(Vec::<Command>::len).sum()
}

fn bits(of: impl Iterator<Item = usize>) -> u128 {
    of.fold(0, |bits, bit| bits | 1 << bit)
}

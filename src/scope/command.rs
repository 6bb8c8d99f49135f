//! The commands of users' scripts, as model files write them.

use super::types::{Cascade, Command, Scope};
use crate::text;

/// The names a command may use, in the order of their indices.
pub struct Names<'a> {
    /// Nodes.
    pub nodes: Vec<&'a str>,
    /// Node variants.
    pub variants: Vec<&'a str>,
    /// Templates.
    pub templates: Vec<&'a str>,
    /// By template: the strategy of a `DaemonSet` created with it, where the command names none.
    pub own_strategies: Vec<u8>,
    /// Strategies.
    pub strategies: Vec<&'a str>,
    /// `DaemonSet`s.
    pub daemon_sets: Vec<&'a str>,
}

/// The index of `name`.
pub fn position(names: &[&str], name: &str) -> Option<u8> {
    names.iter().position(|known| *known == name).and_then(|index| u8::try_from(index).ok())
}

/// The commands, for messages.
pub const GRAMMAR: &str = "create TEMPLATE [STRATEGY], apply TEMPLATE, restart TEMPLATE, strategy STRATEGY, annotate, \
undo [NUMBER], delete [background|foreground|orphan], delete-pod NODE, evict-pod NODE, unlabel-pod NODE, label-pod NODE, release-pod NODE, orphan-pod NODE TEMPLATE, \
copy-revision TEMPLATE, unlabelled-revision, strip-revision TEMPLATE, node NODE VARIANT, join NODE VARIANT, leave NODE, fill NODE, free NODE, \
terminate-namespace, wait; \
the first ones may end in `of DAEMONSET`";

/// Reads one command.
///
/// # Errors
///
/// A message that says what is wrong.
pub fn parse(text: &str, names: &Names<'_>) -> Result<Command, String> {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let find = |kind: &str, list: &[&str], name: &str| {
        position(list, name).ok_or_else(|| format!("no {kind} is called `{name}`; there are {}", list.join(", ")))
    };
    let ds = match words.iter().position(|word| *word == "of") {
        Some(at) if at + 2 == words.len() => {
            let name = words[at + 1];
            words.truncate(at);
            find("DaemonSet", &names.daemon_sets, name)?
        }
        _ => 0,
    };
    let node = |name: &str| find("node", &names.nodes, name);
    let variant = |name: &str| find("variant", &names.variants, name);
    let template = |name: &str| find("template", &names.templates, name);
    let strategy = |name: &str| find("strategy", &names.strategies, name);
    match words.as_slice() {
        ["create", name] => {
            let index = template(name)?;
            Ok(Command::Create(ds, index, names.own_strategies[usize::from(index)]))
        }
        ["create", name, with] => Ok(Command::Create(ds, template(name)?, strategy(with)?)),
        ["apply" | "restart", name] => Ok(Command::Apply(ds, template(name)?)),
        ["strategy", name] => Ok(Command::SetStrategy(ds, strategy(name)?)),
        ["annotate"] => Ok(Command::Annotate(ds)),
        ["undo"] | ["undo", "0"] => Ok(Command::Undo(ds, None)), // `--to-revision=0` is the default (UNDO-2)
        ["undo", number] => number
            .parse()
            .map(|number| Command::Undo(ds, Some(number)))
            .map_err(|_| format!("`{number}` is no revision number")),
        ["delete"] | ["delete", "background"] => Ok(Command::Delete(ds, Cascade::Background)),
        ["delete", "foreground"] => Ok(Command::Delete(ds, Cascade::Foreground)),
        ["delete", "orphan"] => Ok(Command::Delete(ds, Cascade::Orphan)),
        ["delete-pod" | "evict-pod", name] => Ok(Command::DeletePod(ds, node(name)?)),
        ["unlabel-pod", name] => Ok(Command::UnlabelPod(ds, node(name)?)),
        ["label-pod", name] => Ok(Command::LabelPod(ds, node(name)?)),
        ["release-pod", name] => Ok(Command::ReleasePod(ds, node(name)?)),
        ["orphan-pod", name, made_from] => Ok(Command::CreateOrphan(ds, node(name)?, template(made_from)?)),
        ["copy-revision", name] => Ok(Command::CopyRevision(ds, template(name)?)),
        ["strip-revision", name] => Ok(Command::StripRevision(ds, template(name)?)),
        ["terminate-namespace"] => Ok(Command::TerminateNamespace),
        ["unlabelled-revision"] => Ok(Command::CreateUnlabelledRevision(ds)),
        ["node", name, to] => Ok(Command::SetNode(node(name)?, variant(to)?)),
        ["join", name, to] => Ok(Command::Join(node(name)?, variant(to)?)),
        ["leave", name] => Ok(Command::Leave(node(name)?)),
        ["fill", name] => Ok(Command::SetRoom(node(name)?, false)),
        ["wait"] => Ok(Command::AwaitRest),
        ["free", name] => Ok(Command::SetRoom(node(name)?, true)),
        _ => Err(format!("`{text}` is no command; {}", meant(words.first().copied().unwrap_or_default()))),
    }
}

/// How a command is written that begins with `verb`, or with what was probably meant by it; else how all of them are.
fn meant(verb: &str) -> String {
    let forms = GRAMMAR.split_once("; ").map_or(GRAMMAR, |(forms, _)| forms).split(", ");
    let forms: Vec<(&str, &str)> = forms.map(|form| (form.split(' ').next().unwrap_or(form), form)).collect();
    let known = text::meant(verb, forms.iter().map(|(known, _)| *known));
    match forms.iter().find(|(form, _)| Some(*form) == known) {
        Some((known, form)) if *known == verb => format!("it is written `{form}`"),
        Some((_, form)) => format!("did you mean `{form}`?"),
        None => format!("there are {GRAMMAR}"),
    }
}

/// A command as a model file writes it: what [`parse`] reads.
pub fn write(scope: &Scope, command: Command) -> String {
    let template = |index: u8| &scope.templates[usize::from(index)].name;
    let strategy = |index: u8| &scope.strategies[usize::from(index)].name;
    let node = |index: u8| &scope.nodes[usize::from(index)].name;
    let variant = |index: u8| &scope.variants[usize::from(index)];
    let of = |ds: u8| match scope.daemon_sets.len() {
        1 => String::new(),
        _ => format!(" of {}", scope.daemon_sets[usize::from(ds)].name),
    };
    match command {
        Command::Create(ds, made_from, with) => format!("create {} {}{}", template(made_from), strategy(with), of(ds)),
        Command::Apply(ds, to) => format!("apply {}{}", template(to), of(ds)),
        Command::SetStrategy(ds, to) => format!("strategy {}{}", strategy(to), of(ds)),
        Command::Annotate(ds) => format!("annotate{}", of(ds)),
        Command::Undo(ds, None) => format!("undo{}", of(ds)),
        Command::Undo(ds, Some(number)) => format!("undo {number}{}", of(ds)),
        Command::Delete(ds, Cascade::Background) => format!("delete background{}", of(ds)),
        Command::Delete(ds, Cascade::Foreground) => format!("delete foreground{}", of(ds)),
        Command::Delete(ds, Cascade::Orphan) => format!("delete orphan{}", of(ds)),
        Command::DeletePod(ds, on) => format!("delete-pod {}{}", node(on), of(ds)),
        Command::UnlabelPod(ds, on) => format!("unlabel-pod {}{}", node(on), of(ds)),
        Command::LabelPod(ds, on) => format!("label-pod {}{}", node(on), of(ds)),
        Command::ReleasePod(ds, on) => format!("release-pod {}{}", node(on), of(ds)),
        Command::CreateOrphan(ds, on, made_from) => {
            format!("orphan-pod {} {}{}", node(on), template(made_from), of(ds))
        }
        Command::CopyRevision(ds, of_template) => format!("copy-revision {}{}", template(of_template), of(ds)),
        Command::StripRevision(ds, of_template) => format!("strip-revision {}{}", template(of_template), of(ds)),
        Command::CreateUnlabelledRevision(ds) => format!("unlabelled-revision{}", of(ds)),
        Command::TerminateNamespace => "terminate-namespace".to_owned(),
        Command::SetNode(name, to) => format!("node {} {}", node(name), variant(to)),
        Command::Join(name, to) => format!("join {} {}", node(name), variant(to)),
        Command::Leave(name) => format!("leave {}", node(name)),
        Command::SetRoom(name, false) => format!("fill {}", node(name)),
        Command::SetRoom(name, true) => format!("free {}", node(name)),
        Command::AwaitRest => "wait".to_owned(),
    }
}

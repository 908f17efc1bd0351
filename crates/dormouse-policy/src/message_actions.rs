//! The actions that AssignMessage and RaiseFault share: Add, AssignVariable, Copy, Remove and Set, executed in document
//! order (Apigee: "AssignMessage policy").

mod assign_variable;
mod copy;
mod remove;
mod selection;
mod set;
mod text;

pub(crate) use text::compile_template;

use crate::compile_context::CompileContext;
use assign_variable::AssignVariable;
use copy::Copy;
use dormouse_bundle::{Element, Problem};
use dormouse_flow::{InvalidHeader, MessageId, TemplateError, Text, Transaction, Unresolved, WriteError};
use remove::Remove;
use set::{Add, Set};

/// Actions in document order.
pub(crate) struct MessageActions(Vec<Action>);

enum Action {
    Add(Add),
    AssignVariable(Box<AssignVariable>),
    Copy(Copy),
    Remove(Remove),
    Set(Box<Set>),
}

/// Why an action failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ActionError {
    #[error("{0}")]
    Header(#[from] InvalidHeader),
    #[error("{0}")]
    Template(#[from] TemplateError),
    #[error("the resource {0} does not exist")]
    NoSuchResource(Text),
    #[error("failed to set variable {name}: {error}")]
    Variable { name: Text, error: WriteError },
}

impl MessageActions {
    /// Compiles the actions among the children of an element; other children are not this module's business.
    pub(crate) fn compile(
        parent: &Element,
        context: &CompileContext<'_>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let action = |element: &Element| {
            Some(match element.name.as_str() {
                "Add" => Action::Add(Add::compile(element, problems)),
                "AssignVariable" => {
                    Action::AssignVariable(Box::new(AssignVariable::compile(element, context, problems)?))
                }
                "Copy" => Action::Copy(Copy::compile(element, problems)),
                "Remove" => Action::Remove(Remove::compile(element, problems)),
                "Set" => Action::Set(Box::new(Set::compile(element, problems))),
                _ => return None,
            })
        };
        Self(parent.elements().filter_map(action).collect())
    }

    /// Executes the actions on a message.
    ///
    /// # Errors
    /// The first action that fails; what ran before it stays done.
    pub(crate) fn run(
        &self,
        transaction: &mut Transaction,
        target: MessageId,
        unresolved: Unresolved,
    ) -> Result<(), ActionError> {
        for action in &self.0 {
            match action {
                Action::Add(add) => add.run(transaction, target, unresolved)?,
                Action::AssignVariable(assign) => assign.run(transaction, unresolved)?,
                Action::Copy(copy) => copy.run(transaction, target),
                Action::Remove(remove) => remove.run(transaction, target),
                Action::Set(set) => set.run(transaction, target, unresolved)?,
            }
        }
        Ok(())
    }

    /// Whether there is a Set at all.
    pub(crate) fn has_set(&self) -> bool {
        self.0.iter().any(|action| matches!(action, Action::Set(_)))
    }
}

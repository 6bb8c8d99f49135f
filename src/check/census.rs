//! How many values each field of the state takes: what swells a state space.

use std::cmp::Reverse;
use std::hash::Hash;

use rustc_hash::{FxHashMap, FxHashSet};
use stateright::Model;

use super::error::CheckError;
use super::expand::Observer;
use super::options::Options;
use super::search::search;
use super::summary::Progress;
use super::verdict::Ending;
use super::{Bounded, Successors};

/// A model that tells the fields of its state.
pub trait Census: Model {
    /// Calls `visit` for each field with its name and its value, or a hash of it.
    ///
    /// A name that is visited several times in one state, such as a field of each pod, is counted as one field.
    fn fields(&self, state: &Self::State, visit: &mut dyn FnMut(&'static str, u64));
}

/// The distinct values of each field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CensusReport {
    /// How the run ended: unless it is the whole graph, there may be more values.
    pub ending: Ending,
    /// States that were reached.
    pub unique_states: u64,
    /// The fields, those with most values first, then by name.
    pub fields: Vec<FieldCount>,
}

/// The distinct values of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldCount {
    /// Name of the field.
    pub field: &'static str,
    /// Distinct values in all visited states.
    pub distinct_values: u64,
}

/// Visits the reachable states of `model` and counts the values of each field.
///
/// The values are kept in memory, beside what [`Limits::memory_bytes`](super::Limits::memory_bytes) counts.
///
/// # Errors
///
/// As [`check`](super::check).
///
/// # Panics
///
/// Passes on a panic of the model.
pub fn census<M>(
    model: &M,
    options: &Options,
    progress: &mut dyn FnMut(&Progress),
) -> Result<CensusReport, CheckError>
where
    M: Census + Successors + Bounded + Sync,
    M::State: Hash + Send + Sync,
{
    let observers = (0..options.threads.get())
        .map(|_| Values::default())
        .collect();
    let (summary, observers) = search(model, &[], options, observers, progress)?;
    let mut values = FxHashMap::<&'static str, FxHashSet<u64>>::default();
    for (field, more) in observers.into_iter().flat_map(|values| values.0) {
        values.entry(field).or_default().extend(more);
    }
    let mut fields: Vec<_> = values
        .into_iter()
        .map(|(field, values)| FieldCount {
            field,
            distinct_values: values.len() as u64,
        })
        .collect();
    fields.sort_by_key(|count| (Reverse(count.distinct_values), count.field));
    Ok(CensusReport {
        ending: summary.ending,
        unique_states: summary.unique_states,
        fields,
    })
}

#[derive(Default)]
struct Values(FxHashMap<&'static str, FxHashSet<u64>>);

impl<M: Census> Observer<M> for Values {
    fn observe(&mut self, model: &M, state: &M::State) {
        model.fields(state, &mut |field, value| {
            self.0.entry(field).or_default().insert(value);
        });
    }
}

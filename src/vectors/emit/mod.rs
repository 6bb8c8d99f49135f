//! Questions made from a model: what its controllers are shown in the states it reaches, in the schema of the vectors.
//!
//! So the real functions can be asked about exactly what the model meets. A *view* is what a question states: the stores of
//! a process, what it remembers, and what the API server has. Two states in which these are the same give one view.

pub mod collect;
pub mod line;
pub mod objects;
pub mod versions;

//! State, actions, and the stateright actors and model that put the hosts together.

//! Malicious plugins. `tests/hostile/README.md` lists what they try, what stops them and which test
//! shows it.

mod answers;
mod boundary;
mod budgets;
pub(crate) mod components;
pub(crate) mod composed;
mod cut_off;
mod floods;
mod handles;
mod memory;
mod remnants;
mod siege;
mod surroundings;
mod traps;
pub(crate) mod wat;

//! The pages of daily work: people, assignments, imports, pushes, tasks, usage and the trail, with an emulated org behind them.

mod assignments;
mod claims;
mod hostile;
mod imports;
mod lists;
mod people;
mod plans;
mod site;
mod tasks;
mod words;

//! Small histories: for each invariant one that breaks it, and one that is as near as can be.

mod any;
mod calls;
mod offsets;
mod runs;
mod story;
mod text;

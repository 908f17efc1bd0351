//! Scripts from outside: what they compute, what they may not do, and how they end.

mod hostile;
mod language;
mod support;

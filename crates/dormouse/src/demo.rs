//! The parts of the demo: the server as a child process, its clients, and the story.

mod bundle;
mod server;
mod story;
mod traffic;

pub(crate) use story::tell;

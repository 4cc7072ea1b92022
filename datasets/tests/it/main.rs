//! The crate from outside: bytes, files, a local server, and the published files where they are.

mod caching;
mod common;
mod fetching;
mod images;
mod library;
mod matrix;
mod parsing;
mod reading;
mod real_files;
mod registry;
mod resuming;
mod scene;
mod server;
mod surrogates;
mod tables;

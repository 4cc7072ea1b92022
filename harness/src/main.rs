//! The `harness` command. All it does is in the library of the same name.

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::threads::settle();
    harness::cmd::main()
}

//! Sees to it that no process of a contestant outlives the harness.

use std::process::{Child, Command, Stdio};

/// Gives a process a group of its own.
#[cfg(unix)]
pub(super) fn alone(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
pub(super) fn alone(_: &mut Command) {}

/// Kills a contestant's process group when it is told to, or when this process is gone, whatever became of it: a shell
/// that reads from a pipe whose other end this process holds.
pub(super) struct Guard {
    #[cfg(unix)]
    shell: Child,
}

#[cfg(unix)]
impl Guard {
    const SCRIPT: &str = "read -r _; kill -s KILL -- \"-$0\" 2>/dev/null; :";

    /// Watches over a process that was started [`alone`].
    pub(super) fn of(child: &Child) -> std::io::Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", Self::SCRIPT, &child.id().to_string()]);
        shell
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // What ends this process from a keyboard must not end it.
        alone(&mut shell);
        Ok(Self {
            shell: shell.spawn()?,
        })
    }

    /// Kills the group; a second time there is nothing to kill.
    pub(super) fn kill(&mut self) {
        drop(self.shell.stdin.take());
        self.shell.wait().ok();
    }
}

#[cfg(not(unix))]
impl Guard {
    pub(super) fn of(_: &Child) -> std::io::Result<Self> {
        Ok(Self {})
    }

    pub(super) fn kill(&mut self) {}
}

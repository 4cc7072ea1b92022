"""Injects faults into the program, and says what it made of them: `ci/faults.sh`."""

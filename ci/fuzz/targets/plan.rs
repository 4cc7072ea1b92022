#![no_main]
// Which plans there are is read before the clock of an input runs.
libfuzzer_sys::fuzz_target!(init: fuzz::plan(b"\xff"), |bytes: &[u8]| fuzz::plan(bytes));

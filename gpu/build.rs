//! Compiles the kernels: with the feature `cuda` for GPUs, with `emulated` for the CPU.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=kernels");
    #[cfg(feature = "cuda")]
    for_gpus();
    #[cfg(feature = "emulated")]
    for_the_cpu();
}

#[cfg(feature = "cuda")]
fn for_gpus() {
    use std::{env, path::Path};
    let out = env::var("OUT_DIR").expect("cargo says where");
    let ptx = cudaforge::KernelBuilder::new()
        .source_dir("kernels")
        .watch(["kernels"])
        .arg("-std=c++17")
        .arg("-O3")
        // Rounds as the CPU does.
        .arg("-fmad=false")
        .build_ptx()
        .expect("compiling the kernels");
    ptx.write(Path::new(&out).join("ptx.rs"))
        .expect("writing where the kernels are");
}

#[cfg(feature = "emulated")]
fn for_the_cpu() {
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .flag_if_supported("-ffp-contract=off")
        .flag_if_supported("-Wno-unknown-pragmas")
        .opt_level(2)
        .file("kernels/emulator.cpp")
        .compile("emulator");
}

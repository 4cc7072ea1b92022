//! Compiles the kernels where the feature `cuda` is on.

#[cfg(feature = "cuda")]
fn main() {
    use std::{env, path::Path};
    println!("cargo::rerun-if-changed=kernels");
    let out = env::var("OUT_DIR").expect("cargo says where");
    let ptx = cudaforge::KernelBuilder::new()
        .source_dir("kernels")
        .arg("-std=c++17")
        .arg("-O3")
        .build_ptx()
        .expect("compiling the kernels");
    ptx.write(Path::new(&out).join("ptx.rs"))
        .expect("writing where the kernels are");
}

#[cfg(not(feature = "cuda"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

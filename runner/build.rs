//! Builds the helper binary (runner/init) for inclusion: small, static, without what the outer build sets.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What cargo and its subcommands set for one package or for the outer build, and the nested one must not see.
const NOT_FOR_NESTED: [&str; 14] = [
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_FEATURE_",
    "CARGO_INCREMENTAL",
    "CARGO_LLVM_COV",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CLIPPY_ARGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
];

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            eprintln!("the helper binary cannot be built: {words}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let variable = |name: &str| env::var(name).map_err(|_| format!("cargo did not set {name}"));
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = manifest.parent().ok_or("the runner lies in no workspace")?;
    for part in ["runner/init", "pipeline/frame", "pipeline/mask"] {
        for watched in ["src", "Cargo.toml"] {
            println!("cargo:rerun-if-changed={}", workspace.join(part).join(watched).display());
        }
    }

    let target = variable("TARGET")?;
    let folder = Path::new(&variable("OUT_DIR")?).join("init");
    let mut cargo = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| NOT_FOR_NESTED.iter().any(|not| name.starts_with(not))) {
            cargo.env_remove(name);
        }
    }
    let status = cargo
        .current_dir(workspace)
        .args(["build", "--release", "--package", "dockercise-init", "--bin", "dockercise-init", "--target", &target])
        .arg("--target-dir")
        .arg(&folder)
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s")
        .env("CARGO_PROFILE_RELEASE_LTO", "fat")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "false")
        .status()
        .map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("cargo ended with {status}"));
    }
    let binary = folder.join(target).join("release/dockercise-init");
    println!("cargo:rustc-env=DOCKERCISE_INIT={}", binary.display());
    Ok(())
}

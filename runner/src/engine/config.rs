//! What containers are allowed, field by field; nothing of it comes from a pipeline (security.md, C).

use super::Limits;
use bollard::models::{
    HealthConfig, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions, MountVolumeOptionsDriverConfig, RestartPolicy,
    RestartPolicyNameEnum,
};
use std::collections::HashMap;

/// The helper binary in the helper image.
pub const INIT: &str = "/init";
/// How many processes and threads a step may have.
const STEP_PIDS: i64 = 4096;
/// How many a helper may have.
const HELPER_PIDS: i64 = 64;
/// The engine takes no less, in thousandths of a processor.
const LEAST_CPUS: u32 = 10;
/// The engine's weight of what is not limited, here of one processor.
const SHARES_OF_ONE: i64 = 1024;
/// Where memory runs out, a step ends before the engine and the runner do.
const STEP_OOM_SCORE: i64 = 500;
/// Docker's own set without NET_RAW, MKNOD, AUDIT_WRITE, SYS_CHROOT and SETFCAP.
const STEP_CAPABILITIES: [&str; 9] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID"];

/// Of a step.
pub fn step(network: String, mounts: Vec<Mount>, limits: Limits) -> HostConfig {
    let memory = i64::try_from(limits.memory).unwrap_or(i64::MAX);
    HostConfig {
        nano_cpus: Some(i64::from(limits.cpus.max(LEAST_CPUS)) * 1_000_000),
        // Where all want more than there is, each gets by what it has reserved.
        cpu_shares: Some(i64::from(limits.cpus.max(LEAST_CPUS)) * SHARES_OF_ONE / 1000),
        memory: Some(memory),
        // Of memory and swap together: so there is no swap.
        memory_swap: Some(memory),
        network_mode: Some(network),
        mounts: Some(mounts),
        pids_limit: Some(STEP_PIDS),
        oom_score_adj: Some(STEP_OOM_SCORE),
        ..contained(&STEP_CAPABILITIES)
    }
}

/// Of what a Dockerfile runs, as far as the builder takes limits.
pub struct BuildLimits {
    /// Microseconds.
    pub period: i32,
    /// Microseconds of processor time in a period.
    pub quota: i32,
    /// Bytes of memory, without swap; none where the client has no room for the figure (2 GiB and more).
    pub memory: Option<i32>,
}

/// See [`BuildLimits`].
pub fn build_limits(limits: Limits) -> BuildLimits {
    const PERIOD: i32 = 100_000;
    let quota = i64::from(limits.cpus.max(LEAST_CPUS)) * i64::from(PERIOD) / 1000;
    BuildLimits { period: PERIOD, quota: i32::try_from(quota).unwrap_or(i32::MAX), memory: i32::try_from(limits.memory).ok() }
}

/// Of a helper with these capabilities.
pub fn helper(capabilities: &[&str]) -> HostConfig {
    HostConfig { pids_limit: Some(HELPER_PIDS), readonly_rootfs: Some(true), ..contained(capabilities) }
}

fn contained(capabilities: &[&str]) -> HostConfig {
    HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(capabilities.iter().map(|&name| name.to_owned()).collect()),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        ipc_mode: Some("private".to_owned()),
        init: Some(false),
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        ..HostConfig::default()
    }
}

/// No health check, whatever the image wants.
pub fn no_health_check() -> HealthConfig {
    HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }
}

/// A volume that is there.
pub fn named_volume(name: &str, target: &str) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        source: Some(name.to_owned()),
        target: Some(target.to_owned()),
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), ..MountVolumeOptions::default() }),
        ..Mount::default()
    }
}

/// How Docker's local driver mounts a volume.
pub struct VolumeKind {
    kind: &'static str,
    device: String,
    options: String,
}

impl VolumeKind {
    /// A directory of the engine's host, as it is.
    pub fn directory(path: String) -> VolumeKind {
        VolumeKind { kind: "none", device: path, options: "bind".to_owned() }
    }

    /// A directory of the engine's host, to be read only. (The engine takes no read-only mark on a volume without a
    /// name, so the volume itself is mounted so.)
    pub fn directory_to_read(path: String) -> VolumeKind {
        VolumeKind { kind: "none", device: path, options: "bind,ro".to_owned() }
    }

    /// A copy-on-write view: what is written goes to `upper`. `lower` is highest first. Without `redirect_dir` a
    /// directory of a lower layer cannot be renamed; without `metacopy` a chown copies every file.
    pub fn overlay(lower: &[String], upper: &str, work: &str) -> VolumeKind {
        let lower = lower.join(":");
        let options = format!("lowerdir={lower},upperdir={upper},workdir={work},redirect_dir=on,metacopy=on");
        VolumeKind { kind: "overlay", device: "overlay".to_owned(), options }
    }

    /// Several directories as one, to be read only.
    pub fn overlay_to_read(lower: &[String]) -> VolumeKind {
        let options = format!("lowerdir={},redirect_dir=on,metacopy=on", lower.join(":"));
        VolumeKind { kind: "overlay", device: "overlay".to_owned(), options }
    }

    /// In memory.
    pub fn memory(options: &str) -> VolumeKind {
        VolumeKind { kind: "tmpfs", device: "tmpfs".to_owned(), options: options.to_owned() }
    }

    /// Length of the options: the kernel takes one page.
    pub fn options_length(&self) -> usize {
        self.options.len()
    }

    /// As the driver wants to be told.
    pub fn driver_options(self) -> HashMap<String, String> {
        [("type", self.kind.to_owned()), ("device", self.device), ("o", self.options)].map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// A volume without a name, which is made with its container and removed with it.
pub fn own_volume(kind: VolumeKind, target: &str, labels: HashMap<String, String>) -> Mount {
    Mount {
        typ: Some(MountType::VOLUME),
        target: Some(target.to_owned()),
        volume_options: Some(MountVolumeOptions {
            no_copy: Some(true),
            labels: Some(labels),
            driver_config: Some(MountVolumeOptionsDriverConfig { name: Some("local".to_owned()), options: Some(kind.driver_options()) }),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Nanoseconds of a tick of `/proc/PID/stat`: USER_HZ is 100 on all machines that Linux runs on today.
const TICK_NS: u64 = 10_000_000;

/// What the threads of this process have cost, and how much memory it has, at one moment. The default is what is known
/// where there is no `/proc`.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// Nanoseconds on a processor, by the name of the thread.
    cpu_ns: BTreeMap<String, u64>,
    /// Memory now and at its most since the last [`Sample::begin`], in KiB.
    pub(super) memory_kib: Option<(u64, u64)>,
}

impl Sample {
    /// Takes a sample.
    pub(super) fn take() -> Self {
        Self {
            cpu_ns: threads(),
            memory_kib: memory(),
        }
    }

    /// Takes a sample and lets the most of memory begin anew, where the system can.
    pub(super) fn begin() -> Self {
        // 5 resets VmHWM: proc_pid_clear_refs(5).
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self::take()
    }

    /// Nanoseconds that threads of this name have cost since an earlier sample.
    pub(super) fn cpu_of(&self, name: &str, earlier: &Self) -> u64 {
        let of = |sample: &Self| sample.cpu_ns.get(name).copied().unwrap_or(0);
        of(self).saturating_sub(of(earlier))
    }

    /// Nanoseconds that all threads have cost since an earlier sample.
    pub(super) fn cpu_of_all(&self, earlier: &Self) -> u64 {
        let all = self.cpu_ns.keys().map(|name| self.cpu_of(name, earlier));
        all.sum()
    }
}

/// The file system that holds a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileSystem {
    /// Its type, such as `ext4`.
    pub(super) kind: String,
    /// Where it is mounted.
    pub(super) mount: String,
}

impl FileSystem {
    /// The file system of `path`; `None` where the system does not say.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        Self::find(&fs::read_to_string("/proc/self/mountinfo").ok()?, &path)
    }

    /// Whether what is synced outlives a power cut, as far as the type tells: one in memory keeps nothing.
    pub(super) fn is_durable(&self) -> bool {
        !matches!(&*self.kind, "tmpfs" | "ramfs")
    }

    /// The mount with the longest path above `path`; of several at one place the last.
    fn find(mounts: &str, path: &Path) -> Option<Self> {
        let above = mounts.lines().filter_map(|line| {
            // 36 35 98:0 /root /mount options … - type source options: proc_pid_mountinfo(5).
            let (before, after) = line.split_once(" - ")?;
            let mount = unescaped(before.split(' ').nth(4)?);
            let kind = after.split(' ').next()?;
            path.starts_with(&mount).then(|| (mount, kind.to_owned()))
        });
        let (mount, kind) = above.max_by_key(|(mount, _)| mount.components().count())?;
        let mount = mount.display().to_string();
        Some(Self { kind, mount })
    }
}

/// Space, tab, newline and backslash stand as three octal digits.
fn unescaped(field: &str) -> PathBuf {
    let mut text = field.to_owned();
    for (code, sign) in [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ] {
        text = text.replace(code, sign);
    }
    text.into()
}

fn threads() -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return all;
    };
    for task in tasks.flatten() {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).ok();
        // A thread may end meanwhile.
        let Some(name) = read("comm") else { continue };
        let exact = read("schedstat").and_then(|text| of_schedstat(&text));
        let cpu_ns = exact.or_else(|| of_stat(&read("stat")?));
        *all.entry(name.trim_end().to_owned()).or_default() += cpu_ns.unwrap_or(0);
    }
    all
}

/// Nanoseconds on a processor: the first number. Kernels that do not count say 0.
fn of_schedstat(text: &str) -> Option<u64> {
    let ns = text.split(' ').next()?.parse().ok()?;
    (ns > 0).then_some(ns)
}

/// Fields 14 and 15 of proc_pid_stat(5), in ticks; the name before them may hold anything.
fn of_stat(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(") ")?;
    let ticks = rest.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|it| it.parse::<u64>().ok()).sum();
    Some(ticks * TICK_NS)
}

fn memory() -> Option<(u64, u64)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some((kib("VmRSS:")?, kib("VmHWM:")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_is_the_one_mounted_nearest_above() {
        let mounts = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:26 / /tmp rw,nosuid - tmpfs tmpfs rw,size=1g
31 22 8:1 / /data\\040of\\134us rw master:2 - xfs /dev/sda1 rw
32 22 8:2 / /tmp rw - btrfs /dev/sdb rw
";
        let of = |path: &str| FileSystem::find(mounts, Path::new(path)).unwrap();
        assert_eq!(of("/tmpfile").kind, "ext4");
        assert!(of("/tmpfile").is_durable());
        let hidden = of("/tmp/hazir.redb");
        assert_eq!((&*hidden.kind, &*hidden.mount), ("btrfs", "/tmp"));
        let spaced = of("/data of\\us/hazir");
        assert_eq!((&*spaced.kind, &*spaced.mount), ("xfs", "/data of\\us"));
        assert_eq!(FileSystem::find("", Path::new("/")), None);
        let first = mounts.lines().take(2).collect::<Vec<_>>().join("\n");
        let in_memory = FileSystem::find(&first, Path::new("/tmp/x")).unwrap();
        assert!(!in_memory.is_durable());
    }

    #[test]
    fn a_thread_is_known_by_its_name_and_what_it_cost() {
        let before = Sample::take();
        let work = || {
            let before = Sample::begin();
            let mut sum = 0_u64;
            while Sample::take().cpu_of("a thread", &before) == 0 {
                sum = (0..100_000).fold(sum, |sum, it| std::hint::black_box(sum ^ it));
            }
            (Sample::take(), sum)
        };
        let thread = std::thread::Builder::new().name("a thread".to_owned());
        let (after, _) = thread.spawn(work).unwrap().join().unwrap();
        let cost = after.cpu_of("a thread", &before);
        assert!(cost > 0 && cost <= after.cpu_of_all(&before));
        let (now, most) = after.memory_kib.unwrap();
        assert!(0 < now && now <= most);
    }

    #[test]
    fn ticks_are_read_behind_any_name() {
        let stat = "7 (a) b) R 1 2 3 4 5 6 7 8 9 10 25 5 0 0 20";
        assert_eq!(of_stat(stat), Some(300_000_000));
        assert_eq!(of_schedstat("123 4 5\n"), Some(123));
        assert_eq!(of_schedstat("0 0 0\n"), None);
    }
}

//! What others on this machine may see and reach of this program.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::Group;
use rustix::fs::Mode;
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, umask,
};

use super::config::{Config, Origin, PasswordFrom};
use super::files::{DIR_MODE, FILE_MODE};
use super::init::shell_quoted;
use super::place::Place;
use crate::words::Words;

/// What the owner alone may do with files and directories.
const UMASK: Mode = Mode::RWXG.union(Mode::RWXO);
/// Where a group's bits stand in a mode.
const OF_GROUP: u32 = 0o070;
const OF_ALL: u32 = 0o007;

/// Lets no core file be written, because a dump of memory holds keys, and makes every new file the owner's alone, the
/// libraries' too.
pub fn begin_closed() {
    umask(UMASK);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A limit may always be lowered.
    let _ = setrlimit(Resource::Core, none);
}

/// Hides the memory of this process, in which there are keys, from other processes and from collectors of core dumps, which
/// no limit stops.
pub fn hide_memory() {
    // Linux always can; where it could not, the limit of core files still stands.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Says what keeps the members of the socket's group from using it; nothing where no group is set.
pub fn shut_to_group(place: &Place, config: &Config, words: &Words) -> Option<String> {
    let name = config.site.socket_group.as_deref()?;
    let group = Group::from_name(name).ok().flatten()?;
    let lets = |path: &Path, bits: u32| {
        let metadata = path.metadata();
        metadata.is_ok_and(|metadata| lets_in(&metadata, group.gid.as_raw(), bits))
    };
    if lets(place.dir(), 0o011) && lets(&place.config(), 0o044) {
        return None;
    }
    let has_password = config.gateways.iter().any(|gateway| {
        matches!(
            &gateway.password,
            PasswordFrom::Inline(_, Origin::File { .. })
        )
    });
    let key = if has_password {
        "serve.shut_to_group_password"
    } else {
        "serve.shut_to_group"
    };
    let facts = [
        ("group", name),
        ("dir", &*shell_quoted(&place.dir().display().to_string())),
        ("file", &shell_quoted(&place.config().display().to_string())),
        ("dir_mode", &format!("{:o}", DIR_MODE | 0o010)),
        ("file_mode", &format!("{:o}", FILE_MODE | 0o040)),
    ];
    Some(words.say(key, &facts))
}

/// Whether members of the group may do what `bits`, of the group or of all, say.
fn lets_in(metadata: &Metadata, gid: u32, bits: u32) -> bool {
    let class = if metadata.gid() == gid {
        OF_GROUP
    } else {
        OF_ALL
    };
    metadata.mode() & bits & class != 0
}

//! Backup, verify and restore by the real binary.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use hazir::store::RedbStore;
use serde_json::{Value, json};

use super::super::fleet::{Fleet, unix_s};
use super::super::office::{Office, fast_configuration, now, stop};
use super::super::process::{Done, Process};
use super::super::smsc::SOON;
use super::names;

/// Changes the octets of a backup.
type Damage = fn(&mut Vec<u8>);

fn file(office: &Office, name: &str) -> String {
    let path = office.data.parent().unwrap().join(name);
    path.to_str().unwrap().to_owned()
}

fn assert_failed(done: &Done, code: i32, words: &[&str]) {
    assert_eq!(done.code, Some(code), "{}{}", done.out, done.err);
    for word in words {
        assert!(done.err.contains(word), "'{word}' is not in: {}", done.err);
    }
}

/// The whole road of a backup: made under load, looked at, put back, and what phones send again then.
#[test]
fn after_a_restore_what_comes_again_is_delayed_at_most_once_and_moves_nobody() {
    let office = Office::open_fast();
    let smsc = &office.smsc;
    let mut fleet = Fleet::new(office.staff(6));
    let engine = office.serve();
    let backup = file(&office, "first.backup");
    for place in 0..fleet.phones.len() {
        fleet.check_in(smsc, place, "before", false);
    }
    fleet.settle(smsc);
    let before = office.json(&["feed"]);
    let made = office.json(&["backup", &backup]).remove(0);
    assert_eq!(made["file"], *backup);
    assert!(made["rows"]["ledger"].as_u64() > Some(6), "{made}");
    // With a check-in after it, which the backup does not have.
    for place in 0..fleet.phones.len() {
        fleet.check_in(smsc, place, "after", false);
    }
    fleet.settle(smsc);
    let after = office.json(&["verify"]).remove(0);
    assert!(after["seq"].as_u64() > made["seq"].as_u64(), "{after}");
    assert_failed(&office.run(&["backup", &backup]), 1, &["--force"]);
    assert_failed(&office.run(&["restore", &backup]), 4, &["stop it first"]);
    let of_file = office.json(&["verify", &backup]).remove(0);
    assert_eq!(
        (&of_file["seq"], &of_file["copied_at"]),
        (&made["seq"], &made["at"])
    );
    office.stop(engine);

    let restored = office.json(&["restore", &backup]).remove(0);
    assert_eq!(
        (&restored["seq"], &restored["copied_at"]),
        (&made["seq"], &made["at"])
    );
    assert!(
        restored["kept_seq"].as_u64() > restored["seq"].as_u64(),
        "{restored}"
    );
    let kept = PathBuf::from(restored["kept"].as_str().unwrap());
    assert!(RedbStore::glance(&kept).is_ok());
    assert_eq!(office.json(&["feed"]), before);
    office.ok(&["verify"]);
    let people = office.json(&["people"]);

    // The gateway brings all again, twice: what the backup has is a copy, what it forgot is delayed.
    let engine = office.serve();
    for _ in 0..2 {
        for ((device, _), message) in &fleet.sealed {
            let phone = fleet.phones.iter().find(|phone| phone.device == *device);
            office.send(phone.unwrap(), &message.text);
        }
    }
    let feed = office.json(&["feed"]);
    let delayed = feed.iter().filter(|line| line["outcome"] == "recorded");
    let delayed: Vec<_> = delayed.filter(|line| line["delayed"] == true).collect();
    assert_eq!(delayed.len(), fleet.phones.len(), "{feed:#?}");
    assert!(delayed.iter().all(|line| line["note"] == "after"));
    let counted = feed
        .iter()
        .filter(|line| line["outcome"] == "recorded")
        .count();
    assert_eq!(counted, fleet.sealed.len());
    assert_eq!(office.json(&["people"]), people, "somebody moved");
    // A new check-in counts as ever, once the second of the restore is over.
    let until = unix_s(&restored["delayed_before"]) + 1;
    while i64::from(now()) <= until {
        std::thread::yield_now();
    }
    let mut phone = fleet.phones.remove(0);
    office.check_in(&mut phone, 1);
    assert_eq!(office.json(&["people"])[0]["state"], "in");
    office.ok(&["verify"]);
    stop(engine);
}

/// The journal has what came after the backup: nothing is forgotten, though the store's disk is gone.
#[test]
fn after_a_restore_with_the_journal_copies_stay_copies() {
    let office = Office::open_fast();
    let smsc = &office.smsc;
    let mut fleet = Fleet::new(office.staff(4));
    let backup = file(&office, "old.backup");
    office.ok(&["backup", &backup]);
    let engine = office.serve();
    for _ in 0..3 {
        for place in 0..fleet.phones.len() {
            fleet.check_in(smsc, place, "", false);
        }
        fleet.settle(smsc);
    }
    office.stop(engine);
    let feed = office.json(&["feed"]);
    let people = office.json(&["people"]);
    fs::write(office.data.join("hazir.redb"), "nothing is left").unwrap();
    let restored = office.json(&["restore", &backup, "--journal"]).remove(0);
    let journal = &restored["journal"];
    assert!(journal["records"].as_u64() >= Some(12), "{restored}");
    assert_eq!(
        (&journal["missing"], &journal["flaws"]),
        (&Value::Null, &json!([]))
    );
    assert!(
        restored["seq"].as_u64() > restored["backup_seq"].as_u64(),
        "{restored}"
    );
    office.ok(&["verify"]);
    assert_eq!(office.json(&["feed"]), feed);
    assert_eq!(office.json(&["people"]), people);
    let engine = office.serve();
    for ((device, _), message) in &fleet.sealed {
        let phone = fleet.phones.iter().find(|phone| phone.device == *device);
        office.send(phone.unwrap(), &message.text);
    }
    let again = office.json(&["feed"]);
    let recorded = again.iter().filter(|line| line["outcome"] == "recorded");
    assert_eq!(recorded.count(), fleet.sealed.len());
    assert!(
        again[feed.len()..]
            .iter()
            .all(|line| line["outcome"] == "duplicate")
    );
    assert_eq!(office.json(&["people"]), people, "somebody moved");
    stop(engine);
    // In words, and from a directory that is named.
    let journal = office.data.join("journal");
    let said = office.ok(&["restore", &backup, "--journal", journal.to_str().unwrap()]);
    for word in ["The backup of", "brought back", "It is kept as", "delayed"] {
        assert!(said.err.contains(word), "{word}: {}", said.err);
    }
}

/// The restore of those who know no other: `cp`.
#[test]
fn a_backup_that_was_put_in_place_by_hand_is_taken_as_restored() {
    let office = Office::open_fast();
    let mut fleet = Fleet::new(office.staff(1));
    let backup = file(&office, "b");
    office.ok(&["backup", &backup]);
    let engine = office.serve();
    fleet.check_in(&office.smsc, 0, "", false);
    fleet.settle(&office.smsc);
    office.stop(engine);
    fs::remove_dir_all(office.data.join("journal")).unwrap();
    fs::copy(&backup, office.data.join("hazir.redb")).unwrap();
    let mut engine = office.serve();
    assert!(engine.says("by hand", SOON), "{}", engine.err());
    let message = fleet.sealed.values().next().unwrap();
    office.send(&fleet.phones[0], &message.text);
    let feed = office.json(&["feed"]);
    assert_eq!(
        (feed.len(), &feed[0]["delayed"]),
        (1, &json!(true)),
        "{feed:?}"
    );
    assert_eq!(office.json(&["people"])[0]["state"], "out");
    assert_eq!(office.json(&["verify"])[0]["copied_at"], Value::Null);
    stop(engine);
    // Only once: what comes after it is no backup any more.
    let engine = office.serve();
    assert!(!engine.err().contains("by hand"), "{}", engine.err());
    stop(engine);
}

#[test]
fn a_backup_without_an_engine_is_as_good_and_a_damaged_one_changes_nothing() {
    let office = Office::open();
    office.staff(2);
    let backup = file(&office, "b");
    let said = office.ok(&["backup", &backup]).err;
    assert!(said.contains("whole backup"), "{said}");
    let verified = office.ok(&["verify", &backup]);
    assert!(verified.out.contains("employees"), "{}", verified.out);
    let whole = fs::read(&backup).unwrap();
    let store = fs::read(office.data.join("hazir.redb")).unwrap();

    let damages: [(Damage, i32); 4] = [
        (|octets| octets.truncate(octets.len() / 2), 5),
        (Vec::clear, 5),
        (|octets| octets[4_096..].fill(0x55), 5),
        (|octets| *octets = b"not a backup at all".to_vec(), 5),
    ];
    for (number, (damage, code)) in damages.into_iter().enumerate() {
        let mut octets = whole.clone();
        damage(&mut octets);
        fs::write(&backup, &octets).unwrap();
        let done = office.run(&["restore", &backup]);
        assert_eq!(done.code, Some(code), "{number}: {}", done.err);
        assert!(done.err.contains("nothing was changed"), "{}", done.err);
        assert_eq!(
            office.run(&["verify", &backup]).code,
            Some(code),
            "{number}"
        );
        assert_eq!(
            fs::read(office.data.join("hazir.redb")).unwrap(),
            store,
            "{number}"
        );
    }
    assert_failed(
        &office.run(&["restore", &file(&office, "none")]),
        1,
        &["none"],
    );
    fs::write(&backup, &whole).unwrap();
    // Under another key nothing could be opened.
    let key = office.data.join("keys/store.key");
    let ours = fs::read(&key).unwrap();
    fs::write(&key, "a5".repeat(32)).unwrap();
    assert_failed(&office.run(&["restore", &backup]), 8, &["store.key"]);
    fs::write(&key, ours).unwrap();
    assert!(
        !names(&office.data)
            .iter()
            .any(|name| name.contains(".new-"))
    );
    office.ok(&["restore", &backup]);
    assert_eq!(office.json(&["employee", "list"]).len(), 2);
}

#[test]
fn a_damaged_store_names_the_way_back_and_the_newest_backup() {
    let office = Office::open();
    office.staff(1);
    let directory = office.data.join("copies");
    fs::create_dir(&directory).unwrap();
    office.configure(&format!(
        "{}\n[backup]\ndirectory = \"copies\"\n",
        fast_configuration(office.smsc.port())
    ));
    let newest = directory.join("hazir-2026-11-20T0230.backup");
    office.ok(&["backup", newest.to_str().unwrap()]);
    let store = office.data.join("hazir.redb");
    let mut octets = fs::read(&store).unwrap();
    octets[4_096..].fill(0x55);
    fs::write(&store, &octets).unwrap();
    for command in [&["serve"][..], &["people"], &["verify"]] {
        let done = office.run(command);
        assert_failed(&done, 5, &["hazir verify", "T0230.backup", "--journal"]);
    }
    office.ok(&["restore", newest.to_str().unwrap()]);
    assert_eq!(office.json(&["people"]).len(), 1);
    let kept = names(&office.data);
    let kept = kept.iter().find(|name| name.contains("before-restore"));
    assert_eq!(fs::read(office.data.join(kept.unwrap())).unwrap(), octets);
}

/// Runs a command so that no file of it grows past `octets`: writes fail as on a full disk.
fn limited(office: &Office, octets: u64, args: &[&str]) -> Done {
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"trap "" XFSZ; ulimit -f "$0"; exec "$@""#])
        .arg((octets / 512).to_string())
        .arg(env!("CARGO_BIN_EXE_hazir"))
        .args(args)
        .arg("--data")
        .arg(&office.data);
    office.clean(&mut command);
    Process::start(&mut command).finish(SOON)
}

#[test]
fn a_full_disk_leaves_the_old_backup_and_nothing_half() {
    let office = Office::open();
    office.staff(3);
    let backup = file(&office, "b");
    office.ok(&["backup", &backup]);
    let before = fs::read(&backup).unwrap();
    let in_home = names(office.data.parent().unwrap());
    for octets in [0, 4_096, 32 << 10, 256 << 10] {
        // The store itself is not to grow: nothing is told to an engine.
        let done = limited(&office, octets, &["backup", &backup, "--force"]);
        if done.code != Some(0) {
            assert_eq!(done.code, Some(74), "{octets}: {}", done.err);
            assert_eq!(fs::read(&backup).unwrap(), before, "{octets}");
        }
        assert_eq!(names(office.data.parent().unwrap()), in_home, "{octets}");
        let done = limited(&office, octets, &["restore", &backup]);
        if done.code != Some(0) {
            assert_eq!(done.code, Some(74), "{octets}: {}", done.err);
        }
        assert!(
            !names(&office.data)
                .iter()
                .any(|name| name.contains(".new-"))
        );
        office.ok(&["verify"]);
    }
}

/// The engine writes with its own rights, which members of the socket's group do not have.
#[test]
fn a_member_of_the_group_names_no_file_to_write_to() {
    const ENGINE: u32 = 65_534;
    const MEMBER: u32 = 65_533;
    let office = Office::open();
    let is_root = rustix::process::geteuid().is_root();
    let home = office.data.parent().unwrap();
    let program = home.join("hazir");
    fs::copy(env!("CARGO_BIN_EXE_hazir"), &program).unwrap();
    let as_user = |user: u32, args: &[&str]| {
        let mut command = Command::new(&program);
        command.args(office.command(args).get_args());
        office.clean(&mut command);
        if is_root {
            command.uid(user).gid(ENGINE);
        }
        command
    };
    let group = if is_root {
        nix::unistd::Group::from_gid(ENGINE.into())
    } else {
        nix::unistd::Group::from_gid(nix::unistd::getegid())
    };
    let group = format!("site.socket_group={}", group.unwrap().unwrap().name);
    if is_root {
        own(home, ENGINE);
    }
    for (path, mode) in [(home, 0o750), (&office.data, 0o710)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let config = office.data.join("hazir.toml");
    fs::set_permissions(config, fs::Permissions::from_mode(0o640)).unwrap();
    let mut engine = Process::start(&mut as_user(ENGINE, &["serve", "--set", &group]));
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    let backup = file(&office, "b");
    let member = Process::start(&mut as_user(MEMBER, &["backup", &backup])).finish(SOON);
    if is_root {
        assert_failed(&member, 8, &["own user and root"]);
        assert!(!Path::new(&backup).exists());
        // What is not written may be looked at.
        let looked = Process::start(&mut as_user(MEMBER, &["verify"])).finish(SOON);
        assert_eq!(looked.code, Some(0), "{}", looked.err);
    } else {
        assert_eq!(member.code, Some(0), "{}", member.err);
    }
    let own = file(&office, "own");
    let done = Process::start(&mut as_user(ENGINE, &["backup", &own])).finish(SOON);
    assert_eq!(done.code, Some(0), "{}", done.err);
    stop(engine);
}

/// Without an engine at the hour, one is made soon after its start, and only one; the oldest go, but for what is of others.
#[test]
fn a_backup_of_the_night_that_was_missed_is_made_at_the_start_once() {
    let office = Office::open();
    office.staff(1);
    let directory = office.data.join("copies");
    fs::create_dir(&directory).unwrap();
    office.configure(&format!(
        "{}\n[backup]\ndirectory = \"copies\"\nkeep = 2\n",
        fast_configuration(office.smsc.port())
    ));
    let old = |name: &str| directory.join(format!("hazir-2026-11-{name}T0230.backup"));
    for name in ["10", "11"] {
        office.ok(&["backup", old(name).to_str().unwrap()]);
    }
    fs::write(old("09"), "not a backup").unwrap();
    fs::write(directory.join("hazir.backup"), "by hand").unwrap();
    let engine = office.serve();
    // The oldest goes once the new one is whole.
    let until = now() + 20;
    while old("10").exists() {
        assert!(now() < until, "{:?}", names(&directory));
        std::thread::yield_now();
    }
    let after = names(&directory);
    assert!(
        old("09").exists() && !old("10").exists() && old("11").exists(),
        "{after:?}"
    );
    stop(engine);
    let engine = office.serve();
    // It has looked by then.
    office.ok(&["verify"]);
    stop(engine);
    assert_eq!(names(&directory), after);
    let newest = after
        .iter()
        .rfind(|name| name.starts_with("hazir-"))
        .unwrap();
    office.ok(&["verify", directory.join(newest).to_str().unwrap()]);
}

fn own(path: &Path, user: u32) {
    std::os::unix::fs::lchown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path(), user);
        }
    }
}

//! Types that hold keys and passwords: wiped when they are dropped, and nothing prints them.

use std::path::Path;

use hazir::api::{EnrolKey, Enrolled};
use hazir::cli::Secret;
use hazir::gateway::Password;
use hazir::protocol::{DeviceKeys, MessageKey, RootKey, StoreKey};
use zeroize::ZeroizeOnDrop;

/// In the body of a type: it holds a secret itself.
const MATERIAL: [&str; 2] = ["[u8; 32]", "Zeroizing<"];
/// What crosses the socket, and so is written by serde.
const ON_THE_SOCKET: [&str; 2] = ["EnrolKey", "Enrolled"];

/// A type as its source says it.
struct Type {
    name: String,
    attributes: String,
    body: String,
}

/// The types of a source; what is compiled for tests only comes last in a file, and is left out.
fn types(source: &str) -> Vec<Type> {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines: Vec<&str> = source.lines().collect();
    let named = lines.iter().enumerate().filter_map(|(at, line)| {
        let mut words = line.split_whitespace();
        let mut word = words.next()?;
        if word.starts_with("pub") {
            word = words.next()?;
        }
        let name = words
            .next()
            .filter(|_| ["struct", "enum"].contains(&word))?;
        let name = name.split(['(', '<', '{', ';']).next()?;
        Some((at, name.to_owned()))
    });
    let whole = named.map(|(at, name)| {
        let before = lines[..at].iter().rev();
        let attributes: Vec<&str> = before
            .take_while(|line| !line.is_empty() && !line.starts_with('}'))
            .copied()
            .collect();
        let after = lines[at..].iter();
        let mut body: Vec<&str> = Vec::new();
        for line in after {
            body.push(line);
            if line.ends_with(';') || line.starts_with('}') {
                break;
            }
        }
        Type {
            name,
            attributes: attributes.join("\n"),
            body: body.join("\n"),
        }
    });
    whole.collect()
}

fn sources(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let all = paths.flat_map(|path| {
        if path.is_dir() {
            sources(&path)
        } else {
            vec![path]
        }
    });
    all.collect()
}

#[test]
fn whatever_holds_a_key_wipes_it_and_prints_it_nowhere() {
    let mut holders = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&src) {
        let source = std::fs::read_to_string(&path).unwrap();
        for one in types(&source) {
            if !MATERIAL.iter().any(|word| one.body.contains(word)) {
                continue;
            }
            let place = format!("{}: {}", path.display(), one.name);
            let wipes = one.attributes.contains("ZeroizeOnDrop");
            let held = one.body.contains("Zeroizing<");
            assert!(wipes || held, "{place} is not wiped");
            for printed in ["Debug", "Serialize"] {
                let derived = one.attributes.lines().any(|line| {
                    let mut words = line.split(|c: char| !c.is_alphanumeric());
                    line.contains("derive(") && words.any(|word| word == printed)
                });
                let crosses = printed == "Serialize" && ON_THE_SOCKET.contains(&&*one.name);
                assert!(!derived || crosses, "{place} has {printed}");
            }
            holders.push(one.name);
        }
    }
    for known in ["RootKey", "MessageKey", "StoreKey", "EnrolKey", "Enrolled"] {
        let found = holders.iter().any(|name| name == known);
        assert!(found, "{known} is not among {holders:?}");
    }
}

#[test]
fn the_types_of_secrets_are_wiped_by_the_compilers_word() {
    fn wiped<T: ZeroizeOnDrop>() {}
    wiped::<RootKey>();
    wiped::<MessageKey>();
    wiped::<DeviceKeys>();
    wiped::<StoreKey>();
    wiped::<Secret>();
    wiped::<Password>();
    wiped::<EnrolKey>();
    wiped::<Enrolled>();
}

#[test]
fn what_is_printed_of_a_key_says_nothing() {
    let key = EnrolKey::Root([0xA5; 32]);
    assert_eq!(format!("{key:?}"), "Root(..)");
    let enrolled = Enrolled {
        device: hazir::domain::DeviceId(7),
        employee: hazir::domain::EmployeeId(1),
        root_key: [0xA5; 32],
    };
    let said = format!("{enrolled:?}");
    assert!(!said.contains("165") && !said.contains("a5"), "{said}");
}

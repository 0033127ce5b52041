//! The judge of the floors: reads `src/**/*.rs` and fails on an import or a package outside the table below, which is
//! the one of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::tokens::{Token, Tokens};

/// What a floor may name.
struct Floor {
    name: &'static str,
    /// Modules of this crate below it.
    imports: &'static [&'static str],
    /// Packages, besides [`EVERYWHERE`].
    packages: &'static [&'static str],
}

const EVERYWHERE: &[&str] = &["bytes", "serde", "thiserror", "zeroize"];

const FLOORS: &[Floor] = &[
    Floor {
        name: "domain",
        imports: &[],
        packages: &["jiff", "rlibphonenumber"],
    },
    Floor {
        name: "api",
        imports: &["domain"],
        packages: &[],
    },
    Floor {
        name: "words",
        imports: &["domain", "api"],
        packages: &["toml"],
    },
    Floor {
        name: "protocol",
        imports: &["domain"],
        packages: &[
            "aes",
            "base64",
            "blake3",
            "cbc",
            "chacha20poly1305",
            "jiff",
            "rusmpp",
            "sha2",
        ],
    },
    Floor {
        name: "store",
        imports: &["domain"],
        packages: &["crc32c", "postcard", "redb", "rustix"],
    },
    Floor {
        name: "gateway",
        imports: &["domain", "protocol"],
        packages: &["rustls_native_certs", "tokio", "tokio_rustls", "tracing"],
    },
    Floor {
        name: "engine",
        imports: &["domain", "api", "protocol", "store"],
        packages: &["jiff", "tokio", "tracing"],
    },
    Floor {
        name: "ui",
        imports: &["domain", "api", "words"],
        packages: &[
            "crossterm",
            "jiff",
            "ratatui",
            "rustix",
            "tui_input",
            "unicode_normalization",
            "unicode_segmentation",
            "unicode_width",
        ],
    },
    Floor {
        name: "port",
        imports: &["domain", "api"],
        packages: &["nix", "postcard", "rustix", "tokio", "tracing"],
    },
    Floor {
        name: "practice",
        imports: &["domain", "protocol"],
        packages: &["rustix", "tokio"],
    },
];

/// The floor that may name everything.
const TOP: &str = "cli";

/// Packages that only some files of a floor may name: package, floor, how the path of such a file begins.
const ONLY_IN: &[(&str, &str, &str)] = &[
    ("redb", "store", "src/store/redb_store"),
    ("tokio", "engine", "src/engine/shell"),
    ("tokio_rustls", "gateway", "src/gateway/tls"),
    ("rustls_native_certs", "gateway", "src/gateway/tls"),
    ("crossterm", "ui", "src/ui/terminal"),
    ("rustix", "ui", "src/ui/terminal"),
    ("rustix", "practice", "src/practice/load"),
];

/// Of a floor, another one sees only these names: who looks, at what, which names.
const ONLY_NAMES: &[(&str, &str, &[&str])] = &[(
    "engine",
    "store",
    &[
        "Archive",
        "Batch",
        "GatewayCounters",
        "Loaded",
        "Meta",
        "Store",
        "StoreError",
    ],
)];

/// A source, with the path that it has below the package.
struct Source {
    path: String,
    text: String,
    /// It is compiled for tests only: packages do not count.
    test: bool,
}

fn judge(source: &Source, packages: &BTreeSet<String>) -> Vec<String> {
    let modules = modules_of(&source.path);
    let Some(name) = modules.first().filter(|name| *name != TOP) else {
        return Vec::new();
    };
    let Some(floor) = FLOORS.iter().find(|floor| floor.name == name) else {
        return vec![format!("{}: no floor '{name}' in the table", source.path)];
    };
    let tokens = Tokens::read(&source.text);
    let mut faults = BTreeSet::new();
    for at in 0..tokens.len() {
        let line = tokens.line(at);
        for path in tokens.crate_paths(at, modules.len()) {
            if let Some(fault) = judge_import(floor, &path) {
                faults.insert((line, fault));
            }
        }
        let in_test = source.test || tokens.is_test(at);
        let named = tokens
            .first_of_path(at)
            .filter(|name| packages.contains(*name));
        if let Some(package) = named.filter(|_| !in_test)
            && let Some(fault) = judge_package(floor, &source.path, package)
        {
            faults.insert((line, fault));
        }
    }
    let place = |(line, fault)| format!("{}:{line}: {fault}", source.path);
    faults.into_iter().map(place).collect()
}

fn judge_import(floor: &Floor, path: &[String]) -> Option<String> {
    let module = path.first()?;
    if module == floor.name {
        return None;
    }
    if !floor.imports.contains(&module.as_str()) {
        return Some(format!("{} does not see '{module}'", floor.name));
    }
    let (_, _, names) = ONLY_NAMES
        .iter()
        .find(|(who, whom, _)| *who == floor.name && whom == module)?;
    let name = path.get(1).map_or("self", String::as_str);
    let seen = names.contains(&name);
    (!seen).then(|| format!("{} does not see '{name}' of {module}", floor.name))
}

fn judge_package(floor: &Floor, path: &str, package: &str) -> Option<String> {
    if !EVERYWHERE.contains(&package) && !floor.packages.contains(&package) {
        return Some(format!("{} does not name '{package}'", floor.name));
    }
    let (_, _, only) = ONLY_IN
        .iter()
        .find(|(what, which, _)| *what == package && *which == floor.name)?;
    (!path.starts_with(only)).then(|| format!("only {only}* names '{package}'"))
}

/// The modules that a file stands for: `src/engine/core/time.rs` is `engine`, `core`, `time`.
fn modules_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    let inner = inner.trim_end_matches("/mod");
    match inner {
        "lib" | "main" => Vec::new(),
        _ => inner.split('/').map(str::to_owned).collect(),
    }
}

fn sources(package: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    let mut directories = vec![package.join("src")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).expect("a directory can be read") {
            let path = entry.expect("a directory can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    let texts: BTreeMap<PathBuf, String> = found
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a source can be read");
            (path, text)
        })
        .collect();
    let for_tests: Vec<PathBuf> = texts
        .iter()
        .flat_map(|(path, text)| {
            let own = path.with_extension("");
            let beside = path.parent().expect("a file stands in a directory");
            let is_mod = ["mod", "lib", "main"]
                .map(Path::new)
                .contains(&Path::new(own.file_name().expect("a file has a name")));
            let base = if is_mod { beside.to_owned() } else { own };
            let names = Tokens::read(text).test_files();
            names.into_iter().map(move |name| base.join(name))
        })
        .collect();
    texts
        .into_iter()
        .map(|(path, text)| {
            let test = for_tests
                .iter()
                .any(|test| path.with_extension("").starts_with(test));
            let path = path
                .strip_prefix(package)
                .expect("it stands below")
                .to_owned();
            let path = path
                .to_str()
                .expect("our paths are text")
                .replace('\\', "/");
            Source { path, text, test }
        })
        .collect()
}

fn packages(package: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(package.join("Cargo.toml")).expect("the manifest is there");
    let manifest: toml::Table = text.parse().expect("the manifest is TOML");
    let tables = ["dependencies", "dev-dependencies"];
    let named = tables
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table());
    named
        .flat_map(|table| table.keys().map(|name| name.replace('-', "_")))
        .collect()
}

#[test]
fn every_floor_sees_only_what_is_below_it() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages = packages(package);
    let sources = sources(package);
    assert!(
        sources.len() > 20 && packages.contains("tokio"),
        "the sources are not there"
    );
    let faults: Vec<_> = sources.iter().flat_map(|s| judge(s, &packages)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        let known = [
            "tokio",
            "redb",
            "serde",
            "jiff",
            "rusmpp",
            "serde_json",
            "bytes",
        ];
        let packages = known.map(str::to_owned).into_iter().collect();
        let source = Source {
            path: path.to_owned(),
            text: text.to_owned(),
            test: false,
        };
        judge(&source, &packages)
    }

    fn assert_faults(path: &str, text: &str, expected: &[&str]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|fault| format!("{path}:{fault}"))
            .collect();
        assert_eq!(faults(path, text), expected, "{text}");
    }

    #[test]
    fn what_stands_in_the_table_passes() {
        for (path, text) in [
            (
                "src/domain/time.rs",
                "use serde::Serialize;\nuse super::Seq;",
            ),
            (
                "src/protocol/smpp/mod.rs",
                "use rusmpp::Pdu;\nuse crate::domain::{Seq, Millis};",
            ),
            (
                "src/engine/core.rs",
                "use crate::store::{Batch, Store};\nuse crate::engine::x::Y;",
            ),
            ("src/engine/shell.rs", "fn f() { tokio::select! {} }"),
            ("src/engine/shell/clock.rs", "use tokio::time;"),
            ("src/store/redb_store.rs", "use redb::Database;"),
            (
                "src/cli/mod.rs",
                "use crate::engine::x;\nuse tokio::net;\nuse crate::store::anything;",
            ),
            ("src/main.rs", "fn main() { hazir::cli::run() }"),
            ("src/lib.rs", "pub mod api;"),
            (
                "src/port/mod.rs",
                "use crate::api::Event; // crate::engine is not seen\n",
            ),
            (
                "src/api/mod.rs",
                "const WORDS: &str = \"crate::engine::X tokio::spawn\";",
            ),
            (
                "src/api/mod.rs",
                "const RAW: &str = r#\"\" tokio::spawn\"#; const C: char = '\"';",
            ),
            (
                "src/api/mod.rs",
                "/* tokio::a /* crate::engine */ redb::b */ fn f<'a>(x: &'a str) {}",
            ),
            (
                "src/api/mod.rs",
                "fn f(x: X) { x.tokio::<u8>(); self::tokio::f(); }",
            ),
            (
                "src/api/a.rs",
                "#[cfg(test)]\nmod tests { use serde_json::Value; use super::super::b; }",
            ),
        ] {
            assert_eq!(faults(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn an_import_of_a_floor_above_or_beside_is_found() {
        assert_faults(
            "src/domain/time.rs",
            "\n\nuse crate::api::Event;",
            &["3: domain does not see 'api'"],
        );
        assert_faults(
            "src/gateway/link.rs",
            "fn f() -> crate::store::Batch { todo() }",
            &["1: gateway does not see 'store'"],
        );
        assert_faults(
            "src/port/mod.rs",
            "use crate::{\n    api::{Event, Reply},\n    engine::Core,\n};",
            &["1: port does not see 'engine'"],
        );
        assert_faults(
            "src/api/a/b.rs",
            "use super::super::super::protocol::Frame;\nuse super::super::domain;",
            &["1: api does not see 'protocol'"],
        );
        assert_faults(
            "src/api/a.rs",
            "mod inner { use super::super::super::words::Words; }",
            &["1: api does not see 'words'"],
        );
        assert_faults(
            "src/words/mod.rs",
            "#[cfg(test)]\nmod tests {\n    use crate::cli::run;\n}",
            &["3: words does not see 'cli'"],
        );
        assert_faults("src/news/mod.rs", "", &[" no floor 'news' in the table"]);
    }

    #[test]
    fn the_engine_sees_only_the_trait_of_the_store() {
        assert_faults(
            "src/engine/core.rs",
            "use crate::store::{Batch, RedbStore};\nuse crate::store;",
            &[
                "1: engine does not see 'RedbStore' of store",
                "2: engine does not see 'self' of store",
            ],
        );
    }

    #[test]
    fn a_package_outside_the_table_is_found() {
        assert_faults(
            "src/domain/a.rs",
            "fn f() { let t = jiff::now(); ::tokio::spawn(t); }\nuse redb;",
            &[
                "1: domain does not name 'tokio'",
                "2: domain does not name 'redb'",
            ],
        );
        assert_faults(
            "src/engine/core.rs",
            "#[tokio::main]\nfn f() {}",
            &["1: only src/engine/shell* names 'tokio'"],
        );
        assert_faults(
            "src/store/rows.rs",
            "use redb::TableDefinition;",
            &["1: only src/store/redb_store* names 'redb'"],
        );
        assert_faults(
            "src/api/a.rs",
            "#[cfg(test)]\nmod tests { use serde_json::Value; }\nfn f(v: serde_json::Value) {}",
            &["3: api does not name 'serde_json'"],
        );
        assert_faults(
            "src/api/a.rs",
            "#[cfg(not(test))]\nmod a { use serde_json::Value; }",
            &["2: api does not name 'serde_json'"],
        );
    }

    #[test]
    fn a_file_for_tests_is_told_by_its_declaration() {
        let text = "#[cfg(test)]\nmod fixtures;\n#[cfg(test)]\nmod tests { mod deep; }\nmod real;";
        assert_eq!(Tokens::read(text).test_files(), ["fixtures"]);
    }

    #[test]
    fn tokens_know_their_lines() {
        let tokens = Tokens::read("a\n/* \n */ b\n\"x\ny\" c");
        let lines: Vec<_> = (0..tokens.len())
            .filter(|&at| matches!(tokens.get(at), Some(Token::Word(_))))
            .map(|at| tokens.line(at))
            .collect();
        assert_eq!(lines, [1, 3, 5]);
    }
}

//! PROTOCOL section 3, "SMPP 3.4, as gateways really speak it": every numbered point has tests whose names begin with
//! `point_` and its number. A real link with a real engine and store behind it speaks to a scripted peer; what needs the
//! real binary, or other people's programs, stands in `points_binary` and in the modules of the peers.

mod addresses;
mod house;
mod inbound;
mod link;
mod outbound;
mod points_binary;
mod reports;
mod wire;

use std::path::Path;

/// How many numbered points the section has.
const POINTS: usize = 14;

#[test]
fn every_numbered_point_has_a_test_that_names_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/gateways");
    let files = std::fs::read_dir(folder).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let texts = texts.collect::<Vec<_>>().concat();
    for point in 1..=POINTS {
        let begin = format!("fn point_{point:02}_");
        assert!(texts.contains(&begin), "no test begins with '{begin}'");
    }
}

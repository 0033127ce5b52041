//! Rows and chunks as they stand on disk.

use hazir::store::for_tests::{KINDS, chunk_of, chunk_rows, row_again};

use super::choice;

/// What is read of any content is written as a row that reads the same, and is no longer than it was. The rows of a chunk
/// come back.
pub fn run(octets: &[u8]) {
    let (kind, rest) = choice(octets);
    let (version, content) = choice(rest);
    for kind in [kind, kind % KINDS] {
        if let Some(row) = row_again(kind, version, content) {
            let (today, again) = (row[0], &row[1..row.len() - 4]);
            assert!(version <= today);
            if version == today {
                assert!(again.len() <= content.len());
            }
            assert_eq!(row_again(kind, today, again), Some(row.clone()));
            assert_eq!(row_again(kind, today + 1, again), None);
        }
    }
    let first = u64::from(version);
    if let Some(rows) = chunk_rows(first, content) {
        let rises = rows.is_sorted_by(|(one, _), (next, _)| one < next);
        if rises && rows.first().is_some_and(|(number, _)| *number == first) {
            let again = chunk_of(&rows).expect("there is a row");
            assert!(again.len() <= content.len());
            assert_eq!(chunk_rows(first, &again), Some(rows));
        }
    }
}

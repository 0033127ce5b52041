//! What is said on the socket.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use hazir::port::PortError;
use hazir::port::for_tests::{End, words_again};

use super::choice;

/// Words are the same wherever their octets were cut, and what was read is written as a word that reads the same. What is none
/// ends the connection and nothing else.
pub fn run(octets: &[u8]) {
    let (at, stream) = choice(octets);
    let (head, tail) = stream.split_at(usize::from(at).min(stream.len()));
    for end in [End::Client, End::Server] {
        let (words, fault) = read(end, [stream, &[]]);
        let (in_two, fault_in_two) = read(end, [head, tail]);
        assert_eq!(in_two, words);
        assert_eq!(fault_in_two.is_some(), fault.is_some());
        assert!(
            matches!(fault, None | Some(PortError::Foreign)),
            "{fault:?}"
        );
        let again = words.concat();
        assert!(again.len() <= stream.len());
        let (same, fault) = read(end, [&again, &[]]);
        assert_eq!(same, words);
        assert!(fault.is_none(), "{fault:?}");
    }
    // What stands in a word that fits a frame.
    let length = u32::try_from(stream.len()).expect("it is short");
    let framed = [&length.to_le_bytes(), stream].concat();
    for end in [End::Client, End::Server] {
        let (words, _) = read(end, [&framed, &[]]);
        let (same, _) = read(end, [&words.concat(), &[]]);
        assert_eq!(same, words);
    }
}

/// Octets that are all there are read at once.
fn read(end: End, octets: [&[u8]; 2]) -> (Vec<Vec<u8>>, Option<PortError>) {
    let mut reading = pin!(words_again(end, octets));
    match reading
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(read) => read,
        Poll::Pending => unreachable!("nothing is waited for"),
    }
}

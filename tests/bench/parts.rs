//! What the parts of a check-in's way cost: `cargo bench --bench parts`.
//!
//! Whether the portable ciphers of `.cargo/config.toml` are the faster ones on a machine is seen by running it once as it is
//! and once with `RUSTFLAGS=` in front, which turns them off.

use divan::Bencher;
use hazir::domain::{Action, Counter, DeviceId, Millis};
use hazir::protocol::{
    Attendance, DeviceKeys, Header, Kind, Padding, RootKey, envelope, frame, text,
};

fn main() {
    divan::main();
}

/// A check-in with its keys.
fn check_in() -> (DeviceKeys, Vec<u8>) {
    let keys = DeviceKeys::derive(&RootKey::from_octets([7; 32]));
    let content = Attendance {
        action: Action::In,
        claimed_at: Millis::from_unix_s(1_795_161_600),
        note: "at the client's".to_owned(),
    };
    let plaintext = content.encode(Padding::Phone).expect("a short note");
    let header = Header {
        kind: Kind::ATTENDANCE,
        device: DeviceId(7),
        counter: Counter(1),
    };
    let sealed = envelope::seal(&keys.to_desk, header, [9; 12], &plaintext);
    (keys, sealed)
}

#[divan::bench]
fn open_an_envelope(bencher: Bencher<'_, '_>) {
    let (keys, sealed) = check_in();
    bencher.bench(|| envelope::open(&keys.to_desk, divan::black_box(&sealed)));
}

#[divan::bench]
fn seal_an_answer(bencher: Bencher<'_, '_>) {
    let (keys, _) = check_in();
    let header = Header {
        kind: Kind::ANSWER,
        device: DeviceId(7),
        counter: Counter(1),
    };
    bencher.bench(|| envelope::seal(&keys.to_device, header, [9; 12], divan::black_box(&[5; 30])));
}

#[divan::bench]
fn find_a_frame(bencher: Bencher<'_, '_>) {
    let body = frame::encode(&check_in().1);
    bencher.bench(|| text::find_envelope(divan::black_box(body.as_bytes()), 0));
}

#[divan::bench]
fn derive_the_keys_of_a_device(bencher: Bencher<'_, '_>) {
    let root = RootKey::from_octets([7; 32]);
    bencher.bench(|| DeviceKeys::derive(divan::black_box(&root)));
}

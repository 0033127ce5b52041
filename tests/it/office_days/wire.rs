//! Connections between gateways and the desk: octets that arrive late and in pieces, that stop, and that are cut off.

use super::faults::{Kind, subject};
use super::world::{Happening, Octets, World};

/// A piece of a split write comes so long after the one before.
const PIECE_MS: i64 = 30;
/// Octets of a PDU without a body.
const HEADER: usize = 16;
/// Pieces that a write is split into at most.
const PIECES: usize = 16;

/// One direction of a connection.
#[derive(Clone, Debug, Default)]
struct Way {
    /// When the last octet arrives.
    last_at: i64,
    /// Nothing arrives before.
    not_before: i64,
    /// It is cut after so many octets more.
    cut_after: Option<u64>,
    writes: u64,
}

/// A connection.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// Which of all that there were.
    pub id: u32,
    /// Whether anything still passes.
    pub is_dead: bool,
    /// Until when the desk's end takes no octets.
    pub full_until: i64,
    ways: [Way; 2],
}

impl Wire {
    /// A connection that was just opened.
    pub fn open(id: u32) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// It is cut after so many octets more.
    pub fn cut_after(&mut self, up: bool, octets: u64) {
        self.ways[usize::from(up)].cut_after = Some(octets);
    }

    /// Nothing arrives until then.
    pub fn stall(&mut self, until: i64) {
        for way in &mut self.ways {
            way.not_before = way.not_before.max(until);
        }
    }
}

impl World {
    /// Puts octets on a wire, up to the gateway or down to the desk.
    pub fn put(&mut self, link: usize, id: u32, up: bool, mut octets: Vec<u8>) {
        let (tick, latency) = (self.tick, self.ways.latency_ms);
        let wire = &mut self.wires[link];
        if wire.id != id || wire.is_dead || octets.is_empty() {
            return;
        }
        let way = &mut wire.ways[usize::from(up)];
        way.writes += 1;
        let about = subject(u64::from(id), way.writes, u64::from(up));
        let length = octets.len() as u64;
        let cut = way.cut_after.filter(|after| *after <= length);
        way.cut_after = way.cut_after.map(|after| after.saturating_sub(length));
        if let Some(after) = cut {
            octets.truncate(usize::try_from(after).unwrap());
        }
        let mut at = (tick + latency).max(way.last_at).max(way.not_before);
        let mut each = octets.len().max(1);
        // What is nothing but a header is left whole: links that are asked often would do little else.
        if octets.len() > HEADER && self.strikes(Kind::Split, about) {
            let pieces = 2 + self.faults.numbers(40, about).below(PIECES as u64 - 1);
            each = each.div_ceil(usize::try_from(pieces).unwrap());
        }
        for (count, piece) in octets.chunks(each).enumerate() {
            at += if count == 0 { 0 } else { PIECE_MS };
            let piece = Octets(piece.to_vec());
            let happening = if up {
                Happening::ToSmsc(link, id, piece)
            } else {
                Happening::ToDesk(link, id, piece)
            };
            self.at(at, happening);
        }
        self.wires[link].ways[usize::from(up)].last_at = at;
        if cut.is_some() {
            self.cut(link);
        }
    }

    /// One end closes: the other hears of it after all that was written.
    pub fn hang_up(&mut self, link: usize, id: u32, up: bool) {
        let wire = &mut self.wires[link];
        if wire.id != id || wire.is_dead {
            return;
        }
        let way = &wire.ways[usize::from(up)];
        let at = (self.tick + self.ways.latency_ms).max(way.last_at);
        let at = at.max(way.not_before);
        self.at(
            at,
            if up {
                Happening::ClosedAtSmsc(link, id)
            } else {
                Happening::ClosedAtDesk(link, id)
            },
        );
    }

    /// The connection breaks, and both ends are told.
    pub fn cut(&mut self, link: usize) {
        let id = self.wires[link].id;
        self.hang_up(link, id, true);
        self.hang_up(link, id, false);
        self.wires[link].is_dead = true;
    }

    /// The connection breaks, and nobody is told; the gateway finds out after a while.
    pub fn go_silent(&mut self, link: usize) {
        let wire = &mut self.wires[link];
        if !std::mem::replace(&mut wire.is_dead, true) {
            let id = wire.id;
            let about = subject(u64::from(id), 0, 0);
            let after = self.faults.numbers(41, about).below(90_000);
            let after = i64::try_from(after).unwrap();
            self.later(after, Happening::ClosedAtSmsc(link, id));
        }
    }
}

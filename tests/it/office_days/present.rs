//! Who is present, reckoned from the rows of the ledger by other means than the engine's.

use std::collections::BTreeMap;

use hazir::domain::{Action, DeviceId, EmployeeId, MarkRow, MessageRow, Millis, Seq};
use hazir::engine::Now;

/// What counts for presence.
#[derive(Debug, Default)]
pub struct Presences {
    /// The highest counter of each device that counts.
    highest: BTreeMap<DeviceId, u16>,
    /// In the order of the ledger, without what was taken back.
    placed: BTreeMap<EmployeeId, Vec<Present>>,
    /// When somebody came, by the records that count, without what was taken back.
    came: BTreeMap<EmployeeId, Vec<(Seq, Millis)>>,
}

#[derive(Copy, Clone, Debug)]
struct Present {
    seq: Seq,
    /// The office's clock when it was placed.
    placed_at: Millis,
    action: Action,
    at: Millis,
    /// Which device's counter orders it, where one does.
    device: Option<DeviceId>,
}

impl Presences {
    /// What somebody did last since `day_start`.
    pub fn present(&self, employee: EmployeeId, day_start: Millis) -> Option<(Action, Millis)> {
        let placed = self.placed.get(&employee)?.iter();
        let present = placed.copied().reduce(Present::then)?;
        (present.at >= day_start).then_some((present.action, present.at))
    }

    /// When somebody first came since `day_start`.
    pub fn first_in(&self, employee: EmployeeId, day_start: Millis) -> Option<Millis> {
        let came = self.came.get(&employee)?.iter().map(|(_, at)| *at);
        came.filter(|at| *at >= day_start).min()
    }

    /// Takes a record.
    #[expect(
        clippy::too_many_arguments,
        reason = "what a record says, taken apart once"
    )]
    pub fn record(
        &mut self,
        now: Now,
        seq: Seq,
        row: &MessageRow,
        device: DeviceId,
        counter: u16,
        action: Action,
        at: Millis,
    ) {
        let Some(employee) = row.employee else {
            return;
        };
        if action == Action::In && !row.delayed {
            self.came.entry(employee).or_default().push((seq, at));
        }
        let highest = self.highest.entry(device).or_default();
        if row.delayed || counter <= *highest {
            return;
        }
        *highest = counter;
        self.placed.entry(employee).or_default().push(Present {
            seq,
            placed_at: now.wall,
            action,
            at,
            device: Some(device),
        });
    }

    /// Takes a mark by hand.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn mark(&mut self, now: Now, seq: Seq, row: &MarkRow) -> Result<(), String> {
        let placed = self.placed.entry(row.employee).or_default();
        let came = self.came.entry(row.employee).or_default();
        if let Some(gone) = row.reverses {
            let before = placed.len();
            placed.retain(|present| present.seq != gone);
            came.retain(|(seq, _)| *seq != gone);
            if placed.len() + 1 != before {
                return Err(format!("3: taken back twice: {row:?}"));
            }
            return Ok(());
        }
        if row.action == Action::In {
            came.push((seq, row.at));
        }
        placed.push(Present {
            seq,
            placed_at: now.wall,
            action: row.action,
            at: row.at,
            device: None,
        });
        Ok(())
    }
}

impl Present {
    /// Which of two counts once the second was placed.
    fn then(self, new: Self) -> Self {
        let by_counter = self.device.is_some() && self.device == new.device;
        let of_the_future = self.at.ms_since(new.placed_at) > Millis::MINUTE;
        if !by_counter && !of_the_future && new.at < self.at {
            self
        } else {
            new
        }
    }
}

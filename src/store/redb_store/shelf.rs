//! Rows in chunks in a table.

use std::ops::{ControlFlow, Range};

use redb::{ReadableTable, Table};

use super::fault::Fault;
use crate::store::chunk::{self, Rows, Writer};
use crate::store::rows::{Row, RowKey, decode, encode_to};

/// Rows that are to be written, by rising number. What it holds of memory is used again.
#[derive(Debug, Default)]
pub(super) struct Changes {
    octets: Vec<u8>,
    /// `None` removes.
    rows: Vec<(u64, Option<Range<usize>>)>,
    writer: Writer,
    old: Vec<u8>,
}

impl Changes {
    pub(super) fn clear(&mut self) {
        self.octets.clear();
        self.rows.clear();
    }

    /// Adds a row; its number is above those before it.
    pub(super) fn put<R: Row>(&mut self, number: u64, key: RowKey, row: &R) -> Result<(), Fault> {
        let from = self.octets.len();
        encode_to(&mut self.octets, key, row)?;
        self.rows.push((number, Some(from..self.octets.len())));
        Ok(())
    }

    /// Adds a row that was written before.
    pub(super) fn put_octets(&mut self, number: u64, row: &[u8]) {
        let from = self.octets.len();
        self.octets.extend_from_slice(row);
        self.rows.push((number, Some(from..self.octets.len())));
    }

    /// Adds that a row is no more, where it ever was.
    pub(super) fn remove(&mut self, number: u64) {
        self.rows.push((number, None));
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes them to the chunks of `kind`.
    pub(super) fn write(
        &mut self,
        table: &mut Table<'_, (u8, u64), &'static [u8]>,
        kind: u8,
    ) -> Result<(), Fault> {
        let Self {
            octets,
            rows,
            writer,
            old,
        } = self;
        let mut rows = rows.as_slice();
        while let Some((number, row)) = rows.first() {
            let number = *number;
            let (first, next) = around(&*table, kind, number, old)?;
            let last = first.map(|first| last_of(kind, first, old)).transpose()?;
            let is_after = last.is_none_or(|last| last < number);
            if is_after && row.is_none() {
                rows = rows.get(1..).unwrap_or_default();
                continue;
            }
            let len = row.as_ref().map_or(0, Range::len);
            let first = first.filter(|_| !is_after || chunk::has_room(old.len(), len));
            let many = match next {
                Some(next) => rows.partition_point(|(number, _)| *number < next),
                None => rows.len(),
            };
            let (group, after) = rows.split_at(many);
            rows = after;
            let group = group.iter().map(|(number, row)| {
                let octets = row.as_ref().map(|row| octets.get(row.clone()));
                (*number, octets.map(Option::unwrap_or_default))
            });
            merge(
                table,
                kind,
                first.map(|first| (first, &**old)),
                group,
                writer,
            )?;
        }
        Ok(())
    }
}

/// The chunk in which `number` would stand, its octets in `old`; and where the chunk after it begins.
fn around(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    kind: u8,
    number: u64,
    old: &mut Vec<u8>,
) -> Result<(Option<u64>, Option<u64>), Fault> {
    let mut first = None;
    if let Some(chunk) = table.range((kind, 0)..=(kind, number))?.next_back() {
        let (key, octets) = chunk?;
        old.clear();
        old.extend_from_slice(octets.value());
        first = Some(key.value().1);
    }
    let mut next = None;
    if let Some(above) = number.checked_add(1)
        && let Some(chunk) = table.range((kind, above)..=(kind, u64::MAX))?.next()
    {
        next = Some(chunk?.0.value().1);
    }
    Ok((first, next))
}

/// Writes what was in a chunk with what is new as one or more.
fn merge<'a>(
    table: &mut Table<'_, (u8, u64), &'static [u8]>,
    kind: u8,
    old: Option<(u64, &[u8])>,
    group: impl Iterator<Item = (u64, Option<&'a [u8]>)>,
    writer: &mut Writer,
) -> Result<(), Fault> {
    let mut replaced = old.map(|(first, _)| first);
    let mut put = |number, row: &[u8], writer: &mut Writer| {
        if !writer.has_room(row.len()) {
            flush(table, kind, writer, &mut replaced)?;
        }
        writer.push(number, row);
        Ok::<(), Fault>(())
    };
    let rows = old.map(|(first, octets)| chunk::open(kind, first, octets));
    let mut rows = rows.transpose()?.into_iter().flatten().peekable();
    for (number, row) in group {
        while let Some(kept) =
            rows.next_if(|kept| kept.as_ref().map_or(true, |(at, _)| *at < number))
        {
            let (at, octets) = kept?;
            put(at, octets, writer)?;
        }
        rows.next_if(|kept| kept.as_ref().is_ok_and(|(at, _)| *at == number));
        if let Some(row) = row {
            put(number, row, writer)?;
        }
    }
    for kept in rows {
        let (at, octets) = kept?;
        put(at, octets, writer)?;
    }
    flush(table, kind, writer, &mut replaced)?;
    if let Some(first) = replaced {
        table.remove((kind, first))?;
    }
    Ok(())
}

fn flush(
    table: &mut Table<'_, (u8, u64), &'static [u8]>,
    kind: u8,
    writer: &mut Writer,
    replaced: &mut Option<u64>,
) -> Result<(), Fault> {
    if let Some((first, octets)) = writer.end(kind) {
        table.insert((kind, first), octets)?;
        if *replaced == Some(first) {
            *replaced = None;
        }
    }
    Ok(())
}

fn last_of(kind: u8, first: u64, octets: &[u8]) -> Result<u64, Fault> {
    let mut last = first;
    for row in chunk::open(kind, first, octets)? {
        last = row?.0;
    }
    Ok(last)
}

/// The row of this number.
pub(super) fn get<R: Row>(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    kind: u8,
    number: u64,
) -> Result<Option<R>, Fault> {
    let Some(chunk) = table.range((kind, 0)..=(kind, number))?.next_back() else {
        return Ok(None);
    };
    let (key, octets) = chunk?;
    for row in chunk::open(kind, key.value().1, octets.value())? {
        let (at, row) = row?;
        if at == number {
            return Ok(Some(decode([number, 0, 0], row)?));
        }
    }
    Ok(None)
}

/// Shows the rows from `from` on, oldest first, until `visit` breaks.
pub(super) fn visit(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    kind: u8,
    from: u64,
    mut visit: impl FnMut(u64, &[u8]) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    let begin = match table.range((kind, 0)..=(kind, from))?.next_back() {
        Some(chunk) => chunk?.0.value().1,
        None => from,
    };
    for chunk in table.range((kind, begin)..=(kind, u64::MAX))? {
        let (key, octets) = chunk?;
        for row in chunk::open(kind, key.value().1, octets.value())? {
            let (number, row) = row?;
            if number >= from && visit(number, row)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Shows the rows of whole chunks, the newest chunk first and in each the oldest row first, until `visit` breaks.
pub(super) fn visit_back(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    kind: u8,
    mut visit: impl FnMut(Rows<'_>) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    for chunk in table.range((kind, 0)..=(kind, u64::MAX))?.rev() {
        let (key, octets) = chunk?;
        let rows = chunk::open(kind, key.value().1, octets.value())?;
        if visit(rows)?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// The last row's number and octets, as `read` wants them.
pub(super) fn last<T>(
    table: &impl ReadableTable<(u8, u64), &'static [u8]>,
    kind: u8,
    read: impl FnOnce(u64, &[u8]) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let Some(chunk) = table.range((kind, 0)..=(kind, u64::MAX))?.next_back() else {
        return Ok(None);
    };
    let (key, octets) = chunk?;
    let rows = chunk::open(kind, key.value().1, octets.value())?;
    let Some(row) = rows.last() else {
        return Ok(None);
    };
    let (number, row) = row?;
    Ok(Some(read(number, row)?))
}

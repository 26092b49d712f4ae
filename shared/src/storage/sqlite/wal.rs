//! Damage in the write-ahead log of the database, which SQLite passes over without a word: it reads the log up to the
//! first frame whose checksum is wrong, and takes what follows for the rest of an earlier, shorter log.
//!
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The last bit says in which order of bytes checksums are counted.
const MAGIC: u32 = 0x377f_0682;

/// Sizes of pages that SQLite has.
const PAGE_SIZES: std::ops::RangeInclusive<u32> = 512..=65_536;

/// Of the transaction that was being written when the power failed, parts may be missing. Each transaction is on disk
/// before the next begins, so that two commits behind a broken frame were both acknowledged.
const ACKNOWLEDGED: u64 = 2;

/// Copies a damaged log aside before SQLite overwrites it, and says so. Returns how many commits can no longer be read.
pub(super) fn save_damaged(database: &Path) -> io::Result<Option<u64>> {
    let log = log_of(database);
    let Some(lost) = lost_commits(&log)? else { return Ok(None) };
    let copy = log.with_extension("db-wal.damaged");
    if !copy.exists() {
        std::fs::copy(&log, &copy)?;
    }
    tracing::error!(
        transactions = lost,
        copy = %copy.display(),
        "the write-ahead log of the database is damaged: what was saved after that place is lost. A copy of the log is \
         kept. Restore the last backup if it is newer than what is left"
    );
    Ok(Some(lost))
}

/// How many commits lie behind a broken frame; `None`: the log is whole, or only its unfinished end is broken.
pub(super) fn lost_commits(log: &Path) -> io::Result<Option<u64>> {
    let mut log = match File::open(log) {
        Ok(file) => BufReader::new(file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? {
        return Ok(None);
    }
    let big_endian = match word(&header, 0) ^ MAGIC {
        0 => false,
        1 => true,
        _ => return Ok(None),
    };
    let page_size = word(&header, 8);
    let mut sum = checksum((0, 0), &header[..24], big_endian);
    if !PAGE_SIZES.contains(&page_size) || sum != (word(&header, 24), word(&header, 28)) {
        return Ok(None);
    }
    let salt = &header[16..24];
    let mut frame = vec![0; FRAME_HEADER + usize::try_from(page_size).unwrap_or(0)];
    let (mut broken, mut lost) = (false, 0);
    while fill(&mut log, &mut frame)? {
        let (ours, commit) = (frame[8..16] == *salt, word(&frame, 4) != 0);
        if broken {
            lost += u64::from(ours && commit);
            continue;
        }
        sum = checksum(sum, &frame[..8], big_endian);
        sum = checksum(sum, &frame[FRAME_HEADER..], big_endian);
        broken = !ours || sum != (word(&frame, 16), word(&frame, 20));
    }
    Ok((lost >= ACKNOWLEDGED).then_some(lost))
}

pub(super) fn log_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Whether there was a whole one left.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Goes on with a checksum over pairs of words.
fn checksum((mut one, mut two): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let (first, second) = (word(pair, 0), word(pair, 4));
        let (first, second) = if big_endian { (first, second) } else { (first.swap_bytes(), second.swap_bytes()) };
        one = one.wrapping_add(first).wrapping_add(two);
        two = two.wrapping_add(second).wrapping_add(one);
    }
    (one, two)
}

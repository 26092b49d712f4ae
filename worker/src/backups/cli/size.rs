//! Sizes in bytes, formatted for people.

/// Uses the unit that leaves one to three digits: 999 bytes, 12 kB, 3.4 MB.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["kB", "MB", "GB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    // Counts in tenths, so that no float is needed; what would be 1000.0 of a unit is 1.0 of the next.
    let (mut tenths, mut unit) = (bytes.div_ceil(100), UNITS[0]);
    for next in &UNITS[1..] {
        if tenths < 9_995 {
            break;
        }
        (tenths, unit) = (tenths.div_ceil(1_000), next);
    }
    match tenths {
        ..100 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        _ => format!("{} {unit}", (tenths + 5) / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_is_said_in_the_unit_that_fits() {
        let said = [0, 999, 1_000, 2_048, 99_900, 999_400, 999_950, 1_000_000, 3_400_000, 740_000_000, 2_000_000_000]
            .map(size);
        let expected = [
            "0 bytes",
            "999 bytes",
            "1.0 kB",
            "2.1 kB",
            "100 kB",
            "999 kB",
            "1.0 MB",
            "1.0 MB",
            "3.4 MB",
            "740 MB",
            "2.0 GB",
        ];
        assert_eq!(said, expected);
    }
}

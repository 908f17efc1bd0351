//! Lower-case hexadecimal digits, in one spelling only.

/// The digit of a value below 16.
pub(crate) const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' + value - 10 }
}

/// The value of a digit.
pub(crate) const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Reads exactly `N` bytes.
pub(crate) fn read<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lower_case_strings_are_read() {
        assert_eq!(read(b"00ff"), Some([0, 255]));
        assert_eq!([0, 9, 10, 15].map(digit), *b"09af");
        for text in ["", "0", "00f", "00FF", "00fg", "00ff00", "+0ff"] {
            assert_eq!(read::<2>(text.as_bytes()), None, "{text}");
        }
    }
}

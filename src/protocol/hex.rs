const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Octets as hexadecimal digits, two for each, lower case.
pub(super) fn encode(octets: &[u8]) -> String {
    // Made in one piece: growing would leave parts of a key behind in freed memory.
    let mut text = String::with_capacity(octets.len() * 2);
    for octet in octets {
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 0x0F)]));
    }
    text
}

/// Exactly `N` octets from hexadecimal digits of either case; `None` for anything else.
pub(super) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut octets = [0; N];
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        *octet = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(octets)
}

fn digit(character: u8) -> Option<u8> {
    let value = char::from(character).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back_and_nothing_else_is_read() {
        let all: [u8; 256] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(decode(&encode(&all)), Some(all));
        assert_eq!(decode("0aFf"), Some([0x0A, 0xFF]));
        for text in ["", "0", "0a0", "0g", "+1", "é"] {
            assert_eq!(decode::<1>(text), None, "{text}");
        }
    }
}

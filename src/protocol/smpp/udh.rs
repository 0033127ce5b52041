/// The octets of user data after its header.
///
/// ```text
/// offset  octets  meaning
/// 0       1       UDHL: octets of all elements together
/// 1       1       element: its identifier
/// 2       1       element: octets of its data, n
/// 3       n       element: its data; further elements follow
/// ```
///
/// Where the elements do not fill the header exactly, the flag or a length lies: then all of it is
/// taken for text, because a frame is found anywhere in a text but not in what was cut away.
///
/// Source: 3GPP TS 23.040 section 9.2.3.24.
pub(super) fn strip(user_data: &[u8]) -> &[u8] {
    let Some((&octets, rest)) = user_data.split_first() else {
        return user_data;
    };
    let Some((mut elements, text)) = rest.split_at_checked(usize::from(octets)) else {
        return user_data;
    };
    while let [_identifier, length, after @ ..] = elements {
        let Some(next) = after.get(usize::from(*length)..) else {
            return user_data;
        };
        elements = next;
    }
    if elements.is_empty() { text } else { user_data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_stripped_and_lies_are_kept() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"", b""),
            (b"\x00text", b"text"),
            (b"\x05\x00\x03\x11\x02\x01text", b"text"),
            (b"\x06\x08\x04\x11\x22\x02\x01text", b"text"),
            (b"\x07\x24\x00\x00\x03\x11\x02\x01text", b"text"),
            (b"\x05\x00\x03\x11\x02\x01", b""),
            (
                b"\x05\x00\x04\x11\x02\x01text",
                b"\x05\x00\x04\x11\x02\x01text",
            ),
            (
                b"\x06\x00\x03\x11\x02\x01text",
                b"\x06\x00\x03\x11\x02\x01text",
            ),
            (b"HZ.text.", b"HZ.text."),
            (b"\xff", b"\xff"),
        ];
        for (user_data, text) in cases {
            assert_eq!(strip(user_data), *text, "{user_data:x?}");
        }
    }
}

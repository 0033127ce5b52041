use crate::domain::Part;

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
    read(user_data).map_or(user_data, |header| header.text)
}

/// Which part of a long message user data with a header is. Of several elements that say so the last holds.
///
/// ```text
/// identifier  data                                            big-endian
/// 0x00        reference 1, total 1, number 1
/// 0x08        reference 2, total 1, number 1
/// ```
///
/// Source: 3GPP TS 23.040 sections 9.2.3.24, 9.2.3.24.1 and 9.2.3.24.8.
pub(super) fn part(user_data: &[u8]) -> Option<Part> {
    read(user_data)?.part
}

struct UserData<'a> {
    part: Option<Part>,
    text: &'a [u8],
}

/// `None` where there is no header, or a length in it lies.
fn read(user_data: &[u8]) -> Option<UserData<'_>> {
    let (&octets, rest) = user_data.split_first()?;
    let (mut elements, text) = rest.split_at_checked(usize::from(octets))?;
    let mut part = None;
    while let [identifier, length, after @ ..] = elements {
        let (data, next) = after.split_at_checked(usize::from(*length))?;
        part = concatenation(*identifier, data).or(part);
        elements = next;
    }
    elements.is_empty().then_some(UserData { part, text })
}

fn concatenation(identifier: u8, data: &[u8]) -> Option<Part> {
    match (identifier, data) {
        (0x00, [reference, total, number]) => Part::new((*reference).into(), *total, *number),
        (0x08, [high, low, total, number]) => {
            Part::new(u16::from_be_bytes([*high, *low]), *total, *number)
        }
        _ => None,
    }
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

    #[test]
    fn the_element_of_a_part_is_found_among_others() {
        let cases: &[(&[u8], Option<Part>)] = &[
            (b"\x05\x00\x03\x11\x02\x01text", Part::new(0x11, 2, 1)),
            (b"\x06\x08\x04\x11\x22\x02\x01text", Part::new(0x1122, 2, 1)),
            (
                b"\x07\x24\x00\x00\x03\x11\x03\x02text",
                Part::new(0x11, 3, 2),
            ),
            (b"\x07\x00\x03\x11\x03\x03\x24\x00", Part::new(0x11, 3, 3)),
            (
                b"\x0b\x05\x04\x01\x02\x03\x04\x00\x03\x11\x02\x02",
                Part::new(0x11, 2, 2),
            ),
            (
                b"\x0a\x00\x03\x11\x02\x01\x00\x03\x12\x02\x02",
                Part::new(0x12, 2, 2),
            ),
            (
                b"\x0a\x00\x03\x11\x02\x01\x00\x03\x12\x02\x03",
                Part::new(0x11, 2, 1),
            ),
            (b"\x05\x00\x03\x11\x01\x01text", None),
            (b"\x05\x00\x03\x11\x00\x00text", None),
            (b"\x05\x00\x03\x11\x02\x00text", None),
            (b"\x05\x00\x03\x11\x02\x03text", None),
            (b"\x04\x00\x02\x11\x02text", None),
            (b"\x05\x08\x03\x11\x02\x01text", None),
            (b"\x05\x00\x04\x11\x02\x01text", None),
            (b"\x05\x00\x03\x11", None),
            (b"", None),
            (b"HZ.text.", None),
        ];
        for (user_data, part) in cases {
            assert_eq!(super::part(user_data), *part, "{user_data:x?}");
        }
    }
}

//! Messages on their way in: points 1, 2, 4, 10 and 12.

use hazir::api::FeedOutcome;
use hazir::domain::UnreadableReason;
use hazir::engine::GatewaySettings;

use super::super::faulty_disk::Disk;
use super::super::phone::{Heard, OldPhone, Phone};
use super::super::session::peer::{Deliver, pdu};
use super::house::{House, Plan, check_in, from, sealed};

const AYSE: &str = "+989121111111";
const REZA: &str = "+989122222222";
const NOT_A_FRAME: FeedOutcome = FeedOutcome::Unreadable(UnreadableReason::NotAFrame);
const DATA_SM: u32 = 0x0000_0103;
const DATA_SM_RESP: u32 = 0x8000_0103;
const UNBIND: u32 = 0x0000_0006;

/// The way in which a text travels.
type Carry = fn(&[u8]) -> Vec<u8>;

#[tokio::test(start_paused = true)]
async fn point_01_user_data_is_short_message_or_message_payload_which_wins() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let mut text = || sealed(&mut phone).text.into_bytes();
    let bodies = [
        from(AYSE, &text()),
        from(AYSE, b"").tlv(0x0424, &text()),
        from(AYSE, b"read the payload").tlv(0x0424, &text()),
        from(AYSE, &text()).tlv(0x0424, b""),
    ];
    for body in bodies {
        assert_eq!(gateway.take(&body).await, 0);
        gateway.receipt(&mut phone, "1").await;
    }
    let empty = [from(AYSE, b""), from(AYSE, b"").tlv(0x0424, b"")];
    for body in empty {
        assert_eq!(gateway.take(&body).await, 0);
    }
    let outcomes = house.outcomes().await;
    assert_eq!(outcomes[..4], [FeedOutcome::Recorded; 4]);
    assert_eq!(outcomes[4..], [NOT_A_FRAME; 2]);
}

#[tokio::test(start_paused = true)]
async fn point_01_a_data_sm_brings_its_text_in_message_payload() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let text = sealed(&mut phone).text;
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    let body = [
        b"\0\x01\x01+989121111111\0\x01\x01+989000000000\0\0\0\0\x04\x24",
        &length[..],
        text.as_bytes(),
    ];
    gateway.send(&pdu(DATA_SM, 0, 5, &body.concat())).await;
    assert_eq!(gateway.header().await, (DATA_SM_RESP, 0, 5));
    gateway.receipt(&mut phone, "1").await;
}

/// How a gateway says that a message is one of several parts.
#[derive(Copy, Clone, Debug)]
enum Header {
    Octet,
    TwoOctets,
    /// The element stands behind another one.
    AmongOthers,
    Sar,
}

const HEADERS: [Header; 4] = [
    Header::Octet,
    Header::TwoOctets,
    Header::AmongOthers,
    Header::Sar,
];

impl Header {
    /// The part of this number, from 1 on.
    fn part(self, number: &str, reference: u8, total: u8, at: u8, text: &[u8]) -> Deliver {
        let udh = match self {
            Self::Octet => vec![5, 0, 3, reference, total, at],
            Self::TwoOctets => vec![6, 8, 4, 0x7f, reference, total, at],
            Self::AmongOthers => vec![8, 0x24, 1, 1, 0, 3, reference, total, at],
            Self::Sar => {
                return from(number, text)
                    .tlv(0x020c, &[0x7f, reference])
                    .tlv(0x020e, &[total])
                    .tlv(0x020f, &[at]);
            }
        };
        Deliver {
            esm_class: 0x40,
            ..from(number, &[&udh, text].concat())
        }
    }

    /// Bits between the header and the text, where septets are packed.
    fn fill_bits(self) -> usize {
        match self {
            Self::Octet => 1,
            Self::TwoOctets | Self::Sar => 0,
            Self::AmongOthers => 5,
        }
    }

    /// A text in parts of so many octets, each made ready to travel by `carry`.
    fn parts(
        self,
        number: &str,
        reference: u8,
        text: &str,
        octets: usize,
        carry: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Vec<Deliver> {
        let pieces: Vec<_> = text.as_bytes().chunks(octets).collect();
        let total = u8::try_from(pieces.len()).unwrap();
        (1..)
            .zip(pieces)
            .map(|(at, piece)| self.part(number, reference, total, at, &carry(piece)))
            .collect()
    }
}

/// Septets packed into octets after some bits that say nothing, as the standard draws it.
fn packed(text: &[u8], fill_bits: usize) -> Vec<u8> {
    let bits = text
        .iter()
        .flat_map(|c| (0..7).map(move |bit| c >> bit & 1));
    let bits: Vec<u8> = std::iter::repeat_n(0, fill_bits).chain(bits).collect();
    let octet = |bits: &[u8]| (0..).zip(bits).map(|(at, bit)| bit << at).sum();
    bits.chunks(8).map(octet).collect()
}

fn text_of(phone: &mut Phone) -> String {
    sealed(phone).text
}

#[tokio::test(start_paused = true)]
async fn point_02_parts_are_joined_by_every_header_in_any_order_and_doubled() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let mut reference = 0;
    for header in HEADERS {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            reference += 1;
            let text = text_of(&mut phone);
            let third = text.len().div_ceil(3);
            let parts = header.parts(AYSE, reference, &text, third, <[u8]>::to_vec);
            for at in order {
                for _ in 0..2 {
                    assert_eq!(gateway.take(&parts[at]).await, 0, "{header:?}");
                }
            }
            gateway.receipt(&mut phone, "1").await;
        }
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 12]);
}

#[tokio::test(start_paused = true)]
async fn point_02_packed_parts_are_realigned_when_they_are_joined() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let mut reference = 0;
    for header in HEADERS {
        // With 24 characters seven bits are spare behind the fill bit, with 23 six.
        for octets in [23, 24, 40] {
            reference += 1;
            let text = text_of(&mut phone);
            let fill_bits = header.fill_bits();
            let carry = |text: &[u8]| packed(text, fill_bits);
            let parts = header.parts(AYSE, reference, &text, octets, carry);
            for part in parts.iter().rev() {
                assert_eq!(gateway.take(part).await, 0, "{header:?}");
            }
            gateway.receipt(&mut phone, "1").await;
        }
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 12]);
}

#[tokio::test(start_paused = true)]
async fn point_02_source_and_reference_tell_messages_apart() {
    let (house, mut gateway) = House::open().await;
    let mut phones = [house.hire(AYSE).await, house.hire(REZA).await];
    let mut parts = Vec::new();
    for phone in &mut phones {
        for reference in [1, 2] {
            let text = text_of(phone);
            let number = phone.number.clone();
            parts.push(Header::Octet.parts(&number, reference, &text, 40, <[u8]>::to_vec));
        }
    }
    for at in [1, 0] {
        for message in &parts {
            assert_eq!(gateway.take(&message[at]).await, 0);
        }
    }
    for _ in 0..4 {
        let submitted = gateway.accept("1").await;
        let to = submitted.to.text();
        let phone = phones.iter_mut().find(|phone| phone.number == to);
        let heard = phone.expect("one of the two").hear(&submitted.text());
        assert!(matches!(heard, Heard::Receipt(_)), "{heard:?}");
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 4]);
}

#[tokio::test(start_paused = true)]
async fn point_02_what_is_never_complete_is_kept_after_1800_s() {
    let (house, mut gateway) = House::open().await;
    let part = Header::Octet.part(AYSE, 9, 3, 2, b"the middle");
    assert_eq!(gateway.take(&part).await, 0);
    gateway.quiet(1_799_000).await;
    assert_eq!(house.outcomes().await, []);
    gateway.quiet(2_000).await;
    assert_eq!(house.outcomes().await, [NOT_A_FRAME]);
}

#[tokio::test(start_paused = true)]
async fn point_02_no_message_has_more_than_16_parts() {
    let (house, mut gateway) = House::open().await;
    for at in 1..=17 {
        let part = Header::Octet.part(AYSE, 9, 17, at, b"x");
        assert_eq!(gateway.take(&part).await, 0);
    }
    assert_eq!(house.outcomes().await, [NOT_A_FRAME; 17]);
}

#[tokio::test(start_paused = true)]
async fn point_02_a_part_is_durable_before_it_is_answered() {
    let plan = Plan::default();
    let disk = plan.disk.clone();
    let (house, mut gateway) = House::with(plan).await;
    let mut phone = house.hire(AYSE).await;
    let text = text_of(&mut phone);
    let parts = Header::TwoOctets.parts(AYSE, 1, &text, 50, <[u8]>::to_vec);
    assert_eq!(gateway.take(&parts[1]).await, 0);
    house.kill().await;
    let (house, mut gateway) = House::with(Plan {
        disk: Disk::holding(disk.image()),
        ..Plan::default()
    })
    .await;
    assert_eq!(gateway.take(&parts[0]).await, 0);
    gateway.receipt(&mut phone, "1").await;
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded]);
}

#[tokio::test(start_paused = true)]
async fn point_04_a_check_in_is_read_whatever_data_coding_says() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let wide = |text: &[u8]| text.iter().flat_map(|c| [0, *c]).collect::<Vec<u8>>();
    let accented = |text: &[u8]| [b"\xe9\xfc ", text].concat();
    let plain: Carry = <[u8]>::to_vec;
    let septets: Carry = |text| packed(text, 0);
    let after_escape: Carry = |text| [b"\x1b\x65 \x00 ", text].concat();
    let cases: [(u8, Carry); 20] = [
        (0x00, plain),
        (0x00, septets),
        (0x00, accented),
        (0x00, after_escape),
        (0x01, plain),
        (0x02, plain),
        (0x03, plain),
        (0x03, accented),
        (0x04, plain),
        (0x05, plain),
        (0x08, wide),
        (0x08, plain),
        (0x00, wide),
        (0x10, plain),
        (0x13, septets),
        (0x18, wide),
        (0x40, plain),
        (0xF0, plain),
        (0xF1, septets),
        (0xF5, plain),
    ];
    for (data_coding, carry) in cases {
        let text = text_of(&mut phone);
        let sms = Deliver {
            data_coding,
            ..from(AYSE, &carry(text.as_bytes()))
        };
        assert_eq!(gateway.take(&sms).await, 0);
        gateway.receipt(&mut phone, "1").await;
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 20]);
}

#[tokio::test(start_paused = true)]
async fn point_04_the_dollar_of_2023_comes_as_gsm_or_ascii() {
    let (house, mut gateway) = House::open().await;
    house.card(AYSE, true).await;
    let mut phone = OldPhone::default();
    for (hour, dollar) in [(8, "$"), (9, "\u{2}")] {
        let text = phone.send(&format!("Arrival Fri, 20 Nov 2026, 0{hour}:58"));
        let sms = from(AYSE, text.replace('$', dollar).as_bytes());
        assert_eq!(gateway.take(&sms).await, 0);
        let receipt = gateway.accept("1").await;
        assert!(phone.hear(&receipt.text()), "{}", receipt.text());
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 2]);
}

#[tokio::test(start_paused = true)]
async fn point_04_a_binary_gateway_carries_the_envelope_itself() {
    let mut plan = Plan::default();
    plan.engine = GatewaySettings {
        binary: true,
        ..plan.engine
    };
    let (house, mut gateway) = House::with(plan).await;
    let phone = house.hire(AYSE).await;
    let envelope = phone.seal(0x11, 0, 1, &[1, 0x6b, 0, 0, 0]);
    let sms = Deliver {
        data_coding: 4,
        ..from(AYSE, &envelope)
    };
    assert_eq!(gateway.take(&sms).await, 0);
    let answer = gateway.accept("1").await;
    assert_eq!((answer.data_coding, answer.body[0]), (4, 0x12));
    assert_eq!(answer.body.len(), 66);
}

#[tokio::test(start_paused = true)]
async fn point_10_a_message_that_comes_again_is_one_record() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let sms = check_in(&mut phone);
    // All of them before the first is answered.
    let sequences = [0, 7, 7, 0x7fff_ffff, 1];
    for sequence in sequences {
        gateway.send(&sms.pdu(sequence)).await;
    }
    for sequence in [0, 7, 7, 0x7fff_ffff, 1] {
        assert_eq!(gateway.header().await.2, sequence);
    }
    gateway.receipt(&mut phone, "1").await;
    gateway.quiet(60_000).await;
    // Later the phone itself may be asking.
    gateway.send(&sms.pdu(0)).await;
    assert_eq!(gateway.answer(0).await, 0);
    let again = gateway.accept("2").await;
    assert_eq!(phone.hear(&again.text()), Heard::Again);
    let outcomes = house.outcomes().await;
    assert_eq!(outcomes[0], FeedOutcome::Recorded);
    assert_eq!(outcomes[1..], [FeedOutcome::Duplicate; 5]);
}

#[tokio::test(start_paused = true)]
async fn point_10_what_was_not_answered_comes_again_on_the_next_link() {
    let (mut house, mut gateway) = House::open().await;
    let mut phones = [house.hire(AYSE).await, house.hire(REZA).await];
    let messages = phones.each_mut().map(check_in);
    for sms in &messages {
        gateway.deliver(sms).await;
    }
    drop(gateway);
    let mut gateway = house.bound().await;
    for sms in messages.iter().rev() {
        assert_eq!(gateway.take(sms).await, 0);
    }
    let recorded = |outcomes: &[FeedOutcome]| {
        let recorded = outcomes.iter().filter(|it| **it == FeedOutcome::Recorded);
        recorded.count()
    };
    assert_eq!(recorded(&house.outcomes().await), 2);
}

#[tokio::test(start_paused = true)]
async fn point_12_what_cannot_be_read_is_answered_ok_and_costs_no_sms() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(AYSE).await;
    let mut forged = sealed(&mut phone).text.into_bytes();
    forged[40] ^= 1;
    let stranger = Phone::new(77, &[7; 32], REZA).check_in(1, 1_795_152_600, "");
    let texts: [&[u8]; 6] = [
        b"I am late",
        b"",
        b"\xff\x00\x1b",
        b"HZ.AAAA.",
        &forged,
        stranger.text.as_bytes(),
    ];
    for text in texts {
        for number in [AYSE, REZA, "Ozeki", "11111", ""] {
            assert_eq!(gateway.take(&from(number, text)).await, 0);
        }
    }
    gateway.quiet(600_000).await;
    assert_eq!(house.outbox().await, []);
    let is_unreadable = |it: &FeedOutcome| matches!(it, FeedOutcome::Unreadable(_));
    assert!(house.outcomes().await.iter().all(is_unreadable));
}

#[tokio::test(start_paused = true)]
async fn point_12_a_store_that_cannot_write_says_try_again_later() {
    let plan = Plan::default();
    let disk = plan.disk.clone();
    let (mut house, mut gateway) = House::with(plan).await;
    let mut phone = house.hire(AYSE).await;
    gateway.check_in(&mut phone, "1").await;
    disk.fail_at(disk.calls(), std::io::ErrorKind::Other);
    let sms = check_in(&mut phone);
    assert_eq!(gateway.take(&sms).await, 0x64);
    house.fails().await;
    // The engine has ended, and nothing is taken any more.
    assert_eq!(gateway.header().await.0, UNBIND);
}

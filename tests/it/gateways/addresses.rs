//! Numbers in all their forms: point 5.

use hazir::api::FeedOutcome;

use super::super::phone::{OldPhone, Phone};
use super::super::session::peer::Deliver;
use super::house::{DESK, House, check_in, from, sealed};

const CARD: &str = "+989121111111";

fn sent_from(phone: &mut Phone, kind: (u8, u8), source: &[u8]) -> Deliver {
    Deliver {
        kind,
        source: source.to_vec(),
        ..check_in(phone)
    }
}

#[tokio::test(start_paused = true)]
async fn point_05_an_answer_goes_to_the_address_exactly_as_received() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(CARD).await;
    let forms = [
        (CARD, 1, 1),
        ("00989121111111", 0, 0),
        ("989121111111", 1, 1),
        ("09121111111", 2, 8),
        ("09121111111", 5, 0),
        ("9121111111", 0, 1),
        ("989121111111", 6, 18),
        // A second number of hers, in this country.
        ("09355555555", 0, 0),
    ];
    for (text, ton, npi) in forms {
        let sms = sent_from(&mut phone, (ton, npi), text.as_bytes());
        assert_eq!(gateway.take(&sms).await, 0);
        let answer = gateway.receipt(&mut phone, "1").await;
        let to = (answer.to.text(), answer.to.ton, answer.to.npi);
        assert_eq!(to, (text.to_owned(), ton, npi));
        assert_eq!(answer.from.text(), DESK);
    }
}

#[tokio::test(start_paused = true)]
async fn point_05_where_nobody_can_be_answered_the_card_says_to_whom() {
    let (house, mut gateway) = House::open().await;
    let mut phone = house.hire(CARD).await;
    let senders: [&[u8]; 11] = [
        b"11111",
        b"OZEKI",
        b"\xc7a\xfdr",
        b"Bank 1",
        b"",
        b"+98912111111122222222222222",
        b"+905321234588",
        b"+989000000000",
        b"09000000000",
        b"110",
        b"1",
    ];
    for sender in senders {
        let sms = sent_from(&mut phone, (0, 0), sender);
        assert_eq!(gateway.take(&sms).await, 0);
        let answer = gateway.receipt(&mut phone, "1").await;
        let to = (answer.to.text(), answer.to.ton, answer.to.npi);
        assert_eq!(to, (CARD.to_owned(), 1, 1), "{sender:?}");
    }
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded; 11]);
}

#[tokio::test(start_paused = true)]
async fn point_05_a_number_of_our_own_is_never_answered() {
    let (house, mut gateway) = House::open().await;
    // The card of whoever minds the gateway may have its number.
    let mut phone = house.hire(DESK).await;
    for sender in [&b"+989000000000"[..], b"09000000000", b"11111", b""] {
        let sms = sent_from(&mut phone, (1, 1), sender);
        assert_eq!(gateway.take(&sms).await, 0);
    }
    let notice = from("11111", b"Ozeki SMPP SMS Gateway is running");
    assert_eq!(gateway.take(&notice).await, 0);
    gateway.quiet(600_000).await;
    assert_eq!(house.outbox().await, []);
    assert_eq!(house.outcomes().await[..4], [FeedOutcome::Recorded; 4]);
}

#[tokio::test(start_paused = true)]
async fn point_05_not_even_in_the_format_of_2023() {
    let (house, mut gateway) = House::open().await;
    house.card(DESK, true).await;
    let text = OldPhone::default().send("Arrival Fri, 20 Nov 2026, 05:30");
    assert_eq!(gateway.take(&from(DESK, text.as_bytes())).await, 0);
    gateway.quiet(600_000).await;
    assert_eq!(house.outbox().await, []);
    assert_eq!(house.outcomes().await, [FeedOutcome::Recorded]);
}

#[tokio::test(start_paused = true)]
async fn point_05_who_it_is_says_the_sealed_content() {
    let (house, mut gateway) = House::open().await;
    let other = "+989122222222";
    let employee = house.card(other, false).await;
    let mut phone = house.hire(CARD).await;
    let sms = from(other, sealed(&mut phone).text.as_bytes());
    assert_eq!(gateway.take(&sms).await, 0);
    let answer = gateway.receipt(&mut phone, "1").await;
    assert_eq!(answer.to.text(), other);
    let line = house.feed().await.remove(0);
    assert_ne!(line.employee, Some(employee));
}

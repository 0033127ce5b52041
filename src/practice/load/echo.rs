use crate::domain::{InboundSms, LinkEvent, LinkOrder, OutboundSms, OutboxId, SmsBody};
use crate::protocol::envelope::{Header, Kind};
use crate::protocol::frame;

/// Octets of an envelope with an answer in it.
const ANSWER_OCTETS: usize = 66;

/// What is ordered in the place of an engine: an answer, and a message as long as a receipt that names the same device
/// and counter. `number` counts the messages.
pub fn echo(event: LinkEvent, number: &mut u64) -> Vec<LinkOrder> {
    let LinkEvent::Inbound { ticket, sms } = event else {
        return Vec::new();
    };
    let mut orders = vec![LinkOrder::Answer { ticket, status: 0 }];
    if let Some(body) = body_for(&sms) {
        *number += 1;
        let connection = ticket.connection;
        let sms = OutboundSms {
            id: OutboxId(*number),
            to: sms.source,
            from: sms.destination,
            body: SmsBody::Text(body),
        };
        orders.push(LinkOrder::Submit { connection, sms });
    }
    orders
}

fn body_for(sms: &InboundSms) -> Option<String> {
    let mut envelope = frame::find(&sms.octets)?;
    let header = Header::parse(&envelope).ok()?;
    envelope.resize(ANSWER_OCTETS, 0);
    envelope[0] = envelope[0] & 0xF0 | Kind::ANSWER.number();
    (header.kind == Kind::ATTENDANCE).then(|| frame::encode(&envelope))
}

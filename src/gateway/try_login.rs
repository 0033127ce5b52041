use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt;
use tokio::select;
use tokio::time::{Instant, sleep_until, timeout};

use super::connection::LAST_PDUS;
use super::outgoing::Outgoing;
use super::tls::{is_alert, session_fault};
use super::{Connect, GatewayConfig, connect as connecting};
use crate::domain::{DownCause, TlsFault};
use crate::protocol::smpp::{Session, SessionEvent, Tick};

/// Binds once and unbinds again, to see whether a gateway takes the login.
///
/// A message that the gateway sends in between is not answered: it comes again.
///
/// # Errors
/// Why there is no link to be had.
pub async fn try_login<C: Connect>(
    config: &GatewayConfig,
    mut connect: C,
) -> Result<(), DownCause> {
    let stream = connecting::open(config, &mut connect).await?;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let opened_at = Instant::now();
    let now = || Tick(u64::try_from(opened_at.elapsed().as_millis()).unwrap_or(u64::MAX));
    let mut session = Session::connect(&config.session(), now(), 0);
    let mut outgoing = Outgoing::new(config.one_pdu_per_write);
    let mut input = BytesMut::new();
    let mut is_bound = false;
    let mut explained = None;
    let cause = loop {
        let ended = std::iter::from_fn(|| session.poll_event()).find_map(|event| match event {
            SessionEvent::Bound => {
                is_bound = true;
                None
            }
            SessionEvent::Ended(cause) => Some(cause),
            SessionEvent::Inbound { .. }
            | SessionEvent::Submitted { .. }
            | SessionEvent::Report(_)
            | SessionEvent::ReplyTime(_) => None,
        });
        if let Some(cause) = ended {
            break cause;
        }
        if is_bound {
            session.unbind(now());
        }
        outgoing.put(|| session.poll_transmit());
        let deadline = session.deadline();
        let deadline = opened_at + Duration::from_millis(deadline.map_or(0, |tick| tick.0));
        select! {
            read = reader.read_buf(&mut input) => {
                match read {
                    Ok(1..) => {
                        if !is_bound && is_alert(&input) {
                            explained = Some(DownCause::Tls(TlsFault::OnlyTls));
                        }
                        session.handle_bytes(now(), &input);
                    }
                    Ok(0) => session.handle_close(),
                    Err(error) => {
                        explained = session_fault(&error);
                        session.handle_close();
                    }
                }
                input.clear();
            }
            written = outgoing.write(&mut writer), if !outgoing.is_done() => {
                if written.is_err() {
                    session.handle_close();
                }
            }
            () = sleep_until(deadline) => session.handle_timeout(now()),
        }
    };
    // What it says is known by now; where the peer does not take the goodbye, nothing is lost.
    let _ = timeout(LAST_PDUS, outgoing.finish(&mut writer)).await;
    if is_bound {
        return Ok(());
    }
    Err(connect.explain(explained.unwrap_or(cause)))
}

//! What tests and fuzz targets outside this crate have to reach of the inside. Nothing else uses it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::AsyncReadExt as _;

use super::PortError;
use super::wire::{ClientWord, Incoming, ServerWord, put_frame};

/// Which end of the socket speaks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A console or a command.
    Client,
    /// The engine.
    Server,
}

/// Reads the words that an end says in two pieces of octets, and frames each again as it would be sent today. They end where
/// the octets do, or with what is no word.
pub async fn words_again(end: End, octets: [&[u8]; 2]) -> (Vec<Vec<u8>>, Option<PortError>) {
    match end {
        End::Client => again::<ClientWord>(octets).await,
        End::Server => again::<ServerWord>(octets).await,
    }
}

async fn again<W: DeserializeOwned + Serialize>(
    [first, second]: [&[u8]; 2],
) -> (Vec<Vec<u8>>, Option<PortError>) {
    let mut from = first.chain(second);
    let mut incoming = Incoming::default();
    let mut words = Vec::new();
    loop {
        match incoming.read::<W>(&mut from).await {
            Ok(Some(word)) => {
                let mut frame = Vec::new();
                if let Err(error) = put_frame(&mut frame, &word) {
                    return (words, Some(error));
                }
                words.push(frame);
            }
            Ok(None) => return (words, None),
            Err(error) => return (words, Some(error)),
        }
    }
}

use super::super::dice::Dice;
use super::pdu::DeliverSm;
use crate::domain::{
    Action, Address, Counter, Country, DeviceId, Digest, InboundSms, Millis, Msisdn,
};
use crate::protocol::envelope::{self, Header, Kind};
use crate::protocol::{Attendance, DeviceKeys, Padding, RootKey, frame};

/// The number that the phones write to: Ofcom keeps +44 3069 990000 to 990999 for films and plays.
const DESK_NUMBER: &str = "+443069990000";
/// A thousand numbers each of such ones, all beginning with these. The first are of mobile phones.
const NUMBERS: [&str; 10] = [
    "+447700900",
    "+442079460",
    "+441134960",
    "+441144960",
    "+441154960",
    "+441164960",
    "+441174960",
    "+441184960",
    "+441214960",
    "+441314960",
];
/// Of so many check-ins one has its receipt opened.
const OPENED: u64 = 16;

/// Names and numbers of those who check in under load.
#[derive(Debug)]
pub struct LoadPlan;

impl LoadPlan {
    /// Most employees.
    pub const MOST_PEOPLE: u16 = 10_000;
    /// The number that the phones write to, in E.164.
    pub const DESK_NUMBER: &str = DESK_NUMBER;
    /// The country of all numbers.
    pub const COUNTRY: &str = "GB";

    /// The number of a place, 0 to [`LoadPlan::MOST_PEOPLE`]; nobody has it.
    #[expect(
        clippy::missing_panics_doc,
        reason = "ten digits after +44 can be a number"
    )]
    pub fn number(place: u16) -> Msisdn {
        let block = NUMBERS[usize::from(place / 1_000) % NUMBERS.len()];
        let number = format!("{block}{:03}", place % 1_000);
        Msisdn::parse(&number, Country::default()).expect("ten digits after +44 can be a number")
    }
}

/// A phone that takes part.
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct LoadDevice {
    /// Its device.
    pub id: DeviceId,
    /// Its key.
    pub root: RootKey,
    /// Its number.
    pub number: Msisdn,
    /// The highest counter that it has used; 0 where it is new.
    pub used: Counter,
}

/// Phones that check in one after the other, in and out in turn.
#[expect(missing_debug_implementations, reason = "it holds keys")]
pub struct Fleet {
    phones: Vec<Phone>,
    /// Places of the phones by the number of the device.
    by_device: Vec<(DeviceId, usize)>,
    /// Whose turn it is.
    turn: usize,
    /// How many messages were sealed.
    sealed: u64,
    nonces: Dice,
}

struct Phone {
    device: DeviceId,
    keys: DeviceKeys,
    address: Address,
    deliver: DeliverSm,
    used: Counter,
}

/// A message that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// The place of the phone.
    pub(super) phone: usize,
    pub(super) text: String,
    /// What its receipt must name, where that will be opened.
    pub(super) digest: Option<Digest>,
}

impl Fleet {
    /// Most check-ins of one phone: its counter ends.
    pub const MOST_OF_ONE: u64 = u16::MAX as u64;

    /// Takes phones. `seed` gives the nonces: another one each time.
    pub fn new(devices: &[LoadDevice], seed: u64) -> Self {
        let phones: Vec<Phone> = devices.iter().map(Phone::new).collect();
        let mut by_device: Vec<_> = phones
            .iter()
            .enumerate()
            .map(|(at, it)| (it.device, at))
            .collect();
        by_device.sort_unstable();
        Self {
            phones,
            by_device,
            turn: 0,
            sealed: 0,
            nonces: Dice::new(seed, "nonces"),
        }
    }

    /// Phones that no desk knows, for a peer that opens nothing.
    pub fn without_keys(people: u16) -> Self {
        let device = |place| LoadDevice {
            id: DeviceId(u32::from(place) + 1),
            root: RootKey::from_octets([0; 32]),
            number: LoadPlan::number(place),
            used: Counter(0),
        };
        Self::new(&(0..people).map(device).collect::<Vec<_>>(), 0)
    }

    /// How many check-ins its counters have room for.
    pub fn left(&self) -> u64 {
        let left = |phone: &Phone| u64::from(u16::MAX - phone.used.0);
        self.phones.iter().map(left).sum()
    }

    /// Seals the next check-in; `None` where all counters have come to an end.
    pub fn seal(&mut self, wall: Millis) -> Option<Sealed> {
        let place = (0..self.phones.len())
            .map(|ahead| (self.turn + ahead) % self.phones.len())
            .find(|place| self.phones[*place].used.0 < u16::MAX)?;
        self.turn = place + 1;
        self.sealed += 1;
        let phone = &mut self.phones[place];
        phone.used.0 += 1;
        let counter = phone.used;
        let action = if counter.0 % 2 == 1 {
            Action::In
        } else {
            Action::Out
        };
        let attendance = Attendance {
            action,
            claimed_at: wall,
            note: String::new(),
        };
        let header = Header {
            kind: Kind::ATTENDANCE,
            device: phone.device,
            counter,
        };
        let plaintext = attendance.encode(Padding::Phone).ok()?;
        let nonce = self.nonces.octets();
        let envelope = envelope::seal(&phone.keys.to_desk, header, nonce, &plaintext);
        let is_opened = self.sealed.is_multiple_of(OPENED);
        Some(Sealed {
            phone: place,
            digest: is_opened.then(|| envelope::digest(&envelope)),
            text: frame::encode(&envelope),
        })
    }

    /// The message as a gateway's link gives it.
    pub fn sms(&self, sealed: &Sealed) -> InboundSms {
        InboundSms {
            source: self.phones[sealed.phone].address.clone(),
            destination: Address::international(DESK_NUMBER),
            octets: sealed.text.clone().into(),
            data_coding: 0,
            part: None,
        }
    }

    /// Appends the deliver_sm that carries a message.
    pub(super) fn put(&self, output: &mut Vec<u8>, sequence: u32, sealed: &Sealed) {
        let phone = &self.phones[sealed.phone];
        phone.deliver.put(output, sequence, sealed.text.as_bytes());
    }

    /// The place of the phone that has a device.
    pub(super) fn place(&self, device: DeviceId) -> Option<usize> {
        let found = self.by_device.binary_search_by_key(&device, |it| it.0).ok();
        found.map(|at| self.by_device[at].1)
    }

    /// What a phone is called, the keys that it has, and the highest counter that it has used.
    pub(super) fn phone(&self, place: usize) -> (DeviceId, &DeviceKeys, Counter) {
        let phone = &self.phones[place];
        (phone.device, &phone.keys, phone.used)
    }

    /// How many phones there are.
    pub(super) const fn size(&self) -> usize {
        self.phones.len()
    }
}

impl Phone {
    fn new(device: &LoadDevice) -> Self {
        let address = Address::international(device.number.as_str());
        Self {
            device: device.id,
            keys: DeviceKeys::derive(&device.root),
            deliver: DeliverSm::new(&address, &Address::international(DESK_NUMBER)),
            address,
            used: device.used,
        }
    }
}

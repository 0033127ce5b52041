use std::collections::BTreeSet;

use super::dice::Dice;
use super::names;
use super::script::Scenario;
use crate::domain::{Country, DeviceId, Msisdn};
use crate::protocol::RootKey;

/// What a practice is to be.
#[derive(Clone, Debug)]
pub struct PracticeConfig {
    /// Fixes keys, people, script and faults.
    pub seed: u64,
    /// What happens.
    pub scenario: Scenario,
    /// How many people work there; 1 to [`PracticeConfig::MOST_PEOPLE`], others are held to it.
    pub people: usize,
    /// The gateway's TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How far the phones' zone is ahead of UTC, in seconds: the 2023 format writes local time.
    pub utc_offset_s: i32,
    /// How many times faster than described all of it goes: 1 for people who look on, more for tests.
    pub speed: u32,
}

impl PracticeConfig {
    /// Most people of a practice.
    pub const MOST_PEOPLE: usize = names::MOST;
}

/// Somebody who is to be on a card before it begins.
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct Hire {
    /// The name as it is written.
    pub name: String,
    /// A short name in Latin letters.
    pub short: String,
    /// Team.
    pub team: &'static str,
    /// The number.
    pub phone: Msisdn,
    /// The phone's device and root key; `None` for a phone of 2023, for whose card the 2023 format is to be switched on.
    pub device: Option<(DeviceId, RootKey)>,
}

/// What a desk has to know to take part. The same configuration gives the same plan.
#[expect(missing_debug_implementations, reason = "it holds keys")]
pub struct Plan {
    /// Who works there.
    pub hires: Vec<Hire>,
    /// The name by which the gateway lets an ESME bind.
    pub system_id: &'static str,
    /// Its password, 8 characters.
    pub password: String,
    /// The number that the phones write to, in E.164.
    pub desk_number: &'static str,
    /// The country of all numbers.
    pub country: &'static str,
    /// Characters that the gateway appends to what it sends.
    pub footer_octets: u16,
}

/// The numbers that Ofcom keeps for films and plays, +44 7700 900000 to 900999: nobody has them.
const NUMBERS: &str = "+447700900";
const DESK_NUMBER: &str = "+447700900999";
const TEAMS: [&str; 5] = ["Office", "Workshop", "Warehouse", "Kitchen", "Drivers"];

/// Who of the people has a phone of 2023, where there are so many.
pub(super) const OLD_PHONE: usize = 3;

impl Plan {
    /// Draws people and keys.
    pub fn draw(config: &PracticeConfig) -> Self {
        let count = config.people.clamp(1, PracticeConfig::MOST_PEOPLE);
        let mut dice = Dice::new(config.seed, "people");
        let names = names::draw(&mut dice, count);
        let teams: Vec<&'static str> = names.iter().map(|_| *dice.pick(&TEAMS)).collect();
        let mut numbers: Vec<usize> = (0..PracticeConfig::MOST_PEOPLE).collect();
        dice.shuffle(&mut numbers);
        let mut keys = Dice::new(config.seed, "keys");
        let mut devices = BTreeSet::from([0]);
        let mut hires = Vec::new();
        for (at, ((name, short), team)) in names.into_iter().zip(teams).enumerate() {
            let mut device = 0;
            while !devices.insert(device) {
                device = u32::from_be_bytes(keys.octets());
            }
            let device = (DeviceId(device), RootKey::from_octets(keys.octets()));
            hires.push(Hire {
                name,
                short,
                team,
                phone: number(numbers[at]),
                device: (at != OLD_PHONE).then_some(device),
            });
        }
        Self {
            hires,
            system_id: "smppuser",
            password: password(&mut Dice::new(config.seed, "password")),
            desk_number: DESK_NUMBER,
            country: "GB",
            footer_octets: u16::try_from(super::smsc::FOOTER.len()).unwrap_or(u16::MAX),
        }
    }
}

/// The number of a place, 0 to 999.
pub(super) fn number(place: usize) -> Msisdn {
    Msisdn::parse(&format!("{NUMBERS}{place:03}"), Country::default())
        .expect("ten digits after +44 can be a number")
}

fn password(dice: &mut Dice) -> String {
    let letters = b"abcdefghjkmnpqrstuvwxyz23456789";
    (0..8).map(|_| char::from(*dice.pick(letters))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(seed: u64, people: usize) -> PracticeConfig {
        PracticeConfig {
            seed,
            scenario: Scenario::Morning,
            people,
            port: 0,
            utc_offset_s: 0,
            speed: 1,
        }
    }

    fn told(plan: &Plan) -> Vec<String> {
        let hires = plan.hires.iter().map(|hire| {
            let device = hire.device.as_ref();
            let device = device.map(|(id, key)| format!("{id} {}", *key.to_hex()));
            format!(
                "{} {} {} {} {device:?}",
                hire.name,
                hire.short,
                hire.team,
                hire.phone.as_str()
            )
        });
        hires.chain([plan.password.clone()]).collect()
    }

    #[test]
    fn one_seed_gives_one_plan() {
        let plan = told(&Plan::draw(&config(5, 40)));
        assert_eq!(plan, told(&Plan::draw(&config(5, 40))));
        let other = told(&Plan::draw(&config(6, 40)));
        assert!(plan.iter().zip(&other).all(|(one, two)| one != two));
    }

    #[test]
    fn all_have_numbers_and_devices_of_their_own() {
        let plan = Plan::draw(&config(5, 9_999));
        assert_eq!(plan.hires.len(), PracticeConfig::MOST_PEOPLE);
        let numbers: BTreeSet<&str> = plan.hires.iter().map(|hire| hire.phone.as_str()).collect();
        assert_eq!(numbers.len(), plan.hires.len());
        let devices: BTreeSet<DeviceId> = plan
            .hires
            .iter()
            .filter_map(|hire| hire.device.as_ref())
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(devices.len(), plan.hires.len() - 1);
        assert!(!devices.contains(&DeviceId(0)));
        assert!(Msisdn::parse(plan.desk_number, Country::default()).is_ok());
        assert_eq!(Plan::draw(&config(5, 0)).hires.len(), 1);
    }
}

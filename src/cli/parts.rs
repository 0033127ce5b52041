//! What the configuration means to the floors below.

use nix::unistd::Group;
use zeroize::Zeroizing;

use super::config::{Config, Encoding, Gateway};
use super::error::CliError;
use super::place::Place;
use super::secret::Secret;
use super::{clock::Clock, files, tls};
use crate::domain::Millis;
use crate::engine::{Engine, Entropy, GatewaySettings, Receipts, Rules, Settings, StartError};
use crate::gateway::{GatewayConfig, LoginError, Password, SystemId, Tls};
use crate::protocol::StoreKey;
use crate::store::{RedbStore, Store, StoreError};

/// When this version was released, 2026-11-20: a clock that shows less is wrong.
const RELEASED_AT: Millis = Millis(1_795_132_800_000);

/// Randomness of the operating system, fetched for a few hundred answers at once. No octet is given twice.
struct SystemEntropy {
    fetched: Zeroizing<[u8; 4_096]>,
    given: usize,
}

impl SystemEntropy {
    fn new() -> Self {
        let fetched = Zeroizing::new([0; 4_096]);
        let given = fetched.len();
        Self { fetched, given }
    }
}

impl Entropy for SystemEntropy {
    fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            if self.given == self.fetched.len() {
                getrandom::fill(&mut *self.fetched)
                    .expect("the system that gave a seed at the start has random octets");
                self.given = 0;
            }
            *octet = std::mem::take(&mut self.fetched[self.given]);
            self.given += 1;
        }
    }
}

/// Randomness for a new engine.
pub fn entropy() -> impl Entropy {
    SystemEntropy::new()
}

/// The engine on the store, ready to start.
pub fn engine(
    place: &Place,
    config: &Config,
    key: StoreKey,
    store: &RedbStore,
    clock: Clock,
) -> Result<Engine, CliError> {
    let loaded = store.load().map_err(store_error)?;
    let entropy = Box::new(SystemEntropy::new());
    Engine::new(settings(config), key, loaded, entropy, clock.now()).map_err(|error| match error {
        StartError::StoreKey | StartError::DeviceKey(_) => CliError::WrongStoreKey {
            path: place.store_key(),
        },
    })
}

/// Checks that the group of the socket is there, where one is set.
///
/// # Errors
/// [`CliError::NoGroup`].
pub fn socket_group(config: &Config) -> Result<(), CliError> {
    let Some(name) = &config.site.socket_group else {
        return Ok(());
    };
    match Group::from_name(name) {
        Ok(None) => Err(CliError::NoGroup(name.clone())),
        // Whether it is there cannot be known now; the engine will.
        Ok(Some(_)) | Err(_) => Ok(()),
    }
}

/// A seed of the operating system.
///
/// # Errors
/// [`CliError::Random`] where it has none.
pub fn seed() -> Result<u64, CliError> {
    getrandom::u64().map_err(|cause| CliError::Random(Box::new(cause)))
}

/// What the engine is to know.
pub fn settings(config: &Config) -> Settings {
    let seconds = |s: u32| i64::from(s) * Millis::SECOND;
    let hours = |h: u32| i64::from(h) * Millis::HOUR;
    Settings {
        time_zone: config.site.time_zone.clone(),
        country: config.site.country,
        day_starts: config.site.day_starts,
        rules: Rules {
            clock_tolerance_ms: i64::from(config.rules.clock_tolerance_min) * Millis::MINUTE,
            delayed_after_ms: hours(config.rules.delayed_after_h),
            refuse_ahead_ms: hours(config.rules.refuse_ahead_h),
            refuse_behind_ms: hours(config.rules.refuse_behind_h),
            backup_old_after_ms: i64::from(config.backup.old_after_days) * Millis::DAY,
        },
        receipts: Receipts {
            retry_after_ms: config
                .receipts
                .retry_after_s
                .iter()
                .copied()
                .map(seconds)
                .collect(),
            give_up_after_ms: hours(config.receipts.give_up_after_h),
            other_gateway_after_ms: seconds(config.receipts.other_gateway_after_s),
            repeats_per_device_per_day: config.receipts.repeats_per_device_per_day,
            attendance_per_device_per_day: config.receipts.attendance_per_device_per_day,
        },
        gateways: config.gateways.iter().map(gateway_settings).collect(),
        released_at: RELEASED_AT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn gateway_settings(gateway: &Gateway) -> GatewaySettings {
    GatewaySettings {
        name: gateway.name.clone(),
        source_address: gateway.source_address.clone(),
        binary: gateway.encoding == Encoding::Binary,
        footer_octets: usize::from(gateway.footer_octets),
        answer_link: gateway.answer_link.clone(),
        window: usize::from(gateway.window),
        max_per_second: gateway.max_per_second,
        max_per_30_min: gateway.max_per_30_min,
        reaches: gateway.reaches.clone(),
    }
}

/// What a link is to know.
///
/// # Errors
/// [`LoginError`] where no gateway takes such a login.
pub fn gateway_config(
    gateway: &Gateway,
    password: &Secret,
    tls: Option<Tls>,
) -> Result<GatewayConfig, LoginError> {
    let short = |seconds: u32| u16::try_from(seconds).unwrap_or(u16::MAX);
    Ok(GatewayConfig {
        name: gateway.name.clone(),
        host: gateway.host.clone(),
        port: gateway.port,
        tls,
        system_id: SystemId::parse(&gateway.system_id)?,
        password: Password::parse(password.expose())?,
        enquire_link_s: short(gateway.enquire_link_s),
        response_timeout_s: short(gateway.response_timeout_s),
        window: gateway.window,
        one_pdu_per_write: gateway.one_pdu_per_write,
    })
}

/// The links of all gateways, with their passwords and their TLS.
///
/// # Errors
/// What is wrong with a password, its file, or a file of TLS.
pub fn gateway_configs(place: &Place, config: &Config) -> Result<Vec<GatewayConfig>, CliError> {
    let gateways = config.gateways.iter();
    let configs = gateways.map(|gateway| {
        let password = files::gateway_password(place, gateway)?;
        let tls = tls::gateway_tls(place, gateway)?;
        gateway_config(gateway, &password, tls)
            .map_err(|_| CliError::Password { path: place.keys() })
    });
    configs.collect()
}

/// What a fault of the store means to whoever called the program.
pub fn store_error(error: StoreError) -> CliError {
    match error {
        StoreError::InUse => CliError::InUse,
        StoreError::Damaged(cause) => CliError::Damaged(cause),
        StoreError::Newer { .. } => CliError::Newer(Box::new(error)),
        StoreError::Open(cause) => CliError::OpenStore(cause),
        StoreError::Stopped => CliError::EngineStopped,
        StoreError::Write(cause) => CliError::WriteStore(cause),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_engine_draws_its_own_octets_of_the_system_and_none_twice() {
        let mut both = [SystemEntropy::new(), SystemEntropy::new()];
        let mut drawn = BTreeSet::new();
        // More than is fetched at once.
        for _ in 0..1_000 {
            for entropy in &mut both {
                let mut nonce = [0; 12];
                entropy.fill(&mut nonce);
                assert!(drawn.insert(nonce), "a nonce came twice");
            }
        }
        let [SystemEntropy { fetched, given }, _] = both;
        assert!(fetched[..given].iter().all(|octet| *octet == 0));
        assert!(fetched[given..].iter().any(|octet| *octet != 0));
    }
}

use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::super::config::{PAGE_CHARACTERS, PageUrl};
use super::super::enrolment::{Enrolment, Scanned};
use super::super::error::CliError;
use super::super::json::EnrolledJson;
use super::super::qr::{Code, Quiet};
use super::super::turn::Turn;
use crate::api::{Command, EnrolKey, Reply};
use crate::domain::{Employee, Msisdn};
use crate::protocol::{KeyText, RootKey};
use crate::ui::is_right_to_left;
use crate::words::four_words;

/// Enrols a phone and shows its key, once.
pub(super) fn enrol(
    turn: &mut Turn<'_>,
    employee: &str,
    key_file: Option<&Path>,
    page: Option<&str>,
    json: bool,
) -> Result<(), CliError> {
    // All that can be wrong is found before a device is made.
    let page = match page {
        Some("") => None,
        Some(page) => Some(page_url(page)?),
        None => turn.config.site.page.clone(),
    };
    let desk_number = desk_number(turn)?;
    let key = match key_file {
        Some(file) => read_key(file)?,
        None => EnrolKey::New,
    };
    let card = turn.employee(employee)?;
    let Reply::Enrolled(mut enrolled) = turn.command(Command::EnrolDevice(card.id, key))? else {
        return Err(CliError::Answer);
    };
    let key = KeyText {
        device: enrolled.device,
        root: RootKey::from_octets(enrolled.root_key),
        desk_number: desk_number.as_str().to_owned(),
    };
    enrolled.root_key.zeroize();
    let text = key.encode();
    let link = page.map(|page| page.link(&text));
    if json {
        let root_key = key.root.to_hex();
        return turn.objects([EnrolledJson {
            device: enrolled.device.0,
            employee: enrolled.employee.0,
            root_key: &root_key,
            key_text: &text,
            page: link.as_ref().map(|link| link.as_str()),
            words: four_words(key.root.fingerprint(key.device)),
        }]);
    }
    show(
        turn,
        &card,
        &key,
        &text,
        link.as_ref().map(|link| link.as_str()),
    )
}

fn show(
    turn: &mut Turn<'_>,
    card: &Employee,
    key: &KeyText,
    text: &str,
    link: Option<&str>,
) -> Result<(), CliError> {
    let four = four_words(key.root.fingerprint(key.device)).join(" ");
    let device = key.device.to_string();
    let Some(screen) = turn.screen else {
        let shown = link.unwrap_or(text);
        let code = Code::of(shown)?.half_blocks(Quiet::Full, false);
        let written = writeln!(turn.out, "{}{shown}", *code);
        written
            .and_then(|()| turn.out.flush())
            .map_err(CliError::Terminal)?;
        let facts = [("name", &*card.name), ("device", &*device)];
        turn.tell("said.enrolled", &facts)?;
        return turn.tell("said.four_words", &[("words", &four)]);
    };
    let words = turn.words;
    let say = |key| words.say(key, &[]);
    // A terminal may turn all of a line round, and the code with it, where a letter in it is written from right to left.
    let names = [&card.name, &card.short];
    let name = names.into_iter().find(|name| !is_right_to_left(name));
    let name = name.map_or_else(|| card.id.to_string(), Clone::clone);
    let whose = words.say("enrolment.whose", &[("name", &name), ("device", &device)]);
    let beside = |scanned| {
        let what_to_do = match scanned {
            Scanned::Key => say("enrolment.scan_key"),
            Scanned::Link => say("enrolment.scan_link"),
            Scanned::KeyForPage => say("enrolment.scan_key_for_page"),
        };
        let mut paragraphs = vec![whose.clone(), String::new(), what_to_do, String::new()];
        paragraphs.extend([say("enrolment.must_show"), format!("  {four}")]);
        paragraphs.extend([String::new(), say("enrolment.once")]);
        if link.is_some() {
            paragraphs.extend([String::new(), say("enrolment.link_is_key")]);
        }
        paragraphs
    };
    let enrolment = Enrolment {
        key_text: text,
        link,
    };
    enrolment.write(turn.out, screen, beside)
}

fn page_url(page: &str) -> Result<PageUrl, CliError> {
    if page.chars().count() > PAGE_CHARACTERS {
        return Err(CliError::PageLength);
    }
    PageUrl::parse(page).map_err(|fault| {
        let page = page.to_owned();
        CliError::Page { page, fault }
    })
}

/// The number that phones send to.
fn desk_number(turn: &Turn<'_>) -> Result<Msisdn, CliError> {
    let first = turn.config.gateways.first();
    let number = first.and_then(|gateway| gateway.source_address.as_deref());
    let number = number.ok_or(CliError::NoDeskNumber)?;
    Msisdn::parse(number, turn.config.site.country).map_err(|_| CliError::NoDeskNumber)
}

fn read_key(file: &Path) -> Result<EnrolKey, CliError> {
    let octets = std::fs::read(file).map_err(|cause| CliError::reading(file, cause))?;
    let octets = Zeroizing::new(octets);
    let text = std::str::from_utf8(&octets).unwrap_or_default().trim();
    let key = match (RootKey::parse(text), KeyText::parse(text)) {
        (Ok(root), _) => EnrolKey::Root(*root.octets()),
        (_, Ok(key)) => EnrolKey::Device(key.device, *key.root.octets()),
        (Err(_), Err(cause)) => {
            let path = file.to_owned();
            return Err(CliError::KeyFile { path, cause });
        }
    };
    Ok(key)
}

//! Addresses of the page for phones, behind whose `#` a key or an answer stands.

use std::fmt;
use std::net::Ipv6Addr;

use zeroize::Zeroizing;

use super::error::{ConfigError, ConfigFault};
use super::layers::Sheet;
use super::{Encoding, fault_at, text};
use crate::protocol::frame;

/// The most characters of an address of the page, so that a window shows the link whole.
pub const PAGE_CHARACTERS: usize = 200;

/// Characters of one SMS.
const SMS_CHARACTERS: usize = 160;
/// What stands in an SMS behind the address: `#` and the frame of an answer.
const ANSWER_CHARACTERS: usize = 1 + 92;

/// What else than letters and digits has the same octet in GSM 03.38, ASCII and Latin-1, and a place in an address.
const SURVIVES: &str = "+/.:-?=&%";
/// What else than letters and digits may stand in an address.
///
/// Source: RFC 3986 section 2.
const IN_URL: &str = "-._~:/?[]@!$&'()*+,;=%";

/// Why a text is no address of the page for phones.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// Neither https, nor another one that is taken here.
    Scheme,
    /// It names no host or file, or one with a user, or a port that is no number.
    Host,
    /// A fragment: the key or answer takes its place.
    Fragment,
    /// A character that no address has, or that an SMS does not carry.
    Character(char),
}

/// The address of the page for phones, without a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageUrl(String);

impl PageUrl {
    /// Takes an address with https; with http where it is this computer's; or of a file.
    ///
    /// # Errors
    /// [`PageFault`] where it is none.
    pub fn parse(text: &str) -> Result<Self, PageFault> {
        parsed(text, IN_URL)?;
        let is_taken = match text.split_once("://") {
            Some(("https" | "file", _)) => true,
            Some(("http", rest)) => {
                let (host, _) = host_and_port(rest).ok_or(PageFault::Host)?;
                ["localhost", "127.0.0.1"].contains(&host)
            }
            Some(_) | None => false,
        };
        if !is_taken {
            return Err(PageFault::Scheme);
        }
        Ok(Self(text.to_owned()))
    }

    /// The link that hands `key_text` to the page. What stands behind `#` never leaves the browser (RFC 9110 section 7.1).
    pub fn link(&self, key_text: &str) -> Zeroizing<String> {
        Zeroizing::new([&self.0, "#", key_text].concat())
    }
}

impl fmt::Display for PageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads `page` of the site.
pub(super) fn page(sheet: &Sheet) -> Result<Option<PageUrl>, ConfigError> {
    let page = text(sheet, "page")?;
    if page.is_empty() {
        return Ok(None);
    }
    let page = PageUrl::parse(&page).map_err(|fault| page_fault(sheet, "page", &page, fault))?;
    Ok(Some(page))
}

/// Reads `answer_link` of a gateway.
pub(super) fn answer_link(
    sheet: &Sheet,
    encoding: Encoding,
    footer_octets: u16,
) -> Result<Option<String>, ConfigError> {
    const KEY: &str = "answer_link";
    let link = text(sheet, KEY)?;
    if link.is_empty() {
        return Ok(None);
    }
    let scheme = parsed(&link, SURVIVES).and_then(|()| {
        let is_web = link.starts_with("https://") || link.starts_with("http://");
        is_web.then_some(()).ok_or(PageFault::Scheme)
    });
    scheme.map_err(|fault| page_fault(sheet, KEY, &link, fault))?;
    // Whoever reads the SMS takes the first frame in it.
    if frame::find(&link).is_some() {
        return Err(page_fault(sheet, KEY, &link, PageFault::Host));
    }
    if encoding == Encoding::Binary {
        return Err(fault_at(sheet, KEY, ConfigFault::LinkInBinary));
    }
    let taken = ANSWER_CHARACTERS + usize::from(footer_octets);
    let room = SMS_CHARACTERS.saturating_sub(taken);
    if link.len() > room {
        let characters = link.len();
        return Err(fault_at(
            sheet,
            KEY,
            ConfigFault::LinkTooLong { characters, room },
        ));
    }
    Ok(Some(link))
}

fn page_fault(sheet: &Sheet, key: &'static str, page: &str, fault: PageFault) -> ConfigError {
    let page = page.to_owned();
    fault_at(sheet, key, ConfigFault::Page { key, page, fault })
}

/// Looks whether a text is an address without a fragment, of letters, digits and what `others` has.
fn parsed(text: &str, others: &str) -> Result<(), PageFault> {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    match text.chars().find(|c| !may_stand(*c)) {
        Some('#') => return Err(PageFault::Fragment),
        Some(other) => return Err(PageFault::Character(other)),
        None => {}
    }
    let is_escape = |after: &str| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !text.split('%').skip(1).all(is_escape) {
        return Err(PageFault::Character('%'));
    }
    let (scheme, rest) = text.split_once("://").ok_or(PageFault::Scheme)?;
    let names_one = match scheme {
        "file" => rest.len() > 1 && rest.starts_with('/'),
        _ => host_and_port(rest).is_some(),
    };
    names_one.then_some(()).ok_or(PageFault::Host)
}

/// Host and port of what stands behind `://`; `None` where it has none, or a user.
fn host_and_port(rest: &str) -> Option<(&str, Option<u16>)> {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        Some(_) | None => (authority, None),
    };
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_address = |address: &str| address.parse::<Ipv6Addr>().is_ok();
    let may_stand = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_name = !host.is_empty() && !host.starts_with('.') && host.chars().all(may_stand);
    let is_host = in_brackets.map_or(is_name, is_address);
    is_host.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::config::{Config, read_text};
    use crate::cli::error::CliError;
    use crate::cli::sentences;
    use crate::words::{Language, Words};

    fn read(text: &str) -> Result<Config, String> {
        read_text(text).map_err(|error| {
            let words = Words::load(Language::English);
            sentences::sentence(&words, &CliError::Config(error))
        })
    }

    fn gateway(lines: &str) -> Result<Option<String>, String> {
        let text = format!("[[gateway]]\nname = \"north\"\nhost = \"gw.lan\"\n{lines}\n");
        read(&text).map(|config| config.gateways[0].answer_link.clone())
    }

    #[test]
    fn a_page_is_an_address_without_a_fragment() {
        for page in [
            "https://desk.example",
            "https://desk.example/p",
            "https://desk.example:8443/~mina/phone.html?l=fa&x=%20",
            "https://[2001:db8::1]:8443/p",
            "https://xn--bro-hoa.example/",
            "http://localhost/phone.html",
            "http://localhost:8080",
            "http://127.0.0.1:8080/",
            "file:///sdcard/Download/phone.html",
        ] {
            let parsed = PageUrl::parse(page).map(|page| page.to_string());
            assert_eq!(parsed.as_deref(), Ok(page));
        }
        let wrong = [
            ("", PageFault::Scheme),
            ("desk.example", PageFault::Scheme),
            ("//desk.example", PageFault::Scheme),
            ("ftp://desk.example/p", PageFault::Scheme),
            ("javascript://desk.example/", PageFault::Scheme),
            ("http://desk.example/p", PageFault::Scheme),
            ("http://localhost.example/p", PageFault::Scheme),
            ("http://127.0.0.1.example/", PageFault::Scheme),
            ("http://127.0.0.10/", PageFault::Scheme),
            ("http://localhost@desk.example/", PageFault::Host),
            ("https://", PageFault::Host),
            ("https:///p", PageFault::Host),
            ("https://?p", PageFault::Host),
            ("https://:8443/p", PageFault::Host),
            ("https://desk.example:/p", PageFault::Host),
            ("https://desk.example:99999/p", PageFault::Host),
            ("https://mina:secret@desk.example/p", PageFault::Host),
            ("https://[::1/p", PageFault::Host),
            ("https://[desk]/p", PageFault::Host),
            ("file://", PageFault::Host),
            ("file:///", PageFault::Host),
            ("file://desk/p", PageFault::Host),
            ("https://a/#b", PageFault::Fragment),
            ("https://a/#", PageFault::Fragment),
            ("https://a b", PageFault::Character(' ')),
            ("https://a/\u{1b}[2J", PageFault::Character('\u{1b}')),
            ("https://a/\"", PageFault::Character('"')),
            ("https://a/<b>", PageFault::Character('<')),
            ("https://büro.example/", PageFault::Character('ü')),
            ("https://a/100%", PageFault::Character('%')),
            ("https://a/%2g", PageFault::Character('%')),
        ];
        for (page, fault) in wrong {
            assert_eq!(PageUrl::parse(page), Err(fault), "{page}");
        }
    }

    #[test]
    fn a_link_has_the_key_in_its_fragment() {
        let page = PageUrl::parse("https://desk.example/p?l=fa").unwrap();
        assert_eq!(*page.link("HZK.A"), "https://desk.example/p?l=fa#HZK.A");
    }

    #[test]
    fn the_page_of_the_site_is_checked_where_it_stands() {
        let read = |page: &str| {
            let config = read(&format!("[site]\nname = \"Office\"\npage = \"{page}\"\n"));
            config.map(|config| config.site.page.map(|page| page.to_string()))
        };
        assert_eq!(read(""), Ok(None));
        let page = "https://desk.example/p";
        assert_eq!(read(page), Ok(Some(page.to_owned())));
        for (page, says) in [
            ("http://desk.example/p", "https://"),
            ("https://desk.example/p#x", "'#'"),
            ("https://", "no host"),
            ("https://desk.example/a|b", "'|'"),
        ] {
            let said = read(page).unwrap_err();
            assert!(said.starts_with("hazir.toml:3:8: "), "{said}");
            assert!(said.contains(says) && said.contains("'page'"), "{said}");
        }
        let longest = format!("https://desk.example/{}", "p".repeat(PAGE_CHARACTERS - 21));
        assert_eq!(read(&longest), Ok(Some(longest.clone())));
        let said = read(&format!("{longest}p")).unwrap_err();
        assert!(said.contains("at most 200"), "{said}");
    }

    #[test]
    fn a_link_before_an_answer_fits_one_sms_with_the_footer() {
        let link = |octets: usize| format!("https://a.example/{}", "p".repeat(octets - 18));
        let lines = |octets, footer| {
            format!(
                "answer_link = \"{}\"\nfooter_octets = {footer}",
                link(octets)
            )
        };
        assert_eq!(gateway("answer_link = \"\""), Ok(None));
        for (octets, footer) in [(67, 0), (66, 1), (37, 30), (18, 49)] {
            assert_eq!(octets + 1 + 92 + footer, 160);
            assert_eq!(gateway(&lines(octets, footer)), Ok(Some(link(octets))));
            for more in [lines(octets + 1, footer), lines(octets, footer + 1)] {
                let said = gateway(&more).unwrap_err();
                assert!(said.starts_with("hazir.toml:4:15: 'answer_link'"), "{said}");
                assert!(said.contains("footer_octets"), "{said}");
            }
        }
        // The footer that is the default leaves no room for any.
        let said = gateway("answer_link = \"https://a.example/\"").unwrap_err();
        assert!(said.contains("18") && said.contains("room for 5"), "{said}");
        let said = gateway("answer_link = \"https://a.example/\"\nfooter_octets = 150");
        assert!(said.unwrap_err().contains("room for 0"));
    }

    #[test]
    fn a_link_before_an_answer_survives_every_reading_and_opens_a_page() {
        let with = |link: &str| {
            gateway(&format!("answer_link = \"{link}\"\nfooter_octets = 0")).map(Option::unwrap)
        };
        for link in [
            "https://example.org/phone.html",
            "http://192.168.1.2:8080/p?l=fa&x=%20",
            "https://example.org",
        ] {
            assert_eq!(with(link).as_deref(), Ok(link));
        }
        for (link, says) in [
            ("https://example.org/~mina/", "'~'"),
            ("https://example.org/a_b", "'_'"),
            ("https://example.org/$", "'$'"),
            ("https://mina@example.org/", "'@'"),
            ("https://[::1]/", "'['"),
            ("https://example.org/{x}", "'{'"),
            ("https://example.org/a|b", "'|'"),
            ("https://example.org/a b", "' '"),
            ("https://example.org/ü", "'ü'"),
            ("https://example.org/#", "'#'"),
            ("file:///sdcard/phone.html", "https://"),
            ("example.org/phone.html", "https://"),
            ("https:///phone.html", "no host"),
        ] {
            let said = with(link).unwrap_err();
            assert!(said.starts_with("hazir.toml:4:15: 'answer_link'"), "{said}");
            assert!(said.contains(says), "{said}");
        }
        let frame = format!("https://a/{}", frame::encode(&[0; 36]));
        assert!(with(&frame).is_err());
        let binary = "answer_link = \"https://a/\"\nfooter_octets = 0\nencoding = \"binary\"";
        let said = gateway(binary).unwrap_err();
        assert!(said.starts_with("hazir.toml:4:15: 'answer_link'"), "{said}");
        assert!(said.contains("encoding"), "{said}");
    }

    proptest! {
        #[test]
        fn a_page_that_is_taken_is_plain(page in "(https?|file)://\\PC{0,40}") {
            if let Ok(taken) = PageUrl::parse(&page) {
                let taken = taken.to_string();
                prop_assert_eq!(&taken, &page);
                prop_assert!(taken.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'#'));
            }
        }

        #[test]
        fn arbitrary_text_as_a_page_does_no_harm(page in "\\PC*") {
            prop_assert!(PageUrl::parse(&page).is_err());
        }
    }
}

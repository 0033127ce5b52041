use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::super::office::{Office, fast_configuration};
use super::super::peers;
use super::super::process::Process;
use super::super::smsc::SOON;
use super::authority::{Authority, BOTH, Dates, Leaf, acceptor};
use super::front::Front;

const NAME: &str = "gateway.example";

/// A desk whose gateway is reached by TLS at `port`, with these lines more.
fn configure(office: &Office, port: u16, more: &str) {
    let text = fast_configuration(port);
    let (before, after) = text.split_once("\n\n[receipts]").expect("it has receipts");
    office.configure(&format!(
        "{before}\ntls = true\n{more}\n\n[receipts]{after}"
    ));
}

/// Two employees check in over TLS; each gets the receipt, and its delivery is known.
fn work(office: &Office, engine: Process) {
    office.smsc.send_receipts();
    office.smsc.wait_bound(1);
    let mut phones = office.staff(2);
    for phone in &mut phones {
        office.check_in(phone, 1);
        office.check_in(phone, 2);
    }
    let feed = office.json_until(&["feed"], |lines| {
        let delivered = lines
            .iter()
            .filter(|line| line["receipt"]["state"] == "delivered");
        delivered.count() == 4
    });
    assert!(feed.iter().all(|line| line["outcome"] == "recorded"));
    office.stop(engine);
}

fn write(office: &Office, name: &str, text: &str) {
    let path = office.data.join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn check_ins_and_receipts_go_over_tls() {
    let ca = Authority::new("office CA");
    let office = Office::open();
    let leaf = ca.issue(&[NAME], Dates::Now);
    let front = Front::start(acceptor(&leaf, BOTH, None), office.smsc.port());
    configure(
        &office,
        front.port(),
        &format!("tls_ca = \"keys/ca.pem\"\ntls_name = \"{NAME}\""),
    );
    write(&office, "keys/ca.pem", &ca.pem());
    office.ok(&["config", "check"]);
    let tried = office.ok(&["init"]);
    assert!(tried.err.contains("took the login"), "{}", tried.err);
    let engine = office.serve();
    office.smsc.wait_bound(2);
    work(&office, engine);
}

#[test]
fn the_cas_of_the_system_are_trusted_where_none_is_given() {
    let ca = Authority::new("public CA");
    let office = Office::open();
    let leaf = ca.issue(&["127.0.0.1"], Dates::Now);
    let front = Front::start(acceptor(&leaf, BOTH, None), office.smsc.port());
    configure(&office, front.port(), "");
    let roots = office.data.join("roots.pem");
    std::fs::write(&roots, ca.pem()).unwrap();
    let serve = |name: &str| {
        let mut command = office.command(&["serve"]);
        command
            .env_remove("SSL_CERT_DIR")
            .env("SSL_CERT_FILE", name);
        Process::start(&mut command)
    };
    let mut engine = serve(roots.to_str().unwrap());
    assert!(engine.says("ready:", SOON), "{}", engine.err());
    work(&office, engine);

    let done = serve("/nowhere/roots.pem").finish(SOON);
    assert_eq!(done.code, Some(3), "{}", done.err);
    let wanted = "hazir.toml:15:7: this system trusts no CA";
    assert!(done.err.contains(wanted), "{}", done.err);
}

#[test]
fn an_unknown_ca_is_an_alarm_at_once_that_says_what_mends_it() {
    let office = Office::open();
    let leaf = Authority::new("gateway's CA").issue(&[NAME], Dates::Now);
    let front = Front::start(acceptor(&leaf, BOTH, None), office.smsc.port());
    configure(
        &office,
        front.port(),
        &format!("tls_ca = \"ca.pem\"\ntls_name = \"{NAME}\""),
    );
    write(&office, "ca.pem", &Authority::new("another CA").pem());
    let tried = office.run(&["init"]);
    assert_eq!(tried.code, Some(6), "{}", tried.err);
    assert!(tried.err.contains("tls_ca"), "{}", tried.err);
    assert!(tried.err.contains("because: "), "{}", tried.err);
    let engine = office.serve();
    // A gateway that is not there is an alarm after a minute.
    let alarms = office.json_until(&["alarms"], |alarms| !alarms.is_empty());
    assert_eq!(alarms[0]["kind"], "link_down");
    let (text, act) = (alarms[0]["text"].to_string(), alarms[0]["act"].to_string());
    assert!(text.contains("nobody who is trusted"), "{text}");
    assert!(act.contains("tls_ca"), "{act}");
    let link = office.json(&["link"]).remove(0);
    assert_eq!(link["error"], "tls_unknown_issuer", "{link}");
    super::super::office::stop(engine);
}

#[test]
fn a_wrong_name_is_said_with_the_names_that_there_are() {
    let ca = Authority::new("office CA");
    let office = Office::open();
    let leaf = ca.issue(&["smsc.example"], Dates::Now);
    let front = Front::start(acceptor(&leaf, BOTH, None), office.smsc.port());
    configure(&office, front.port(), "tls_ca = \"ca.pem\"");
    write(&office, "ca.pem", &ca.pem());
    let tried = office.run(&["init"]);
    assert_eq!(tried.code, Some(6), "{}", tried.err);
    for part in ["another name", "tls_name", "127.0.0.1", "smsc.example"] {
        assert!(tried.err.contains(part), "{part}: {}", tried.err);
    }
}

#[test]
fn files_of_tls_that_cannot_be_used_are_named_with_their_key() {
    let office = Office::open();
    let ca = Authority::new("CA");
    let (desk, other) = (ca.issue(&[], Dates::Now), ca.issue(&[], Dates::Now));
    write(&office, "ca.pem", &ca.pem());
    write(&office, "desk.pem", &desk.certificate);
    write(&office, "desk.key", &desk.key);
    write(&office, "other.key", &other.key);
    write(&office, "broken.pem", &ca.pem()[..100]);
    std::fs::write(office.data.join("ca.der"), [0x30, 0x82, 0xff, 0xfe]).unwrap();
    std::fs::write(office.data.join("open.key"), &desk.key).unwrap();
    std::fs::set_permissions(office.data.join("open.key"), Permissions::from_mode(0o640)).unwrap();
    let both = |certificate: &str, key: &str| {
        format!("tls_certificate = \"{certificate}\"\ntls_key = \"{key}\"")
    };
    for (more, code, place, words) in [
        (
            "tls_ca = \"no.pem\"".to_owned(),
            3,
            "16:10",
            "'tls_ca' names the file",
        ),
        (
            "tls_ca = \"desk.key\"".to_owned(),
            3,
            "16:10",
            "none in PEM",
        ),
        ("tls_ca = \"ca.der\"".to_owned(), 3, "16:10", "none in PEM"),
        (
            "tls_ca = \"broken.pem\"".to_owned(),
            3,
            "16:10",
            "cannot be read",
        ),
        (
            "tls_name = \"a b\"".to_owned(),
            3,
            "16:12",
            "'a b' is no name",
        ),
        (
            both("no.pem", "desk.key"),
            3,
            "16:19",
            "'tls_certificate' names the file",
        ),
        (both("desk.key", "desk.key"), 3, "16:19", "none in PEM"),
        (
            both("desk.pem", "no.key"),
            3,
            "17:11",
            "'tls_key' names the file",
        ),
        (both("desk.pem", "desk.pem"), 3, "17:11", "none in PEM"),
        (
            both("desk.pem", "other.key"),
            3,
            "17:11",
            "is not the one of tls_certificate",
        ),
        (both("desk.pem", "open.key"), 8, "", "chmod 600"),
    ] {
        let ca = if more.contains("tls_ca") {
            ""
        } else {
            "\ntls_ca = \"ca.pem\""
        };
        configure(&office, 9_500, &format!("{more}{ca}"));
        for command in [&["config", "check"][..], &["serve"]] {
            let done = office.run(command);
            let said = &done.err;
            assert_eq!(done.code, Some(code), "{more}: {said}");
            assert!(said.contains(words), "{more}: {said}");
            assert!(
                said.contains(&format!("hazir.toml:{place}")) || code == 8,
                "{more}: {said}"
            );
        }
    }
    configure(
        &office,
        9_500,
        &format!("{}\ntls_ca = \"ca.pem\"", both("desk.pem", "desk.key")),
    );
    office.ok(&["config", "check"]);
}

/// OpenSSL in front of the gateway.
struct NodeFront {
    child: Process,
    port: u16,
}

impl NodeFront {
    fn start(office: &Office, leaf: &Leaf, clients: Option<&Authority>, version: &str) -> Self {
        let settings = serde_json::json!({
            "port": office.smsc.port(), "version": version,
            "certificate": leaf.certificate, "key": leaf.key, "clients": clients.map(Authority::pem),
        });
        let mut command = Command::new("node");
        command.arg("tls_front.js").arg(settings.to_string());
        let mut child = Process::start(command.current_dir(peers::directory()));
        assert!(child.prints("\n", SOON), "{}", child.err());
        let port = child.out().trim().parse().expect("it says its port");
        Self { child, port }
    }
}

#[test]
fn openssl_at_the_other_end_is_understood() {
    if !peers::have_peer() {
        return;
    }
    let (ca, clients) = (Authority::new("CA"), Authority::new("clients"));
    let leaf = ca.issue(&[NAME], Dates::Now);
    let desk = clients.issue(&["desk.example"], Dates::Now);
    for version in ["TLSv1.2", "TLSv1.3"] {
        let office = Office::open();
        let front = NodeFront::start(&office, &leaf, Some(&clients), version);
        write(&office, "ca.pem", &ca.pem());
        write(&office, "desk.pem", &desk.certificate);
        write(&office, "desk.key", &desk.key);
        let trust = format!("tls_ca = \"ca.pem\"\ntls_name = \"{NAME}\"");
        let own = "tls_certificate = \"desk.pem\"\ntls_key = \"desk.key\"";

        configure(&office, front.port, &trust);
        let tried = office.run(&["init"]);
        assert_eq!(tried.code, Some(6), "{version}: {}", tried.err);
        assert!(tried.err.contains("tls_certificate"), "{}", tried.err);

        office.configure(&fast_configuration(front.port));
        let tried = office.run(&["init"]);
        assert!(
            !tried.err.contains("took the login"),
            "{version}: {}",
            tried.err
        );

        configure(&office, front.port, &format!("{trust}\n{own}"));
        let engine = office.serve();
        work(&office, engine);
        assert!(front.child.err().is_empty(), "{}", front.child.err());
    }
}

use super::Words;
use crate::domain::{
    AlarmKind, BindFault, CopyFault, DownCause, RefusedReason, SendError, TlsFault,
    UnreadableReason,
};

impl Words {
    /// Says why a link is down: part of a sentence, without a full stop.
    pub fn down_cause(&self, cause: DownCause) -> String {
        match cause {
            DownCause::Refused => self.say("down.refused", &[]),
            DownCause::Unreachable => self.say("down.unreachable", &[]),
            DownCause::NoAnswer => self.say("down.no_answer", &[]),
            DownCause::Bind(fault) => self.bind_fault(fault),
            DownCause::Closed => self.say("down.closed", &[]),
            DownCause::Unbound => self.say("down.unbound", &[]),
            DownCause::Silent => self.say("down.silent", &[]),
            DownCause::Protocol => self.say("down.protocol", &[]),
            DownCause::Stopping => self.say("down.stopping", &[]),
            DownCause::Tls(fault) => self.tls_fault(fault),
        }
    }

    /// Says why there is no TLS: part of a sentence, without a full stop.
    fn tls_fault(&self, fault: TlsFault) -> String {
        match fault {
            TlsFault::Expired => self.say("tls.expired", &[]),
            TlsFault::NotYetValid => self.say("tls.not_yet_valid", &[]),
            TlsFault::UnknownIssuer => self.say("tls.unknown_issuer", &[]),
            TlsFault::WrongName => self.say("tls.wrong_name", &[]),
            TlsFault::Certificate => self.say("tls.certificate", &[]),
            TlsFault::ClientCertificate => self.say("tls.client_certificate", &[]),
            TlsFault::NoTls => self.say("tls.no_tls", &[]),
            TlsFault::OnlyTls => self.say("tls.only_tls", &[]),
            TlsFault::Version => self.say("tls.version", &[]),
            TlsFault::Closed => self.say("tls.closed", &[]),
            TlsFault::Silent => self.say("tls.silent", &[]),
            TlsFault::Protocol => self.say("tls.protocol", &[]),
        }
    }

    /// Says why a bind was turned down: part of a sentence, without a full stop.
    pub fn bind_fault(&self, fault: BindFault) -> String {
        match fault {
            BindFault::Password => self.say("bind.password", &[]),
            BindFault::SystemId => self.say("bind.system_id", &[]),
            BindFault::AlreadyBound => self.say("bind.already_bound", &[]),
            BindFault::Status(status) => {
                self.say("bind.status", &[("status", &format!("{status:#010x}"))])
            }
        }
    }

    /// Says what mends a link that is down: a whole sentence.
    pub fn down_act(&self, cause: DownCause) -> String {
        match cause {
            DownCause::Refused | DownCause::Unbound => self.say("down_act.start_gateway", &[]),
            DownCause::Closed => self.say("down_act.check_port", &[]),
            DownCause::Unreachable => self.say("down_act.check_host", &[]),
            DownCause::NoAnswer | DownCause::Silent => self.say("down_act.wake_gateway", &[]),
            DownCause::Bind(BindFault::Password | BindFault::SystemId) => {
                self.say("down_act.check_login", &[])
            }
            DownCause::Bind(BindFault::AlreadyBound) => self.say("down_act.wait", &[]),
            DownCause::Bind(BindFault::Status(_)) | DownCause::Protocol => {
                self.say("down_act.check_gateway", &[])
            }
            DownCause::Stopping => self.say("down_act.start_engine", &[]),
            DownCause::Tls(fault) => self.tls_act(fault),
        }
    }

    /// Says what mends TLS: a whole sentence.
    fn tls_act(&self, fault: TlsFault) -> String {
        match fault {
            TlsFault::Expired => self.say("tls_act.expired", &[]),
            TlsFault::NotYetValid => self.say("tls_act.clock", &[]),
            TlsFault::UnknownIssuer => self.say("tls_act.set_ca", &[]),
            TlsFault::WrongName => self.say("tls_act.set_name", &[]),
            TlsFault::Certificate => self.say("tls_act.other_certificate", &[]),
            TlsFault::ClientCertificate => self.say("tls_act.set_certificate", &[]),
            TlsFault::NoTls | TlsFault::Closed | TlsFault::Silent => {
                self.say("tls_act.check_port", &[])
            }
            TlsFault::OnlyTls => self.say("tls_act.turn_on", &[]),
            TlsFault::Version => self.say("tls_act.version", &[]),
            TlsFault::Protocol => self.say("tls_act.protocol", &[]),
        }
    }

    /// Says why an answer was not sent or not delivered: part of a sentence, without a full stop.
    pub fn send_error(&self, error: &SendError) -> String {
        match error {
            SendError::Status(status) => self.send_status(*status),
            SendError::Timeout => self.say("send.timeout", &[]),
            SendError::LinkLost => self.say("send.link_lost", &[]),
            SendError::Undelivered(stat) => self.say("send.undelivered", &[("stat", stat)]),
            SendError::GaveUp => self.say("send.gave_up", &[]),
            SendError::ByHand => self.say("send.by_hand", &[]),
        }
    }

    /// Says the `command_status` of a `submit_sm_resp`, with its number where that says more than the words.
    ///
    /// Source: SMPP 3.4, 5.1.3.
    fn send_status(&self, status: u32) -> String {
        const ESME_RINVSRCADR: u32 = 0x0a;
        const ESME_RINVDSTADR: u32 = 0x0b;
        const ESME_RMSGQFUL: u32 = 0x14;
        const ESME_RSUBMITFAIL: u32 = 0x45;
        const ESME_RTHROTTLED: u32 = 0x58;
        match status {
            ESME_RINVSRCADR => self.say("send.bad_source", &[]),
            ESME_RINVDSTADR => self.say("send.bad_number", &[]),
            ESME_RMSGQFUL | ESME_RTHROTTLED => self.say("send.full", &[]),
            ESME_RSUBMITFAIL => self.say("send.failed", &[]),
            other => self.say("send.status", &[("status", &format!("{other:#010x}"))]),
        }
    }

    /// Says why a message was turned down: part of a sentence, without a full stop.
    pub fn refused_reason(&self, reason: RefusedReason) -> String {
        match reason {
            RefusedReason::Suspended => self.say("refused.suspended", &[]),
            RefusedReason::Clock => self.say("refused.clock", &[]),
        }
    }

    /// Says why a message could not be read: part of a sentence, without a full stop.
    pub fn unreadable_reason(&self, reason: UnreadableReason) -> String {
        match reason {
            UnreadableReason::NotAFrame => self.say("unreadable.not_a_frame", &[]),
            UnreadableReason::UnknownDevice => self.say("unreadable.unknown_device", &[]),
            UnreadableReason::RevokedDevice => self.say("unreadable.revoked_device", &[]),
            UnreadableReason::WrongTag => self.say("unreadable.wrong_tag", &[]),
            UnreadableReason::Malformed => self.say("unreadable.malformed", &[]),
            UnreadableReason::LegacyOff => self.say("unreadable.legacy_off", &[]),
        }
    }

    /// Says what an alarm is about: a whole sentence. `name` is the employee's, `count` how often it happened.
    pub fn alarm_text(&self, kind: &AlarmKind, name: Option<&str>, count: u32) -> String {
        let count = count.to_string();
        match kind {
            AlarmKind::LinkDown { gateway, cause } => {
                let facts = [
                    ("gateway", &*gateway.0),
                    ("cause", &self.down_cause(*cause)),
                ];
                self.say("alarm.link_down.text", &facts)
            }
            AlarmKind::Store => self.say("alarm.store.text", &[]),
            AlarmKind::OutboxFailed { last } => {
                let facts = [("count", &*count), ("last", &last.to_string())];
                self.say("alarm.outbox_failed.text", &facts)
            }
            AlarmKind::TwoPlaces { device, employee } => {
                let (device, employee) = (device.to_string(), employee.to_string());
                let facts = [("device", &*device), ("name", name.unwrap_or(&employee))];
                self.say("alarm.two_places.text", &facts)
            }
            AlarmKind::Key { employee } => {
                let employee = employee.to_string();
                let facts = [("count", &*count), ("name", name.unwrap_or(&employee))];
                self.say("alarm.key.text", &facts)
            }
            AlarmKind::UnknownSenders => {
                self.say("alarm.unknown_senders.text", &[("count", &count)])
            }
            AlarmKind::LinkDeaf { gateway, expected } => {
                let facts = [
                    ("gateway", &*gateway.0),
                    ("expected", &expected.to_string()),
                ];
                self.say("alarm.link_deaf.text", &facts)
            }
            AlarmKind::LinkUnstable { gateway } => {
                self.say("alarm.link_unstable.text", &[("gateway", &gateway.0)])
            }
            AlarmKind::OutboxStuck { gateway } => {
                self.say("alarm.outbox_stuck.text", &[("gateway", &gateway.0)])
            }
            AlarmKind::BackupOld { why: None, .. } => self.say("alarm.backup_old.text", &[]),
            AlarmKind::BackupOld { why: Some(why), .. } => {
                let why = self.copy_fault(*why);
                self.say("alarm.backup_old.text_failed", &[("why", &why)])
            }
            AlarmKind::JournalStopped { why } => {
                let why = self.copy_fault(*why);
                self.say("alarm.journal_stopped.text", &[("why", &why)])
            }
        }
    }

    /// Says what to do about an alarm: a whole sentence.
    pub fn alarm_act(&self, kind: &AlarmKind, name: Option<&str>) -> String {
        match kind {
            AlarmKind::LinkDown { cause, .. } => self.down_act(*cause),
            AlarmKind::Store => self.say("alarm.store.act", &[]),
            AlarmKind::OutboxFailed { .. } => self.say("alarm.outbox_failed.act", &[]),
            AlarmKind::TwoPlaces { employee, device } => {
                let (device, employee) = (device.to_string(), employee.to_string());
                let facts = [
                    ("device", &*device),
                    ("employee", &*employee),
                    ("name", name.unwrap_or(&employee)),
                ];
                self.say("alarm.two_places.act", &facts)
            }
            AlarmKind::Key { employee } => {
                let employee = employee.to_string();
                let facts = [
                    ("employee", &*employee),
                    ("name", name.unwrap_or(&employee)),
                ];
                self.say("alarm.key.act", &facts)
            }
            AlarmKind::UnknownSenders => self.say("alarm.unknown_senders.act", &[]),
            AlarmKind::LinkDeaf { .. } => self.say("alarm.link_deaf.act", &[]),
            AlarmKind::LinkUnstable { gateway } => {
                self.say("alarm.link_unstable.act", &[("gateway", &gateway.0)])
            }
            AlarmKind::OutboxStuck { .. } => self.say("alarm.outbox_stuck.act", &[]),
            AlarmKind::BackupOld { why: None, .. } => self.say("alarm.backup_old.act", &[]),
            AlarmKind::BackupOld { why: Some(_), .. } => {
                self.say("alarm.backup_old.act_failed", &[])
            }
            AlarmKind::JournalStopped { .. } => self.say("alarm.journal_stopped.act", &[]),
        }
    }

    /// Says why a copy could not be written: a part of a sentence.
    pub fn copy_fault(&self, fault: CopyFault) -> String {
        match fault {
            CopyFault::NoRoom => self.say("copy_fault.no_room", &[]),
            CopyFault::NotPermitted => self.say("copy_fault.not_permitted", &[]),
            CopyFault::NotThere => self.say("copy_fault.not_there", &[]),
            CopyFault::Failed => self.say("copy_fault.failed", &[]),
            CopyFault::Damaged => self.say("copy_fault.damaged", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DeviceId, EmployeeId, GatewayName, OutboxId};
    use crate::words::Language;

    const CAUSES: [DownCause; 24] = [
        DownCause::Refused,
        DownCause::Unreachable,
        DownCause::NoAnswer,
        DownCause::Bind(BindFault::Password),
        DownCause::Bind(BindFault::SystemId),
        DownCause::Bind(BindFault::AlreadyBound),
        DownCause::Bind(BindFault::Status(0x0d)),
        DownCause::Closed,
        DownCause::Unbound,
        DownCause::Silent,
        DownCause::Protocol,
        DownCause::Stopping,
        DownCause::Tls(TlsFault::Expired),
        DownCause::Tls(TlsFault::NotYetValid),
        DownCause::Tls(TlsFault::UnknownIssuer),
        DownCause::Tls(TlsFault::WrongName),
        DownCause::Tls(TlsFault::Certificate),
        DownCause::Tls(TlsFault::ClientCertificate),
        DownCause::Tls(TlsFault::NoTls),
        DownCause::Tls(TlsFault::OnlyTls),
        DownCause::Tls(TlsFault::Version),
        DownCause::Tls(TlsFault::Closed),
        DownCause::Tls(TlsFault::Silent),
        DownCause::Tls(TlsFault::Protocol),
    ];

    fn all_said(words: &Words) -> Vec<String> {
        let mut said = Vec::new();
        let mut kinds = vec![
            AlarmKind::Store,
            AlarmKind::OutboxFailed { last: OutboxId(9) },
            AlarmKind::TwoPlaces {
                device: DeviceId(7),
                employee: EmployeeId(3),
            },
            AlarmKind::Key {
                employee: EmployeeId(3),
            },
            AlarmKind::UnknownSenders,
            AlarmKind::LinkDeaf {
                gateway: GatewayName::new("reception"),
                expected: 12,
            },
            AlarmKind::LinkUnstable {
                gateway: GatewayName::new("reception"),
            },
            AlarmKind::OutboxStuck {
                gateway: GatewayName::new("reception"),
            },
            AlarmKind::BackupOld {
                last: None,
                why: None,
            },
        ];
        for why in [
            CopyFault::NoRoom,
            CopyFault::NotPermitted,
            CopyFault::NotThere,
            CopyFault::Failed,
            CopyFault::Damaged,
        ] {
            kinds.push(AlarmKind::JournalStopped { why });
            kinds.push(AlarmKind::BackupOld {
                last: None,
                why: Some(why),
            });
        }
        for cause in CAUSES {
            said.push(words.down_cause(cause));
            kinds.push(AlarmKind::LinkDown {
                gateway: GatewayName::new("reception"),
                cause,
            });
        }
        for kind in kinds {
            said.push(words.alarm_text(&kind, Some("Ayşe"), 2));
            said.push(words.alarm_act(&kind, None));
        }
        for error in [
            SendError::Status(0x0a),
            SendError::Status(0x0b),
            SendError::Status(0x45),
            SendError::Status(0x58),
            SendError::Status(0x08),
            SendError::Timeout,
            SendError::LinkLost,
            SendError::Undelivered("EXPIRED".to_owned()),
            SendError::GaveUp,
        ] {
            said.push(words.send_error(&error));
        }
        for reason in [RefusedReason::Suspended, RefusedReason::Clock] {
            said.push(words.refused_reason(reason));
        }
        for reason in [
            UnreadableReason::NotAFrame,
            UnreadableReason::UnknownDevice,
            UnreadableReason::RevokedDevice,
            UnreadableReason::WrongTag,
            UnreadableReason::Malformed,
            UnreadableReason::LegacyOff,
        ] {
            said.push(words.unreadable_reason(reason));
        }
        said
    }

    #[test]
    fn every_fact_has_its_words_and_every_word_its_facts() {
        for language in Language::ALL {
            for said in all_said(&Words::load(language)) {
                assert!(!said.contains("[["), "{said}");
                assert!(!said.contains('{'), "{said}");
            }
        }
    }

    #[test]
    fn an_alarm_names_gateway_and_cause() {
        let words = Words::load(Language::English);
        let kind = AlarmKind::LinkDown {
            gateway: GatewayName::new("reception"),
            cause: DownCause::Bind(BindFault::Password),
        };
        let text = words.alarm_text(&kind, None, 1);
        assert!(text.contains("reception"), "{text}");
        assert!(text.contains("password"), "{text}");
    }
}

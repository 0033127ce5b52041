use super::Words;
use crate::api::Hold;
use crate::domain::LinkFaults;

impl Words {
    /// Says what holds the answers of a gateway back, and until when: part of a sentence, without a full stop. `at` is the
    /// moment where it is known.
    pub fn hold(&self, hold: Hold, waiting: u32, at: Option<&str>) -> String {
        let (waiting, at) = (waiting.to_string(), at.unwrap_or_default());
        let facts = [("waiting", &*waiting), ("at", at)];
        let say = |key| self.say(key, &facts);
        let limited = |key, most: u32| {
            let most = most.to_string();
            let facts = [("waiting", &*waiting), ("at", at), ("most", &most)];
            self.say(key, &facts)
        };
        match hold {
            Hold::Link => say("hold.link"),
            Hold::Round => say("hold.round"),
            Hold::Response => say("hold.response"),
            Hold::Rest => say("hold.rest"),
            Hold::Second(most) => limited("hold.second", most),
            Hold::HalfHour(most) => limited("hold.half_hour", most),
            Hold::Retry => say("hold.retry"),
        }
    }

    /// Says what went wrong with PDUs of a gateway, of that what there was: part of a sentence, without a full stop.
    /// Empty where nothing did.
    pub fn link_faults(&self, faults: &LinkFaults) -> String {
        let counts = [
            ("link_fault.throttled", faults.throttled),
            ("link_fault.timeouts", faults.timeouts),
            ("link_fault.late_responses", faults.late_responses),
            ("link_fault.generic_nacks", faults.generic_nacks),
            ("link_fault.refused_pdus", faults.refused_pdus),
            ("link_fault.lenient_reads", faults.lenient_reads),
        ];
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let said = counts.map(|(key, count)| self.say(key, &[("count", &count.to_string())]));
        said.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn what_holds_answers_back_is_said_with_its_limit_and_its_time() {
        let words = Words::load(Language::English);
        let said = words.hold(Hold::HalfHour(30), 12, Some("14:05"));
        assert_eq!(said, "12 waiting, next at 14:05 (30 SMS in 30 min)");
        for hold in [
            Hold::Link,
            Hold::Round,
            Hold::Response,
            Hold::Rest,
            Hold::Second(5),
            Hold::Retry,
        ] {
            let said = words.hold(hold, 12, Some("14:05"));
            assert!(said.starts_with("12 waiting"), "{said}");
            assert!(!said.contains('{'), "{said}");
        }
    }

    #[test]
    fn only_what_went_wrong_is_said() {
        let words = Words::load(Language::English);
        assert_eq!(words.link_faults(&LinkFaults::default()), "");
        let faults = LinkFaults {
            throttled: 3,
            lenient_reads: 1,
            ..LinkFaults::default()
        };
        let said = words.link_faults(&faults);
        assert_eq!(said, "3 too busy, 1 read leniently");
    }
}

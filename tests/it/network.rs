use super::chaos::assert_nothing_is_lost_or_doubled;

#[test]
fn a_bad_network_loses_nothing_and_doubles_nothing() {
    assert_nothing_is_lost_or_doubled(6);
}

#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| hazir_fuzz::configuration::run(octets));

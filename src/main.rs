//! The one binary: everything else is in the library, where tests reach it.

fn main() -> std::process::ExitCode {
    hazir::cli::run()
}

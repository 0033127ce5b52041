//! The one binary: everything else is in the library, where tests reach it.

/// A check-in takes and gives back memory some forty times; the system's allocator needs a tenth of all time for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hazir::cli::run()
}

//! Diagnostics, in files of `log/`: one a day, the last fourteen. Numbers are masked, and no text of a message is there.

use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

use super::error::CliError;
use super::place::Place;

/// Days that are kept.
const DAYS: usize = 14;
/// Where the environment says nothing else.
const LEVEL: &str = "info";

/// Sends diagnostics to `log/`.
///
/// # Errors
/// [`CliError::WriteFile`] where the directory cannot be written.
pub fn open(place: &Place) -> Result<(), CliError> {
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("hazir")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(place.log())
        .map_err(|cause| CliError::writing(place.log(), std::io::Error::other(cause)))?;
    let filter = EnvFilter::try_from_env("HAZIR_LOG").unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(appender)
        .with_env_filter(filter)
        .with_ansi(false)
        .finish();
    // A second engine in one process is a test's; the first one's log serves.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

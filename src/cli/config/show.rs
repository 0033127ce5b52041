use super::error::Origin;
use super::layers::Sheets;

/// A key with its value and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its path: `gateway.reception.port`.
    pub path: String,
    /// Its value as the file would hold it; `None` for a password.
    pub value: Option<String>,
    /// The value for `--json`; null for a password.
    pub json: serde_json::Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Lists every key that has a value, in the order of the template.
pub fn settings(sheets: &Sheets) -> Vec<Setting> {
    let mut settings = Vec::new();
    for sheet in sheets.iter() {
        for key in sheet.section.keys() {
            let Some((value, origin)) = sheet.get(key) else {
                continue;
            };
            settings.push(Setting {
                path: sheet.path(key.name),
                value: value.to_toml(),
                json: value.to_json(),
                origin,
            });
        }
    }
    settings
}

//! What stands in for KMS and SES: a key file and a folder of e-mails, beside the data or for as long as the process
//! runs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lychgate_core::ctx::World;
use lychgate_edge::config::Config;

use crate::Error;

/// The key file's name in the data folder.
const KEY_FILE: &str = "keys.json";
/// Where e-mails go in the data folder.
const MAIL_FOLDER: &str = "mail";

/// Where keys and e-mails are.
pub(crate) struct Keys {
    folder: PathBuf,
    passing: bool,
}

impl Keys {
    /// In the data folder; without one, in a folder of this process alone.
    pub(crate) fn of(data: Option<&Path>, world: &dyn World) -> Result<Self, Error> {
        if let Some(data) = data {
            return Ok(Self { folder: data.to_owned(), passing: false });
        }
        let mut bytes = [0_u8; 8];
        world.fill(&mut bytes);
        let name = format!("lychgate-{:016x}", u64::from_le_bytes(bytes));
        let folder = std::env::temp_dir().join(name);
        crate::database::make_folder(&folder)?;
        Ok(Self { folder, passing: true })
    }

    /// Tells the functions, as the template tells them of KMS and SES. What the environment says comes first.
    pub(crate) fn configure(&self, config: &mut Config) {
        let keys = format!("file:{}", self.folder.join(KEY_FILE).display());
        let mail = format!("folder:{}", self.folder.join(MAIL_FOLDER).display());
        config.seal_key.get_or_insert_with(|| keys.clone());
        config.oidc_keys.get_or_insert_with(|| keys.clone());
        config.saml_key.get_or_insert(keys);
        config.mail.get_or_insert(mail);
    }

    /// Leaves nothing behind.
    pub(crate) fn forget(&self) {
        if self.passing {
            // A folder that stays in the temporary directory does no harm.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.forget();
    }
}

//! Servers and stream keys in the Keychain of this phone: readable while it is unlocked, and in no
//! backup to another phone or cloud.

use onair::Secret;
use onair_ios_model::Id;
use security_framework::access_control::{ProtectionMode, SecAccessControl};
use security_framework::passwords::{
    PasswordOptions, delete_generic_password, get_generic_password, set_generic_password_options,
};

const SERVICE: &str = "onair";

/// The secrets of `ids`.
pub(crate) fn load(ids: &[Id]) -> Vec<(Id, Secret)> {
    let found = ids.iter().filter_map(|id| Some((*id, read(*id)?)));
    found.collect()
}

/// Saves `secret`, replacing the old one.
pub(crate) fn save(id: Id, secret: &Secret) -> Result<(), String> {
    // A secret that is only updated keeps its old protection.
    forget(id);
    let words = |error: security_framework::base::Error| error.to_string();
    let mode = ProtectionMode::AccessibleWhenUnlockedThisDeviceOnly;
    let access = SecAccessControl::create_with_protection(Some(mode), 0).map_err(words)?;
    let mut options = PasswordOptions::new_generic_password(SERVICE, &id.to_string());
    options.set_access_control(access);
    set_generic_password_options(secret.expose().as_bytes(), options).map_err(words)
}

/// Removes it, if it exists.
pub(crate) fn forget(id: Id) {
    let _not_there = delete_generic_password(SERVICE, &id.to_string());
}

fn read(id: Id) -> Option<Secret> {
    let bytes = get_generic_password(SERVICE, &id.to_string()).ok()?;
    String::from_utf8(bytes).ok().map(Secret::from)
}

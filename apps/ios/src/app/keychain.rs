//! Servers and stream keys, in the Keychain of this phone: read while it is unlocked, in no
//! backup to another phone and in no cloud.

use onair::Secret;
use onair_ios_model::Id;
use security_framework::access_control::{ProtectionMode, SecAccessControl};
use security_framework::passwords::{
    PasswordOptions, delete_generic_password, get_generic_password, set_generic_password_options,
};

const SERVICE: &str = "onair";

/// What there is for `ids`.
pub(crate) fn load(ids: &[Id]) -> Vec<(Id, Secret)> {
    let found = ids.iter().filter_map(|id| Some((*id, read(*id)?)));
    found.collect()
}

/// Keeps `secret`, in place of what was there.
pub(crate) fn save(id: Id, secret: &Secret) -> Result<(), String> {
    // What is there keeps its old protection when it is only updated.
    forget(id);
    let words = |error: security_framework::base::Error| error.to_string();
    let mode = ProtectionMode::AccessibleWhenUnlockedThisDeviceOnly;
    let access = SecAccessControl::create_with_protection(Some(mode), 0).map_err(words)?;
    let mut options = PasswordOptions::new_generic_password(SERVICE, &id.to_string());
    options.set_access_control(access);
    set_generic_password_options(secret.expose().as_bytes(), options).map_err(words)
}

/// Takes it out, if it is there.
pub(crate) fn forget(id: Id) {
    let _not_there = delete_generic_password(SERVICE, &id.to_string());
}

fn read(id: Id) -> Option<Secret> {
    let bytes = get_generic_password(SERVICE, &id.to_string()).ok()?;
    String::from_utf8(bytes).ok().map(Secret::from)
}

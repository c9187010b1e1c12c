//! Application and key.

use super::UrlError;

/// Where the app ends and the key begins.
///
/// A `/` inside the key's query is no separator, so the last `?` is looked at first; but a `?`
/// with no `/` before it, or only an instance, is the app's.
pub(super) fn split_path(path: &str) -> Result<(&str, &str), UrlError> {
    let before_query = path.rfind('?').map_or(path, |query| &path[..query]);
    let slash = match before_query.rfind('/') {
        Some(slash) if &before_query[slash + 1..] != "_definst_" => Some(slash),
        _ => path.rfind('/'),
    };
    match slash {
        Some(slash) => Ok((&path[..slash], &path[slash + 1..])),
        None if path.is_empty() => Err(UrlError::MissingApp),
        None => Err(UrlError::MissingKey),
    }
}

pub(super) fn check_part(part: &str, missing: UrlError) -> Result<(), UrlError> {
    if part.is_empty() {
        return Err(missing);
    }
    if part.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(UrlError::InvalidCharacter);
    }
    Ok(())
}

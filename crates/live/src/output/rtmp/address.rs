//! RTMP's addresses, `rtmp://` and `rtmps://`.

use std::sync::Arc;

use onair_rtmp::{Error, Scheme, Url, UrlError};

use super::{RtmpOutput, services};
use crate::output::{AddressError, Endpoint, Output, Parsed, Secret, SizeChange};
use crate::{Address, Destination};

impl Endpoint for Url {
    fn host(&self) -> &str {
        self.host()
    }

    fn key(&self) -> &Secret {
        self.key()
    }

    fn is_secure(&self) -> bool {
        self.scheme() == Scheme::Rtmps
    }

    fn size_change(&self) -> SizeChange {
        services::size_change(self.host())
    }

    fn canonical(&self) -> Secret {
        let login = self.credentials().map_or_else(String::new, |login| {
            format!("{}\n{}\n", login.user, login.password.expose())
        });
        let key = self.key().expose();
        Secret::from(format!("{login}{}\n{key}", self.tc_url()))
    }

    fn open(&self, destination: &Destination) -> Result<Arc<dyn Output>, crate::Error> {
        Ok(Arc::new(RtmpOutput::new(self, destination)?))
    }
}

pub(super) fn endpoint(url: Result<Url, Error>) -> Parsed {
    match url {
        Ok(url) => Ok(Box::new(url)),
        Err(Error::Url(UrlError::TwoUrls)) => Err(AddressError::TwoAddresses),
        Err(error @ Error::Url(UrlError::MissingKey)) => {
            Err(AddressError::MissingKey(error.to_string()))
        }
        Err(error) => Err(AddressError::Unusable(error.to_string())),
    }
}

impl From<Url> for Address {
    fn from(url: Url) -> Self {
        Self::new(url)
    }
}

impl From<Url> for Destination {
    fn from(url: Url) -> Self {
        Self::new(url)
    }
}

use std::str::FromStr;

use onair::{Address, AddressError, Destination, Secret};

use crate::StreamName;

/// Where streams are relayed to: one server and key, or one for each stream.
///
/// In the text of a URL `{app}` and `{stream}` stand for the two parts of a stream's name, so that
/// `rtmp://host/{app}/{stream}` takes as many streams as there are. A URL without them takes one
/// stream at a time: two publishers with one key would cut each other off.
#[derive(Clone, Debug)]
pub struct RelayTarget {
    /// The URL with its key, if there is anything to fill in.
    template: Option<Secret>,
    /// How to get there, and where to if there is nothing to fill in.
    destination: Destination,
}

/// Why streams cannot be relayed to a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is no URL, or not one for this stream.
    #[error(transparent)]
    Url(#[from] AddressError),
    /// A publisher could choose the server.
    #[error("{{app}} and {{stream}} go behind the host: rtmp://HOST/{{app}}/{{stream}}")]
    Host,
}

impl RelayTarget {
    /// Whether there is room for one stream only.
    pub const fn takes_one_stream(&self) -> bool {
        self.template.is_none()
    }

    /// Whether pictures may change their size on the way there.
    pub(crate) fn takes_sizes(&self) -> bool {
        self.destination.takes_sizes()
    }

    /// Where a stream goes.
    ///
    /// # Errors
    ///
    /// When its name does not fit into the URL.
    pub(super) fn destination(&self, name: &StreamName) -> Result<Destination, TargetError> {
        let mut destination = self.destination.clone();
        if let Some(template) = &self.template {
            destination.address = fill(template, name)?;
        }
        Ok(destination)
    }
}

/// Fills in a stream's name.
fn fill(template: &Secret, name: &StreamName) -> Result<Address, TargetError> {
    let (app, stream) = name
        .as_str()
        .rsplit_once('/')
        .unwrap_or(("", name.as_str()));
    let text = template.expose().replace(STREAM, stream);
    Ok(text.replace(APP, app).parse()?)
}

const APP: &str = "{app}";
const STREAM: &str = "{stream}";

impl FromStr for RelayTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let is_template = text.contains(APP) || text.contains(STREAM);
        if !is_template {
            return Ok(Self::from(text.parse::<Address>()?));
        }
        let path = text.split_once("://").and_then(|(_, rest)| rest.find('/'));
        let in_path = |what| match (path, text.find(what)) {
            (Some(path), Some(at)) => at > path + text.find("://").unwrap_or_default() + 2,
            (_, at) => at.is_none(),
        };
        if !in_path(APP) || !in_path(STREAM) {
            return Err(TargetError::Host);
        }
        let template = Secret::from(text);
        let sample = StreamName::from_path("app/stream").ok_or(TargetError::Host)?;
        Ok(Self {
            destination: Destination::new(fill(&template, &sample)?),
            template: Some(template),
        })
    }
}

impl From<Destination> for RelayTarget {
    fn from(destination: Destination) -> Self {
        Self {
            template: None,
            destination,
        }
    }
}

impl From<Address> for RelayTarget {
    fn from(address: Address) -> Self {
        Destination::new(address).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(template: &str, name: &str) -> Result<Address, TargetError> {
        let name = StreamName::from_path(name).unwrap();
        Ok(template.parse::<RelayTarget>()?.destination(&name)?.address)
    }

    #[test]
    fn a_streams_name_fills_in_the_url() {
        let to = |server: &str, key: &str| Ok(Address::join(server, key)?);
        let name = "live/in/cam";
        assert_eq!(
            url("rtmp://h/{app}/{stream}", name),
            to("rtmp://h/live/in", "cam")
        );
        assert_eq!(
            url("rtmp://h/x/{stream}?key=s", name),
            to("rtmp://h/x", "cam?key=s")
        );
        assert_eq!(
            url("rtmp://h/x/{app}-{stream}", "live/a"),
            to("rtmp://h/x", "live-a")
        );
        assert_eq!(url("rtmp://h/x/key", name), to("rtmp://h/x", "key"));
    }

    #[test]
    fn no_publisher_chooses_the_server_or_the_password() {
        for template in [
            "rtmp://{stream}/live/x",
            "rtmp://h:{app}/live/x",
            "rtmp://{stream}",
            "{app}://h/live/x",
            "rtmp://u:{stream}@h/live/{stream}",
        ] {
            assert_eq!(
                url(template, "live/cam"),
                Err(TargetError::Host),
                "{template}"
            );
        }
    }

    #[test]
    fn a_name_that_does_not_fit_is_an_error_and_no_other_place() {
        assert!(matches!(
            url("rtmp://h/live/{stream}", "live/a b"),
            Err(TargetError::Url(_))
        ));
    }

    #[test]
    fn the_key_in_a_template_is_not_shown() {
        let target: RelayTarget = "rtmp://h/live/{stream}?key=s3cret".parse().unwrap();
        assert!(!format!("{target:?}").contains("s3cret"));
        assert!(!target.takes_one_stream());
    }
}

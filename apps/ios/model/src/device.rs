/// Whether there is a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Device {
    /// Not yet.
    #[default]
    Opening,
    /// There is.
    Ready,
    /// There is none, for this reason.
    Failed(String),
}

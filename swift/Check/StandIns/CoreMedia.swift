// The stand-ins here are what of Apple's modules the package names, so that a compiler without
// Apple's SDK can check it: shapes, nothing that runs. `onair.h` itself declares the buffers where
// there is no SDK.
@_exported import OnairFFI

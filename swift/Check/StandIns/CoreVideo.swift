@_exported import OnairFFI

//! The broadcast: pipeline, queue, reconnect, transport, stats.

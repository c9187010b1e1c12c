//! Media files and streams in, packets out.

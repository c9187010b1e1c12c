//! What the iPhone app shows and does, without the iPhone.

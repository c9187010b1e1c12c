//! Raw pictures and sound: test card, clocks, encoders behind one seam.

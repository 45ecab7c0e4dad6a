//! Runs on tiny networks, with what can go wrong in them.

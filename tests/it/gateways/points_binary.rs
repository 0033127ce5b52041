//! Points that are about the process itself: the real binary, killed and started again.

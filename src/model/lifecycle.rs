//! Taking users out of use.

/// How a user is taken out of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deactivation {
    /// The user cannot sign in and its seat becomes free.
    Deactivate,
    /// The user cannot sign in and keeps its seat.
    Freeze,
    /// Freeze where the application refuses to deactivate.
    DeactivateOrFreeze,
    /// Give up the user for good and release its contact; cannot be undone.
    Unlink,
}

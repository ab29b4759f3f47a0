//! Random bits, for names and tokens that nobody can guess.

use ring::rand::{SecureRandom as _, SystemRandom};

use super::DirectoryError;

/// So many random bytes.
///
/// # Errors
/// If the machine gives none.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], DirectoryError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        DirectoryError::Invalid("the machine gives no random numbers; look at its random device".to_owned())
    })?;
    Ok(bytes)
}

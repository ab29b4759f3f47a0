//! How many requests go side by side.

use std::cell::Cell;

/// Answers without trouble after which one request more goes side by side.
const QUIET: u32 = 32;

/// As many as the settings allow, fewer after requests that got into each other's way, and more again later.
pub(super) struct Width {
    most: usize,
    now: Cell<usize>,
    /// Answers since the last change.
    quiet: Cell<u32>,
}

impl Width {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, now: Cell::new(most), quiet: Cell::new(0) }
    }

    pub(super) fn now(&self) -> usize {
        self.now.get()
    }

    /// Notes trouble.
    pub(super) fn shrink(&self) {
        self.now.set((self.now.get() / 2).max(1));
        self.quiet.set(0);
    }

    /// Notes an answer without trouble.
    pub(super) fn grow(&self) {
        let quiet = self.quiet.get() + 1;
        let grows = quiet >= QUIET && self.now.get() < self.most;
        self.now.set(self.now.get() + usize::from(grows));
        self.quiet.set(if grows { 0 } else { quiet.min(QUIET) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_in_trouble_and_comes_back_one_by_one() {
        let width = Width::new(8);
        width.shrink();
        assert_eq!(width.now(), 4);
        (0..QUIET).for_each(|_| width.grow());
        assert_eq!(width.now(), 5);
        (0..10).for_each(|_| width.shrink());
        assert_eq!(width.now(), 1);
        (0..QUIET * 100).for_each(|_| width.grow());
        assert_eq!(width.now(), 8);
    }
}

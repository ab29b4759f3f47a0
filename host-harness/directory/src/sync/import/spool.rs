//! The pages of a dry run, on their way from the application to where they are played through.
//!
//! They lie in a file that has no name and that nobody else can open, since all of them may be more than the process has memory. It is
//! gone with the process, however that ends.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::read::Page;
use crate::directory::DirectoryError;

/// Pages in the order in which they came.
pub(super) struct Spool {
    file: BufWriter<File>,
    folder: PathBuf,
}

impl Spool {
    /// An empty one on the file system of `folder`.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn new(folder: &Path) -> Result<Self, DirectoryError> {
        let file = tempfile::tempfile_in(folder)
            .map_err(|reason| DirectoryError::Folder { path: folder.to_owned(), reason })?;
        Ok(Self { file: BufWriter::new(file), folder: folder.to_owned() })
    }

    /// Adds a page.
    ///
    /// # Errors
    /// The operating system's, such as that the disk is full.
    pub(super) fn push(&mut self, page: &Page) -> Result<(), DirectoryError> {
        serde_json::to_writer(&mut self.file, page)?;
        self.file.write_all(b"\n").map_err(|reason| self.failed(reason))
    }

    /// Forgets all pages.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn clear(&mut self) -> Result<(), DirectoryError> {
        let cleared = self.file.rewind().and_then(|()| self.file.get_ref().set_len(0));
        cleared.map_err(|reason| self.failed(reason))
    }

    /// Ends the writing, so that all pages can be read.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn end(&mut self) -> Result<(), DirectoryError> {
        self.file.flush().map_err(|reason| self.failed(reason))
    }

    /// All pages, from the first on, once the writing has [ended](Self::end).
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn pages(&self) -> Result<impl Iterator<Item = Result<Page, DirectoryError>> + use<'_>, DirectoryError> {
        let mut file = self.file.get_ref();
        file.rewind().map_err(|reason| self.failed(reason))?;
        let reader = BufReader::new(file);
        let pages = serde_json::Deserializer::from_reader(reader).into_iter::<Page>();
        Ok(pages.map(|page| page.map_err(DirectoryError::from)))
    }

    fn failed(&self, reason: std::io::Error) -> DirectoryError {
        DirectoryError::Folder { path: self.folder.clone(), reason }
    }
}

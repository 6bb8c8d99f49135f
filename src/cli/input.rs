//! Reading manifests that a user names: files, and `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::manifest::documents::{DocumentError, Documents, is_blank, read};
use crate::text;

/// Largest input that is read. Unit: bytes. A dump of the nodes of the largest clusters stays below a third of it.
const INPUT_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// An input that cannot be used.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum InputError {
    /// It cannot be read.
    #[error("cannot read {name}: {reason}")]
    Read {
        /// Name of the input.
        name: String,
        /// Why.
        reason: io::Error,
    },
    /// It is too large.
    #[error("{name} is larger than {} MiB", INPUT_BYTES_MAX / (1024 * 1024))]
    #[diagnostic(help("give only the objects in question: kubectl get daemonset NAME -o yaml"))]
    TooLarge {
        /// Name of the input.
        name: String,
    },
    /// It is not text.
    #[error("{name}:{line}: the text is not UTF-8")]
    NotUtf8 {
        /// Name of the input.
        name: String,
        /// Line of the first byte that is none, from 1.
        line: usize,
    },
    /// It holds no object at all.
    #[error("{name} is empty")]
    #[diagnostic(help("a manifest is YAML or JSON as kubectl get -o yaml prints it"))]
    Empty {
        /// Name of the input.
        name: String,
    },
    /// Its text is malformed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Document(#[from] DocumentError),
}

/// The name of an input in messages.
pub fn display_name(path: &Path) -> String {
    if is_stdin(path) { "stdin".to_owned() } else { path.display().to_string() }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Inputs that were read, each once: `-` may be named for more than one purpose.
#[derive(Debug, Default)]
pub struct Inputs(Vec<(PathBuf, Documents)>);

impl Inputs {
    /// The objects of one input.
    ///
    /// # Errors
    /// If it cannot be read, or is malformed or empty.
    pub fn documents(&mut self, path: &Path) -> Result<&Documents, InputError> {
        let known = self.0.iter().position(|(known, _)| known == path);
        let place = known.unwrap_or(self.0.len());
        if known.is_none() {
            self.0.push((path.to_owned(), read_documents(path)?));
        }
        Ok(&self.0[place].1)
    }

    /// Everything that was read, in the order in which it was first named.
    pub fn all(&self) -> impl Iterator<Item = (&Path, &Documents)> {
        self.0.iter().map(|(path, documents)| (path.as_path(), documents))
    }
}

fn read_documents(path: &Path) -> Result<Documents, InputError> {
    let name = display_name(path);
    let failed = |reason| InputError::Read { name: name.clone(), reason };
    let bytes = if is_stdin(path) { bounded(io::stdin().lock()) } else { File::open(path).and_then(bounded) };
    let bytes = bytes.map_err(failed)?.ok_or_else(|| InputError::TooLarge { name: name.clone() })?;
    let text = text::decode(bytes).map_err(|line| InputError::NotUtf8 { name: name.clone(), line })?;
    let documents = read(&name, &text)?;
    if is_blank(&text) {
        return Err(InputError::Empty { name });
    }
    Ok(documents)
}

/// All bytes, or nothing if there are too many.
fn bounded(input: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    input.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= INPUT_BYTES_MAX))
}

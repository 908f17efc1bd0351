//! The key file: the roots that tokens are sealed under (TOKENS §1 "roots").
//!
//! The first line is `dormouse-roots-1`. Each further line names one root: 64 lower-case hexadecimal digits, a space, and
//! `seal` or `open`. Exactly one seals; all open. Lines end in LF, the last one too. Nothing else is allowed, so that a
//! file that was cut short, or mixed up with another, is noticed.

use crate::hex;
use crate::private_file::{self, PrivateFileError};
use dormouse_token::{Entropy, ROOT_LEN, Root, RootId};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The roots of a key file: what a key ring is made of.
#[derive(Clone, Debug)]
pub struct Roots {
    /// Every root that opens.
    pub roots: Vec<Root>,
    /// The one that seals.
    pub sealing: RootId,
}

/// Why a key file is not used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file itself is not acceptable.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// Its content is not.
    #[error("{} is not a key file: {problem}; put the right file back from your backup", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: FormProblem,
    },
}

/// What is wrong with the content of a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// The first line is another.
    #[error("its first line is not `{HEADER}`")]
    Header,
    /// A line is not a root and its use.
    #[error("line {0} is not 64 lower-case hexadecimal digits, a space, and `seal` or `open`")]
    Line(usize),
    /// The file was cut short.
    #[error("its last line has no end")]
    Unfinished,
    /// No root, or more than one, seals.
    #[error("{0} of its roots are marked `seal`, and it must be one")]
    Sealing(usize),
    /// A root occurs twice.
    #[error("line {0} repeats a root")]
    Repeated(usize),
}

impl Roots {
    /// Reads the key file of a data directory, which only its owner may reach.
    ///
    /// # Errors
    /// [`RootsError`] when file or content is not exactly as it must be.
    pub fn read_own(path: &Path) -> Result<Self, RootsError> {
        Self::parse(&private_file::read_own(path)?)
            .map_err(|problem| RootsError::Form { path: path.into(), problem })
    }

    /// Reads a key file that configuration names: it may be a link, belong to root, and be readable by its group.
    ///
    /// # Errors
    /// [`RootsError`] when file or content is not exactly as it must be.
    pub fn read_configured(path: &Path) -> Result<Self, RootsError> {
        Self::parse(&private_file::read_configured(path)?)
            .map_err(|problem| RootsError::Form { path: path.into(), problem })
    }

    /// Makes a key file with one fresh root. It is durable, with its entry in the directory, before this returns.
    ///
    /// # Errors
    /// [`RootsError`] when it cannot be written.
    pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, RootsError> {
        let root = Root::generate(entropy);
        let roots = Self { sealing: root.id(), roots: vec![root] };
        private_file::write(path, &roots.to_bytes())?;
        Ok(roots)
    }

    /// Replaces a key file. At any moment the old or the new one is there as a whole.
    pub(crate) fn replace(&self, path: &Path) -> Result<(), RootsError> {
        Ok(private_file::write(path, &self.to_bytes())?)
    }

    /// The content of a key file.
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Sized beforehand: a buffer that grows leaves copies of secrets behind.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(HEADER.len() + 1 + self.roots.len() * (ROOT_LEN * 2 + 6)));
        bytes.extend_from_slice(HEADER.as_bytes());
        bytes.push(b'\n');
        for root in &self.roots {
            for byte in root.expose() {
                bytes.extend([byte >> 4, byte & 15].map(hex::digit));
            }
            let usage = if root.id() == self.sealing { " seal\n" } else { " open\n" };
            bytes.extend_from_slice(usage.as_bytes());
        }
        bytes
    }

    fn parse(bytes: &[u8]) -> Result<Self, FormProblem> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
        if lines.next() != Some([HEADER, "\n"].concat().as_bytes()) {
            return Err(FormProblem::Header);
        }
        let mut roots: Vec<Root> = Vec::new();
        let mut sealing = Vec::new();
        for (number, line) in (2..).zip(lines) {
            let line = line.strip_suffix(b"\n").ok_or(FormProblem::Unfinished)?;
            let (root, seals) = parse_line(line).ok_or(FormProblem::Line(number))?;
            if roots.iter().any(|other| other.id() == root.id()) {
                return Err(FormProblem::Repeated(number));
            }
            if seals {
                sealing.push(root.id());
            }
            roots.push(root);
        }
        match sealing.as_slice() {
            [sealing] => Ok(Self { roots, sealing: *sealing }),
            _ => Err(FormProblem::Sealing(sealing.len())),
        }
    }
}

fn parse_line(line: &[u8]) -> Option<(Root, bool)> {
    let (digits, usage) = line.split_at_checked(ROOT_LEN * 2)?;
    let seals = match usage {
        b" seal" => true,
        b" open" => false,
        _ => return None,
    };
    let secret = Zeroizing::new(hex::read::<ROOT_LEN>(digits)?);
    Some((Root::new(*secret), seals))
}

const HEADER: &str = "dormouse-roots-1";

#[cfg(test)]
mod tests {
    use super::*;
    use dormouse_token::SeededEntropy;

    fn line(digit: &str, usage: &str) -> String {
        format!("{} {usage}\n", digit.repeat(64))
    }

    #[track_caller]
    fn refused(content: &str, problem: FormProblem) {
        assert_eq!(Roots::parse(content.as_bytes()).map(drop), Err(problem));
    }

    #[test]
    fn a_new_key_file_reads_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("roots");
        let made = Roots::create(&path, &SeededEntropy::new(1)).unwrap();
        let read = Roots::read_own(&path).unwrap();
        assert_eq!(read.sealing, made.sealing);
        assert_eq!(read.roots[0].expose(), made.roots[0].expose());
        assert!(!format!("{read:?}").contains(&format!("{:02x}", made.roots[0].expose()[0]).repeat(8)));
    }

    #[test]
    fn several_roots_open_and_one_seals() {
        let content = format!("{HEADER}\n{}{}", line("a", "open"), line("0", "seal"));
        let roots = Roots::parse(content.as_bytes()).unwrap();
        assert_eq!(roots.roots.len(), 2);
        assert_eq!(roots.sealing, Root::new([0; 32]).id());
        assert_eq!(roots.roots[0].expose(), &[0xaa; 32]);
        assert_eq!(roots.to_bytes().as_slice(), content.as_bytes());
    }

    #[test]
    fn anything_else_is_refused() {
        let seal = line("a", "seal");
        refused("", FormProblem::Header);
        refused("dormouse-roots-2\n", FormProblem::Header);
        refused(HEADER, FormProblem::Header);
        refused(&format!("{HEADER}\r\n{seal}"), FormProblem::Header);
        refused(&format!("{HEADER}\n"), FormProblem::Sealing(0));
        refused(&format!("{HEADER}\n{}", line("a", "open")), FormProblem::Sealing(0));
        refused(&format!("{HEADER}\n{seal}{}", line("b", "seal")), FormProblem::Sealing(2));
        refused(&format!("{HEADER}\n{seal}{}", line("a", "open")), FormProblem::Repeated(3));
        refused(&format!("{HEADER}\n{}", line("A", "seal")), FormProblem::Line(2));
        refused(&format!("{HEADER}\n{seal}\n"), FormProblem::Line(3));
        refused(&format!("{HEADER}\n{}", line("a", "seals")), FormProblem::Line(2));
        refused(&format!("{HEADER}\n{}", &seal[1..]), FormProblem::Line(2));
        refused(&format!("{HEADER}\n{}", seal.trim_end()), FormProblem::Unfinished);
        refused(&format!("{HEADER}\n{}", &seal[..30]), FormProblem::Unfinished);
    }
}

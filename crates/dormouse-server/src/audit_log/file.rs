//! The file and its older parts: only whole lines, and never more bytes than the budget.

use dormouse_token::Timestamp;
use std::fs::{File, OpenOptions, rename};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

/// Where the log is, and how much of it is kept.
#[derive(Clone, Debug)]
pub struct AuditLogSettings {
    /// The file that lines are appended to. Older parts have `.1`, `.2` and so on behind its name.
    pub path: PathBuf,
    /// Bytes of one part.
    pub part_bytes: u64,
    /// Parts, the present one included: at least one.
    pub parts: u32,
    /// A time as RFC 3339 writes it.
    pub format_time: fn(Timestamp) -> String,
}

/// The open file.
pub(super) struct LogFile {
    pub(super) settings: AuditLogSettings,
    file: File,
    /// Bytes of whole lines.
    length: u64,
}

impl LogFile {
    pub(super) fn open(settings: AuditLogSettings) -> io::Result<Self> {
        let mut file = create(&settings.path)?;
        let mut length = file.seek(SeekFrom::End(0))?;
        if length > 0 && !ends_with_a_line(&mut file)? {
            // A process that died while it wrote: its line stays as it is, and the next one begins anew.
            file.write_all(b"\n")?;
            length += 1;
        }
        Ok(Self { settings, file, length })
    }

    /// Appends a line; what of it was written when the disk failed is taken back.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        let bytes = format!("{line}\n").into_bytes();
        let added = bytes.len() as u64;
        if self.length > 0 && self.length + added > self.settings.part_bytes {
            self.rotate()?;
        }
        let written = self.file.write_all(&bytes);
        if written.is_err() {
            self.file.set_len(self.length)?;
            return written;
        }
        self.length += added;
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if self.settings.parts <= 1 {
            self.file.set_len(0)?;
        } else {
            for older in (1..self.settings.parts).rev() {
                match rename(self.part(older - 1), self.part(older)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            self.file = create(&self.settings.path)?;
        }
        self.length = 0;
        Ok(())
    }

    fn part(&self, number: u32) -> PathBuf {
        let mut path = self.settings.path.clone().into_os_string();
        if number > 0 {
            path.push(format!(".{number}"));
        }
        path.into()
    }
}

fn create(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

fn ends_with_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, parts: u32, lines: &[&str], expected: &[Option<&str>]) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        std::fs::write(&path, before).unwrap();
        let settings = AuditLogSettings { path, part_bytes: 12, parts, format_time: |_| String::new() };
        let mut file = LogFile::open(settings).unwrap();
        for line in lines {
            file.append(line).unwrap();
        }
        for (number, content) in (0..).zip(expected) {
            assert_eq!(std::fs::read_to_string(file.part(number)).ok().as_deref(), *content, "{number}");
        }
    }

    #[test]
    fn lines_are_appended_and_torn_ones_are_ended() {
        check("", 9, &["one"], &[Some("one\n"), None]);
        check("old\n", 3, &["one"], &[Some("old\none\n"), None]);
        check("to", 3, &["one"], &[Some("to\none\n"), None]);
    }

    #[test]
    fn parts_stay_within_the_budget() {
        let lines = ["first", "second", "third", "fourth", "fifth"];
        check("", 2, &lines, &[Some("fifth\n"), Some("fourth\n"), None]);
        check("", 3, &lines, &[Some("fifth\n"), Some("fourth\n"), Some("third\n"), None]);
        check("", 1, &lines, &[Some("fifth\n"), None]);
    }
}

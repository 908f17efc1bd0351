//! Applies the fixes of lint findings to files: only the bytes of the fixes change.

use anyhow::{Context as _, bail};
use dormouse_bundle::SourceFile;
use dormouse_lint::apply;
use dormouse_report::{Edit, Finding, Fix};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// What to apply.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    /// Fixes that change behaviour too.
    pub(crate) unsafe_too: bool,
    /// Only show it.
    pub(crate) dry_run: bool,
}

/// What was done, or would be.
#[derive(Default)]
pub(crate) struct Repaired {
    pub(crate) findings: usize,
    pub(crate) files: usize,
    /// The lines that change, in unified form.
    pub(crate) diff: String,
    /// What could not be done.
    pub(crate) notes: Vec<String>,
}

/// Applies the first fitting fix of each finding. A fix that overlaps an earlier one waits for the next run.
pub(crate) fn repair(findings: &[Finding], choice: Choice) -> Repaired {
    let mut repaired = Repaired::default();
    let mut files: BTreeMap<&str, (&Arc<SourceFile>, Vec<Edit>)> = BTreeMap::new();
    for finding in findings {
        let Some(fix) = finding.fixes.iter().find(|fix| fix.safe || choice.unsafe_too) else { continue };
        if fix.edits.iter().any(|edit| overlaps(&files, edit)) {
            repaired.notes.push(format!("{} overlaps another fix; run the command again", fix.title));
            continue;
        }
        add(&mut files, fix);
        repaired.findings += 1;
    }
    for (path, (file, edits)) in files {
        let (text, _) = apply(&file.text, &edits);
        match write(Path::new(path), file, (&text, choice.dry_run)) {
            Ok(()) => {
                repaired.files += 1;
                diff(&mut repaired.diff, path, (&file.text, &text));
            }
            Err(error) => repaired.notes.push(format!("{error:#}")),
        }
    }
    repaired
}

fn add<'a>(files: &mut BTreeMap<&'a str, (&'a Arc<SourceFile>, Vec<Edit>)>, fix: &'a Fix) {
    for edit in &fix.edits {
        files.entry(&edit.file.path).or_insert_with(|| (&edit.file, Vec::new())).1.push(edit.clone());
    }
}

/// Insertions at one place exclude each other too, unless they are the same.
fn overlaps(files: &BTreeMap<&str, (&Arc<SourceFile>, Vec<Edit>)>, edit: &Edit) -> bool {
    let edits = files.get(edit.file.path.as_str()).map_or(&[][..], |(_, edits)| edits);
    edits.iter().any(|other| {
        let apart = edit.range.end < other.range.start || other.range.end < edit.range.start;
        !apart && other != edit
    })
}

/// Writes a file of which the text was read, with the same mark at its beginning, if it has not changed since.
fn write(path: &Path, file: &SourceFile, (text, dry_run): (&str, bool)) -> anyhow::Result<()> {
    let shown = path.display();
    let bytes = std::fs::read(path).with_context(|| format!("{shown} cannot be repaired"))?;
    let mark = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { &[] };
    if bytes.get(mark.len()..) != Some(file.text.as_bytes()) {
        bail!("{shown} cannot be repaired: it has changed since it was read");
    }
    if dry_run {
        return Ok(());
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut written = tempfile::NamedTempFile::new_in(directory).with_context(|| shown.to_string())?;
    std::io::Write::write_all(&mut written, &[mark, text.as_bytes()].concat())?;
    written.as_file().set_permissions(path.metadata()?.permissions())?;
    written.persist(path).with_context(|| shown.to_string())?;
    Ok(())
}

/// The changed stretch of lines between the common beginning and end.
fn diff(to: &mut String, path: &str, (old, new): (&str, &str)) {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let removed = old.get(head..old.len() - tail).unwrap_or_default();
    let added = new.get(head..new.len() - tail).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(to, "--- {path}\n+++ {path}");
    let at = |lines: usize| if lines == 0 { head } else { head + 1 };
    let _ =
        writeln!(to, "@@ -{},{} +{},{} @@", at(removed.len()), removed.len(), at(added.len()), added.len());
    for (sign, lines) in [('-', removed), ('+', added)] {
        for line in lines {
            let _ = writeln!(to, "{sign}{line}");
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_changed_lines_only() {
        let mut text = String::new();
        diff(&mut text, "a.xml", ("a\nb\nc\n", "a\nx\ny\nc\n"));
        assert_eq!(text, "--- a.xml\n+++ a.xml\n@@ -2,1 +2,2 @@\n-b\n+x\n+y\n");
        text.clear();
        diff(&mut text, "a.xml", ("a\nc\n", "a\nb\nc\n"));
        assert_eq!(text, "--- a.xml\n+++ a.xml\n@@ -1,0 +2,1 @@\n+b\n");
    }

    #[test]
    fn every_other_byte_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.xml");
        std::fs::write(&path, b"\xef\xbb\xbf<a>\r\n\t<b/></a>").unwrap();
        let file = SourceFile::new(path.display().to_string(), "<a>\r\n\t<b/></a>");
        write(&path, &file, ("<a>\r\n\t<c/></a>", true)).unwrap();
        write(&path, &file, ("<a>\r\n\t<c/></a>", false)).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"\xef\xbb\xbf<a>\r\n\t<c/></a>");
        assert!(write(&path, &file, ("x", false)).is_err());
    }
}

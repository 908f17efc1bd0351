//! Archives: those that Apigee exports, and those that want to do harm.

use std::fs;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::fixture::Fixture;

const ENDPOINT: &str = "<ProxyEndpoint name=\"default\"/>";

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(content).expect("content");
    }
    writer.finish().expect("an archive").into_inner()
}

/// Loads an archive called `my-proxy.zip`: names of bundles with their number of policies, and problems.
fn load(bytes: &[u8]) -> (Vec<(String, usize)>, Vec<String>) {
    let fixture = Fixture::new("//- /x\n\n");
    fs::write(fixture.path().join("my-proxy.zip"), bytes).expect("a file");
    let (bundles, problems) = fixture.load("my-proxy.zip");
    let found = bundles.iter().map(|bundle| (bundle.name.clone(), bundle.policies.len())).collect();
    (found, fixture.shown(&problems))
}

#[track_caller]
fn check_refused(bytes: &[u8], expected: &str) {
    let (bundles, problems) = load(bytes);
    assert_eq!(bundles, []);
    assert_eq!(problems, [expected]);
}

#[test]
fn an_archive_is_read_like_a_directory() {
    let bytes = archive(&[
        ("README.md", b"x"),
        ("apiproxy/proxies/default.xml", ENDPOINT.as_bytes()),
        ("apiproxy/policies/a.xml", b"<AssignMessage name='a'/>"),
        ("apiproxy\\policies\\b.xml", b"<AssignMessage name='b'/>"),
        ("__MACOSX/apiproxy/policies/._a.xml", b"\0"),
        ("apiproxy/policies/broken.xml", b"<a"),
    ]);
    let (bundles, problems) = load(&bytes);
    assert_eq!(bundles, [("my-proxy".to_owned(), 2)]);
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].starts_with("error xml-malformed my-proxy.zip/apiproxy/policies/broken.xml:1:1 "),
        "{problems:?}"
    );
}

#[test]
fn names_that_lead_out_are_refused() {
    for (name, why) in [
        ("../apiproxy/a.xml", "leads out of the archive"),
        ("apiproxy/../../a.xml", "leads out of the archive"),
        ("apiproxy\\..\\..\\a.xml", "leads out of the archive"),
        ("/etc/passwd", "has an absolute name"),
        ("C:/apiproxy/a.xml", "has an absolute name"),
        ("\\\\host\\share", "has an absolute name"),
    ] {
        let shown = name.replace('\\', "\\\\");
        let bytes = archive(&[("apiproxy/proxies/default.xml", ENDPOINT.as_bytes()), (name, b"<a/>")]);
        check_refused(&bytes, &format!("error archive-refused - the archive's entry {shown} {why}"));
    }
}

#[test]
fn links_are_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .add_symlink("apiproxy/policies/a.xml", "/etc/passwd", SimpleFileOptions::default())
        .expect("a link");
    let bytes = writer.finish().expect("an archive").into_inner();
    check_refused(
        &bytes,
        "error archive-refused - the archive's entry apiproxy/policies/a.xml is a symbolic link",
    );
}

#[test]
fn encrypted_entries_are_refused() {
    let mut bytes = archive(&[("apiproxy/proxies/default.xml", ENDPOINT.as_bytes())]);
    for signature in [&b"PK\x03\x04"[..], b"PK\x01\x02"] {
        let flags = if signature[2] == 3 { 6 } else { 8 };
        let at = bytes.windows(4).position(|window| window == signature).expect("a header");
        bytes[at + flags] |= 1;
    }
    check_refused(
        &bytes,
        "error archive-refused - the archive's entry apiproxy/proxies/default.xml is encrypted",
    );
}

#[test]
fn repeated_names_are_refused() {
    let mut bytes = archive(&[("apiproxy/policies/a.xml", b"<a/>"), ("apiproxy/policies/b.xml", b"<b/>")]);
    let (from, to) = (b"policies/b.xml", b"policies/a.xml");
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    check_refused(&bytes, "error archive-refused - the archive holds two entries of the same name");
    let bytes = archive(&[("apiproxy/policies/a.xml", b"<a/>"), ("apiproxy//policies/./a.xml", b"<b/>")]);
    check_refused(&bytes, "error duplicate-file - apiproxy/policies/a.xml occurs twice");
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![0; 8 << 20];
    let bytes = archive(&[("apiproxy/resources/oas/a", &zeros)]);
    check_refused(
        &bytes,
        "error archive-refused - the archive's entry apiproxy/resources/oas/a grows more than 200 times",
    );
    let bytes = archive(&[("apiproxy/resources/oas/a", &vec![0; 17 << 20])]);
    check_refused(&bytes, "error file-too-large - apiproxy/resources/oas/a is larger than 16777216 bytes");
    let spaces = vec![b' '; 2 << 20];
    check_refused(
        &archive(&[("apiproxy/policies/a.xml", &spaces)]),
        "error file-too-large - apiproxy/policies/a.xml is larger than 1048576 bytes",
    );
}

#[test]
fn a_size_that_lies_is_noticed() {
    let content = b"<AssignMessage name='a'/>".repeat(100);
    let mut bytes = archive(&[("apiproxy/policies/a.xml", &content)]);
    let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a header");
    bytes[at + 24..at + 28].copy_from_slice(&10_u32.to_le_bytes());
    let (_, problems) = load(&bytes);
    assert!(problems.len() == 1 && problems[0].starts_with("error "), "{problems:?}");
}

#[test]
fn what_is_no_archive_is_told() {
    for bytes in [&b""[..], b"hello", b"PK\x05\x06", b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let (bundles, problems) = load(bytes);
        assert_eq!(bundles, []);
        assert!(
            problems.len() == 1
                && problems[0].starts_with("error archive-broken - cannot read the zip archive: "),
            "{problems:?}"
        );
    }
    let wrapped = archive(&[("repo/apiproxy/proxies/default.xml", ENDPOINT.as_bytes())]);
    check_refused(&wrapped, "error no-bundle - my-proxy.zip holds neither apiproxy/ nor sharedflowbundle/");
}

//! The demo, smaller than a user's.

use crate::support::binary;

#[test]
fn the_demo_ends_well_and_reads_its_numbers_back() {
    let output = binary().args(["demo", "--pairs", "2000"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "rows about tokens: 0",
        "stored per dormant token: 0 bytes",
        "lost: 0",
        "of 60 dormant refresh tokens, redeemed now: 60",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    assert!(text.contains("demo/OA-Generate"), "{text}");
}

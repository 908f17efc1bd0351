//! The digests of the `crypto` object (Apigee: "JavaScript object model", `crypto`).

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use std::fmt::Write as _;

/// The digest of a text's UTF-8 bytes, as lower-case hexadecimal digits or in base64; `None` for an unknown algorithm.
pub(crate) fn digest(algorithm: &str, text: &str, base64: bool) -> Option<String> {
    let bytes = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => Md5::digest(text.as_bytes()).to_vec(),
        name => {
            let algorithm = match name {
                "SHA1" | "SHA-1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                "SHA256" | "SHA-256" => &digest::SHA256,
                "SHA384" | "SHA-384" => &digest::SHA384,
                "SHA512" | "SHA-512" => &digest::SHA512,
                _ => return None,
            };
            digest::digest(algorithm, text.as_bytes()).as_ref().to_vec()
        }
    };
    if base64 {
        return Some(STANDARD.encode(bytes));
    }
    Some(bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(algorithm: &str, base64: bool, expected: Option<&str>) {
        assert_eq!(digest(algorithm, "abc", base64).as_deref(), expected, "{algorithm}");
    }

    #[test]
    fn digests_of_abc() {
        check("MD5", false, Some("900150983cd24fb0d6963f7d28e17f72"));
        check("sha-1", false, Some("a9993e364706816aba3e25717850c26c9cd0d89d"));
        check("SHA-256", true, Some("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="));
        check(
            "SHA512",
            true,
            Some("3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="),
        );
        check("SHA-3", false, None);
    }
}

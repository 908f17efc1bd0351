//! `md5Hex` to `sha512Base64`, and `hmacMd5` to `hmacSha512`.

use super::functions::Input;
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use std::fmt::Write as _;

/// `…Hex(text)`
pub(super) fn hex(input: &Input<'_>) -> Result<String, String> {
    digest_of(input.function, input.text(0).as_bytes()).map(|digest| to_hex(&digest))
}

/// `…Base64(text)`
pub(super) fn base64(input: &Input<'_>) -> Result<String, String> {
    digest_of(input.function, input.text(0).as_bytes()).map(|digest| STANDARD.encode(digest))
}

/// `hmac…(key,text[,keyEncoding[,outputEncoding]])`
pub(super) fn keyed(input: &Input<'_>) -> Result<String, String> {
    let key = decode_key(input.text(0), input.text(2))?;
    let value = input.text(1).as_bytes();
    let algorithm = match input.function {
        "hmacSha1" => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        "hmacSha224" => hmac::HMAC_SHA224,
        "hmacSha384" => hmac::HMAC_SHA384,
        "hmacSha512" => hmac::HMAC_SHA512,
        "hmacMd5" => return encode(&hmac_md5(&key, value), input.text(3)),
        _ => hmac::HMAC_SHA256,
    };
    encode(hmac::sign(&hmac::Key::new(algorithm, &key), value).as_ref(), input.text(3))
}

fn digest_of(function: &str, data: &[u8]) -> Result<Vec<u8>, String> {
    let algorithm = match function.trim_end_matches("Hex").trim_end_matches("Base64") {
        "md5" => return Ok(Md5::digest(data).to_vec()),
        "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "sha256" => &digest::SHA256,
        "sha384" => &digest::SHA384,
        "sha512" => &digest::SHA512,
        other => return Err(format!("there is no digest {other}")),
    };
    Ok(digest::digest(algorithm, data).as_ref().to_vec())
}

/// RFC 2104.
fn hmac_md5(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    let short = if key.len() > block.len() { Md5::digest(key).to_vec() } else { key.to_vec() };
    for (to, from) in block.iter_mut().zip(&short) {
        *to = *from;
    }
    let inner = Md5::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(value).finalize();
    Md5::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

fn decode_key(key: &str, encoding: &str) -> Result<Vec<u8>, String> {
    match encoding.to_ascii_lowercase().as_str() {
        "" | "utf-8" | "utf8" => Ok(key.as_bytes().to_vec()),
        "hex" | "base16" => from_hex(key).ok_or_else(|| "the key is not hexadecimal".to_owned()),
        "base64" => STANDARD.decode(key).map_err(|_| "the key is not base64".to_owned()),
        _ => Err("the encoding of a key is utf-8, hex, base16 or base64".to_owned()),
    }
}

fn encode(bytes: &[u8], encoding: &str) -> Result<String, String> {
    match encoding.to_ascii_lowercase().as_str() {
        "" | "base64" => Ok(STANDARD.encode(bytes)),
        "hex" | "base16" => Ok(to_hex(bytes)),
        _ => Err("the encoding of the result is base64, hex or base16".to_owned()),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair.first()?)? * 16 + digit(pair.last()?)?)).collect()
}

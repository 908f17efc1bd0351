//! Whether a request says that its body is a form (RFC 6749 appendix B).

use http::{HeaderMap, header};

/// Whether there is one Content-Type, it is `application/x-www-form-urlencoded`, and no other charset than UTF-8.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    let is_form = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(FORM));
    is_form && parts.all(is_utf8_or_no_charset)
}

fn is_utf8_or_no_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    !name.trim().eq_ignore_ascii_case("charset")
        || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

const FORM: &str = "application/x-www-form-urlencoded";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: bool) {
        let headers = values.iter().map(|value| (header::CONTENT_TYPE, value.parse().unwrap())).fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        );
        assert_eq!(is_form(&headers), expected, "{values:?}");
    }

    #[test]
    fn only_forms_in_utf8() {
        check(&[FORM], true);
        check(&["Application/X-WWW-Form-Urlencoded; Charset=\"utf-8\""], true);
        check(&["application/x-www-form-urlencoded;charset=UTF-8"], true);
        check(&["application/x-www-form-urlencoded; charset=utf-16"], false);
        check(&["application/json"], false);
        check(&["multipart/form-data; boundary=x"], false);
        check(&["text/plain"], false);
        check(&[""], false);
        check(&[], false);
        check(&[FORM, FORM], false);
    }
}

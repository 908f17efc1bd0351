//! How Java prints floating-point numbers (Java SE 17, `Double.toString` and `Float.toString`).

/// `Double.toString`: plain digits with at least one decimal from 10^-3 up to 10^7, `d.dddE±n` elsewhere. `scientific`
/// is the shortest exact form that Rust gives (`1.5e-7`), from which both are made.
pub fn java_float(number: f64, scientific: &str) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return plain_decimal(mantissa, exponent.parse().unwrap_or(0));
    }
    let fraction = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{fraction}E{exponent}")
}

/// `mantissa × 10^exponent` without an exponent, for small exponents.
fn plain_decimal(mantissa: &str, exponent: i32) -> String {
    let (sign, unsigned) = mantissa.strip_prefix('-').map_or(("", mantissa), |unsigned| ("-", unsigned));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let shift = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    if exponent < 0 {
        return format!("{sign}0.{}{whole}{fraction}", "0".repeat(shift.saturating_sub(1)));
    }
    let mut digits = format!("{whole}{fraction}");
    let point = whole.len() + shift;
    while digits.len() < point + 1 {
        digits.push('0');
    }
    digits.insert(point, '.');
    format!("{sign}{digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(number: f64, expected: &str) {
        assert_eq!(java_float(number, &format!("{number:e}")), expected);
    }

    #[test]
    fn numbers_as_java_prints_them() {
        check(0.5, "0.5");
        check(1.0, "1.0");
        check(-12.25, "-12.25");
        check(0.001, "0.001");
        check(0.000_1, "1.0E-4");
        check(1_234_567.5, "1234567.5");
        check(1e7, "1.0E7");
        check(1.5e10, "1.5E10");
        check(0.0, "0.0");
        check(f64::NAN, "NaN");
        check(f64::NEG_INFINITY, "-Infinity");
    }
}

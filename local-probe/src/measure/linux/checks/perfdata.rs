//! Performance data of Nagios plugins: `'label'=value[unit];[warning];[critical];[minimum];[maximum]`, separated by
//! spaces. Source: <https://nagios-plugins.org/doc/guidelines.html#AEN200>.

use sample::{CheckValue, most};

/// Longest label, unit and range that are taken, in bytes.
const LONGEST_LABEL: usize = 255;
const LONGEST_UNIT: usize = 32;
const LONGEST_RANGE: usize = 64;

/// The values of a text, as many as a sample holds. One that does not keep to the grammar is left out, and so is `U`, by
/// which a check says that it could not find a value. Of two with one label the first is taken.
pub(super) fn parse(text: &str) -> Vec<CheckValue> {
    let mut values: Vec<CheckValue> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && values.len() < most::VALUES {
        let found = label(rest);
        let (value, behind) = word(found.as_ref().map_or(rest, |(_, behind)| behind));
        if let Some(value) = found.and_then(|(label, _)| described(label, value))
            && values.iter().all(|known| known.label != value.label)
        {
            values.push(value);
        }
        rest = behind.trim_start();
    }
    values
}

/// A label, and what is behind its `=`. Within quotes `''` is one quote.
fn label(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let (label, value) = text.split_once('=')?;
        return (!label.contains(char::is_whitespace)).then(|| (label.to_owned(), value));
    };
    let (mut label, mut rest) = (String::new(), quoted);
    loop {
        let (part, behind) = rest.split_once('\'')?;
        label.push_str(part);
        if let Some(value) = behind.strip_prefix('=') {
            return Some((label, value));
        }
        rest = behind.strip_prefix('\'')?;
        label.push('\'');
    }
}

/// Everything up to the next white space, and what is from there on.
fn word(text: &str) -> (&str, &str) {
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

fn described(label: String, text: &str) -> Option<CheckValue> {
    let mut fields = text.split(';');
    let (value, unit) = number(fields.next()?)?;
    let is_unit = |c: char| !c.is_ascii_digit() && !"'\",.+-".contains(c);
    if !(1..=LONGEST_LABEL).contains(&label.len()) || unit.len() > LONGEST_UNIT || !unit.chars().all(is_unit) {
        return None;
    }
    let range = |field: &str| (1..=LONGEST_RANGE).contains(&field.len()).then(|| field.to_owned());
    let (warning, critical) = (fields.next().and_then(range), fields.next().and_then(range));
    let mut limit = || fields.next().and_then(number).filter(|(_, unit)| unit.is_empty()).map(|(limit, _)| limit);
    let (minimum, maximum) = (limit(), limit());
    Some(CheckValue { label, value, unit: unit.to_owned(), warning, critical, minimum, maximum })
}

/// The number that a text begins with, and what is behind it: digits and a point, perhaps with a sign before them and a
/// power of ten behind, as scripts print small numbers.
fn number(text: &str) -> Option<(f64, &str)> {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = usize::from(text.starts_with('-'));
    end += digits(end);
    if text[end..].starts_with('.') {
        end += 1 + digits(end + 1);
    }
    if let Some(power) = text[end..].strip_prefix(['e', 'E']) {
        let sign = usize::from(power.starts_with(['-', '+']));
        if power[sign..].starts_with(|c: char| c.is_ascii_digit()) {
            end += 1 + sign + digits(end + 1 + sign);
        }
    }
    let (number, behind) = text.split_at(end);
    let number = number.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some((number, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(label: &str, value: f64, unit: &str) -> CheckValue {
        CheckValue { label: label.into(), value, unit: unit.into(), ..CheckValue::default() }
    }

    #[test]
    fn values_are_read_with_units_ranges_and_limits() {
        let full = |label: &str, number, unit, [warning, critical]: [&str; 2], limits: [f64; 2]| CheckValue {
            warning: Some(warning.into()),
            critical: Some(critical.into()),
            minimum: Some(limits[0]),
            maximum: Some(limits[1]),
            ..value(label, number, unit)
        };
        for (text, expected) in [
            ("time=0.06", value("time", 0.06, "")),
            (
                "time=0.002722s;;;0.000000;10.000000",
                CheckValue { minimum: Some(0.0), maximum: Some(10.0), ..value("time", 0.002722, "s") },
            ),
            ("/=2643MB;5948;5958;0;5968", full("/", 2643.0, "MB", ["5948", "5958"], [0.0, 5968.0])),
            (
                "load1=0.260;@5:~;~:10;0",
                CheckValue {
                    warning: Some("@5:~".into()),
                    critical: Some("~:10".into()),
                    minimum: Some(0.0),
                    ..value("load1", 0.26, "")
                },
            ),
            (
                "pl=0%;20;60;;",
                CheckValue { warning: Some("20".into()), critical: Some("60".into()), ..value("pl", 0.0, "%") },
            ),
            ("in=123456789c", value("in", 123456789.0, "c")),
            ("t=-4.5°C", value("t", -4.5, "°C")),
            ("rate=.5MB/s", value("rate", 0.5, "MB/s")),
            ("drift=1.5e-05s", value("drift", 1.5e-5, "s")),
            ("size=5E", value("size", 5.0, "E")),
            ("'a b'=1", value("a b", 1.0, "")),
            ("'it''s = x'=1B", value("it's = x", 1.0, "B")),
            (
                "x=1;2;3;4MB;5",
                CheckValue {
                    warning: Some("2".into()),
                    critical: Some("3".into()),
                    maximum: Some(5.0),
                    ..value("x", 1.0, "")
                },
            ),
        ] {
            assert_eq!(parse(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_does_not_keep_to_the_grammar_is_left_out_and_the_rest_is_read() {
        for bad in [
            "a=U",
            "a=",
            "a",
            "=1",
            "''=1",
            "a=1,5",
            "a=1.2.3",
            "a=--1",
            "a=nan",
            "a=inf",
            "a=1e999",
            "a=x1",
            "a=1'",
            "a=1-2",
            "'a=1",
            "a=+1",
            "a=1e5e5",
            "a = 1",
            "'a'x=1",
            "a=0x10",
            "=",
            "'",
            "a=-",
            "a=.",
            "a=5;6;7=8,",
        ] {
            let found = parse(bad);
            assert!(found.is_empty() || bad.starts_with("a=5;"), "{bad}: {found:?}");
            if bad.matches('\'').count() % 2 == 0 {
                let labels: Vec<_> = parse(&format!("{bad} last=2")).into_iter().map(|value| value.label).collect();
                assert_eq!(labels.last().unwrap(), "last", "{bad}");
            }
        }
    }

    #[test]
    fn a_label_comes_once_and_a_sample_is_not_refused_for_too_many_or_too_long_ones() {
        assert_eq!(parse("a=1 a=2 b=3"), [value("a", 1.0, ""), value("b", 3.0, "")]);
        let many: String = (0..1000).map(|number| format!("v{number}=1 ")).collect();
        assert_eq!(parse(&many).len(), most::VALUES);
        let long = "x".repeat(300);
        assert_eq!(
            parse(&format!("{long}=1 a=1{long} b=1;{long};2")),
            [CheckValue { critical: Some("2".into()), ..value("b", 1.0, "") }]
        );
    }
}

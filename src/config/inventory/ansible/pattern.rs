//! Host patterns of an inventory as Ansible reads them: a port behind the name, IPv6, ranges.

use std::net::Ipv6Addr;

/// A range may name at most this many hosts.
const RANGE_MAX: usize = 65_536;
/// The order of letters in a range (Python's `string.ascii_letters`).
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The hosts that a pattern stands for, and the port that it gives them.
///
/// # Errors
/// What is wrong with the range.
pub(super) fn expand(pattern: &str) -> Result<(Vec<String>, Option<u32>), &'static str> {
    let (host, port) = split_port(pattern);
    if host.contains('[') { Ok((ranges(host)?, port)) } else { Ok((vec![host.to_owned()], port)) }
}

/// Host and port (ansible/parsing/utils/addresses.py, `parse_address`). What is no address at all keeps its colons.
fn split_port(pattern: &str) -> (&str, Option<u32>) {
    let (mut host, mut port) = (pattern, None);
    if let Some((before, number)) = number_behind(pattern)
        && let Some(inside) = before.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
        && !inside.is_empty()
    {
        (host, port) = (inside, Some(number));
    }
    if let Some((before, number)) = number_behind(host)
        && has_no_bare_colon(before)
    {
        (host, port) = (before, Some(number));
    }
    if is_hostname(host) || is_ipv6(host) { (host, port) } else { (pattern, None) }
}

fn number_behind(text: &str) -> Option<(&str, u32)> {
    let (before, digits) = text.rsplit_once(':')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    Some((before, digits.parse().ok().filter(|_| is_number)?))
}

/// No colon or bracket but in whole `[..]`.
fn has_no_bare_colon(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find([':', '[', ']']) {
        let Some((_, after)) = rest[at..].strip_prefix('[').and_then(|inside| inside.split_once(']')) else { return false };
        rest = after;
    }
    true
}

/// Labels of letters, digits, `_`, `-` and ranges; none begins with `-` or ends with `-` or `_`.
fn is_hostname(text: &str) -> bool {
    let mut label_begins = true;
    let mut last = '.';
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '[' {
            let Some((inside, after)) = rest[1..].split_once(']') else { return false };
            if !is_range(inside) {
                return false;
            }
            (rest, last, label_begins) = (after, ']', false);
            continue;
        }
        match c {
            '.' if label_begins || matches!(last, '-' | '_') => return false,
            '.' => label_begins = true,
            '-' if label_begins => return false,
            c if c.is_alphanumeric() || c == '_' || c == '-' => label_begins = false,
            _ => return false,
        }
        last = c;
        rest = &rest[c.len_utf8()..];
    }
    !label_begins && !matches!(last, '-' | '_')
}

fn is_range(inside: &str) -> bool {
    let parts: Vec<&str> = inside.split(':').collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let letter = |text: &str| text.len() == 1 && text.bytes().all(|b| b.is_ascii_alphabetic());
    match parts.as_slice() {
        [from, to] | [from, to, _] if (digits(from) && digits(to)) || (letter(from) && letter(to)) => {
            parts.get(2).is_none_or(|step| digits(step))
        }
        _ => false,
    }
}

/// Also with ranges of hexadecimal digits in it.
fn is_ipv6(text: &str) -> bool {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((_, after)) = after.split_once(']') else { return false };
        plain.push_str(before);
        plain.push('0');
        rest = after;
    }
    plain.push_str(rest);
    plain.contains(':') && plain.parse::<Ipv6Addr>().is_ok()
}

/// `web[01:50]`, `db[1:9:2]-[a:c]`: every name (ansible/plugins/inventory, `expand_hostname_range`).
fn ranges(pattern: &str) -> Result<Vec<String>, &'static str> {
    let Some((before, rest)) = pattern.split_once('[') else { return Ok(vec![pattern.to_owned()]) };
    let (range, after) = rest.split_once(']').ok_or("the ']' is missing")?;
    let parts: Vec<&str> = range.split(':').collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, "1"),
        [from, to, step] => (*from, *to, *step),
        _ => return Err("a range is [begin:end] or [begin:end:step]"),
    };
    let from = if from.is_empty() { "0" } else { from };
    let step: usize = step.parse().ok().filter(|step| *step > 0).ok_or("the step of a range is a number above 0")?;
    let width = if from.starts_with('0') && from.len() > 1 { from.len() } else { 0 };
    if width > 0 && width != to.len() {
        return Err("both ends of a range with leading zeros have as many digits");
    }
    let letter = |text: &str| LETTERS.find(text).filter(|_| text.len() == 1);
    let middles: Vec<String> = if let (Some(first), Some(last)) = (letter(from), letter(to)) {
        if first > last {
            return Err("a range begins before it ends");
        }
        LETTERS[first..=last].chars().step_by(step).map(String::from).collect()
    } else {
        let (Ok(first), Ok(last)) = (from.parse::<usize>(), to.parse::<usize>()) else {
            return Err("a range goes from number to number or from letter to letter");
        };
        if last < first {
            return Err("a range begins before it ends");
        }
        if (last - first) / step >= RANGE_MAX {
            return Err("a range names more than 65,536 hosts");
        }
        (first..=last).step_by(step).map(|n| format!("{n:0width$}")).collect()
    };
    let tails = ranges(after)?;
    if middles.len().saturating_mul(tails.len()) > RANGE_MAX {
        return Err("a range names more than 65,536 hosts");
    }
    Ok(middles.iter().flat_map(|m| tails.iter().map(move |t| format!("{before}{m}{t}"))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_told_from_names() {
        for (pattern, host, port) in [
            ("edge.site.example:2201", "edge.site.example", Some(2201)),
            ("10.0.0.1:22", "10.0.0.1", Some(22)),
            ("[2001:db8::1]:2222", "2001:db8::1", Some(2222)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[10.0.0.1]:22", "10.0.0.1", Some(22)),
            ("a_b-c:1", "a_b-c", Some(1)),
            ("under_:22", "under_:22", None),
            ("with/slash:22", "with/slash:22", None),
            ("a:b", "a:b", None),
            ("主机:22", "主机", Some(22)),
        ] {
            assert_eq!(expand(pattern), Ok((vec![host.to_owned()], port)), "{pattern}");
        }
    }

    #[test]
    fn ranges_are_every_name_in_order() {
        let names = |pattern: &str| expand(pattern).map(|(names, port)| (names.join(" "), port));
        assert_eq!(names("w[08:11].x:2222"), Ok(("w08.x w09.x w10.x w11.x".into(), Some(2222))));
        assert_eq!(names("d[1:5:2]-[y:A]"), Ok(("d1-y d1-z d1-A d3-y d3-z d3-A d5-y d5-z d5-A".into(), None)));
        assert_eq!(names("[:2]n"), Ok(("0n 1n 2n".into(), None)));
        assert_eq!(names("10.0.[0:1].[1:2]"), Ok(("10.0.0.1 10.0.0.2 10.0.1.1 10.0.1.2".into(), None)));
        assert_eq!(names("2001:db8::[1:3]"), Ok(("2001:db8::1 2001:db8::2 2001:db8::3".into(), None)));
        for bad in ["w[9:1]", "w[1:2", "w[1]", "w[a:9]", "w[01:100]", "w[1:5:0]", "w[0:99999999]", "w[c:a]"] {
            assert!(expand(bad).is_err(), "{bad}");
        }
    }
}

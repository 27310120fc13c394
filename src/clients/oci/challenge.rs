//! What a registry asks for when it answers 401: the challenges of `Www-Authenticate`.

/// How a registry wants to be told who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// A token of a service at `realm`, for a `scope`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

/// The best of the challenges in these header values: a token before a password.
pub(super) fn best<'a>(values: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    let mut basic = None;
    for (scheme, parameters) in values.flat_map(challenges) {
        let parameter = |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        if scheme.eq_ignore_ascii_case("bearer")
            && let Some(realm) = parameter("realm").filter(|realm| !realm.is_empty())
        {
            return Some(Challenge::Bearer { realm, service: parameter("service"), scope: parameter("scope") });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            basic = Some(Challenge::Basic);
        }
    }
    basic
}

type Parameters = Vec<(String, String)>;

/// `Bearer realm="..",service=x, Basic realm=".."` into schemes with their parameters (RFC 9110, 11.6.1).
fn challenges(value: &str) -> Vec<(String, Parameters)> {
    let mut found: Vec<(String, Parameters)> = Vec::new();
    let mut rest = value.trim_start_matches([' ', '\t', ',']);
    while !rest.is_empty() && found.len() < 16 {
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let after = after.trim_start_matches([' ', '\t']);
        if let Some(value) = after.strip_prefix('=')
            && !word.is_empty()
        {
            let (text, left) = quoted_or_token(value.trim_start_matches([' ', '\t']));
            if let Some((_, parameters)) = found.last_mut() {
                parameters.push((word.to_owned(), text));
            }
            rest = left;
        } else if word.is_empty() {
            // A stray `=`: nothing that can be read follows it.
            break;
        } else {
            found.push((word.to_owned(), Vec::new()));
            rest = after;
        }
        rest = rest.trim_start_matches([' ', '\t', ',']);
    }
    found
}

fn quoted_or_token(text: &str) -> (String, &str) {
    let Some(inside) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return (out, &inside[at + 1..]),
            c => out.push(c),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.into(), service: service.map(Into::into), scope: scope.map(Into::into) }
    }

    #[test]
    fn challenges_are_read_as_registries_write_them() {
        let one = |value: &str| best(std::iter::once(value));
        assert_eq!(
            one(r#"Bearer realm="http://127.0.0.1:8080/service/token",service="harbor-registry""#),
            Some(bearer("http://127.0.0.1:8080/service/token", Some("harbor-registry"), None))
        );
        assert_eq!(
            one(r#"bearer  realm = "https://a/t" , scope="repository:a/b:pull,push" ,error=invalid_token"#),
            Some(bearer("https://a/t", None, Some("repository:a/b:pull,push")))
        );
        assert_eq!(one(r#"Basic realm="harbor""#), Some(Challenge::Basic));
        assert_eq!(one(r#"Basic realm="a, b=c", Bearer realm="https://t\"x""#), Some(bearer("https://t\"x", None, None)));
        assert_eq!(best(["Negotiate", "Basic"].into_iter()), Some(Challenge::Basic));
        for odd in ["", "Bearer", r#"Bearer realm="""#, "=,=", "Digest realm=x", "\"", "Bearer realm=\""] {
            assert_eq!(one(odd), None, "{odd}");
        }
    }
}

//! Lists that go on behind a `Link`. Pure: bounded, and never round in a circle.

use std::collections::HashSet;
use std::sync::Arc;

use crate::clients::http::Url;
use crate::model::text::Text;

/// Names of one list at most.
const NAMES_MOST: usize = 1_000_000;
const PAGES_MOST: usize = 10_000;

pub(super) type Query = Vec<(String, String)>;

/// A list being read.
#[derive(Debug, Default)]
pub(super) struct Paged {
    names: Vec<Arc<str>>,
    seen: HashSet<Arc<str>>,
    asked: HashSet<Query>,
}

impl Paged {
    /// Takes a page. `Ok(Some)`: the query of the next one.
    ///
    /// # Errors
    /// In words, where it is too long to be true.
    pub(super) fn take(&mut self, page: Vec<Arc<str>>, next: Option<Query>) -> Result<Option<Query>, Text> {
        let before = self.names.len();
        for name in page {
            if self.seen.insert(Arc::clone(&name)) {
                self.names.push(name);
            }
        }
        if self.names.len() > NAMES_MOST || self.asked.len() >= PAGES_MOST {
            return Err(Text::new("a list of names has no end", "名字列表没有尽头"));
        }
        // Some registries go on linking after the last page: a page that brings nothing new is the end.
        let grew = self.names.len() > before;
        Ok(next.filter(|next| grew && self.asked.insert(next.clone())))
    }

    pub(super) fn finish(self) -> Vec<Arc<str>> {
        self.names
    }
}

/// The query of the next page in a `Link` header. Only the query is taken: where to ask is ours to say.
pub(super) fn next_query(link: &str) -> Option<Query> {
    let mut rest = link;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>')?;
        let (parameters, left) = after.split_once('<').map_or((after, ""), |(parameters, _)| (parameters, &after[parameters.len()..]));
        let is_next = parameters.split([';', ',']).any(|p| {
            let (name, value) = p.split_once('=').unwrap_or((p, ""));
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        });
        if is_next {
            let anywhere = Url::parse("http://registry.invalid/").ok()?;
            let url = anywhere.join(target).ok()?;
            let query: Query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            return (!query.is_empty()).then_some(query);
        }
        rest = left;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Query {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_query_of_the_next_page_is_found() {
        assert_eq!(
            next_query(r#"</v2/payment/web/tags/list?last=latest&n=1>; rel="next""#),
            Some(pairs(&[("last", "latest"), ("n", "1")]))
        );
        assert_eq!(
            next_query(r#"</v2/x?n=1>; rel=prev, <https://evil.example/v2/x?next_page=a%2Bb>; title="a" ; REL=Next"#),
            Some(pairs(&[("next_page", "a+b")]))
        );
        for none in ["", "<", "</v2/x?n=1>", r#"</v2/x?n=1>; rel="prev""#, r#"</v2/x>; rel="next""#] {
            assert_eq!(next_query(none), None, "{none}");
        }
    }

    #[test]
    fn links_in_a_circle_end() {
        let mut paged = Paged::default();
        let next = pairs(&[("last", "a")]);
        assert_eq!(paged.take(vec!["a".into()], Some(next.clone())), Ok(Some(next.clone())));
        assert_eq!(paged.take(vec!["b".into()], Some(next.clone())), Ok(None));
        assert_eq!(paged.take(vec!["b".into()], Some(pairs(&[("last", "z")]))), Ok(None), "nothing new came");
        assert_eq!(paged.finish().len(), 2);
    }
}

//! Patterns of paths.

/// The path of a use: segments, of which some stand for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Segment>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Exact(String),
    /// `*`
    Any,
    /// `{id}`
    Id,
    /// `**`, at the end alone.
    Rest,
}

/// How a path fits a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit<'a> {
    /// It fits, and says nothing of a user.
    Fits,
    /// It fits, with this id.
    About(&'a str),
}

impl Pattern {
    /// Reads a pattern. Returns `None` for one that can fit nothing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let names: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
        let last = names.len() - 1;
        let segments = names.iter().enumerate().map(|(at, name)| match *name {
            "*" => Some(Segment::Any),
            "{id}" => Some(Segment::Id),
            "**" if at == last => Some(Segment::Rest),
            name if is_plain(name) && !name.contains(['*', '{', '}']) => Some(Segment::Exact(name.to_owned())),
            _ => None,
        });
        let segments: Vec<Segment> = segments.collect::<Option<_>>()?;
        let ids = segments.iter().filter(|segment| **segment == Segment::Id).count();
        (ids <= 1).then_some(Self(segments))
    }

    /// How `path` fits. Returns `None` if it doesn't, as no path does that has an empty, dot or percent-encoded segment: servers
    /// differ in what they make of those.
    pub(crate) fn fit<'a>(&self, path: &'a str) -> Option<Fit<'a>> {
        let names: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if !names.iter().all(|name| is_plain(name)) {
            return None;
        }
        let rest = matches!(self.0.last(), Some(Segment::Rest));
        if if rest { names.len() < self.0.len() } else { names.len() != self.0.len() } {
            return None;
        }
        let mut fit = Fit::Fits;
        for (segment, name) in self.0.iter().zip(names) {
            match segment {
                Segment::Exact(exact) if exact != name => return None,
                Segment::Exact(_) | Segment::Any | Segment::Rest => {}
                Segment::Id => fit = Fit::About(name),
            }
        }
        Some(fit)
    }
}

/// Whether a segment means the same to every server: characters that need no escape, and not only dots. `;` begins parameters in some
/// (RFC 3986 §3.3).
fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && !name.bytes().all(|byte| byte == b'.')
        && name.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b';' | b'?' | b'#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().fit(path).is_some()
    }

    #[test]
    fn a_star_is_one_segment_and_two_are_one_or_more() {
        for (pattern, path, expected) in [
            ("/a/b", "/a/b", true),
            ("/a/b", "/a/b/", false),
            ("/a/b", "/a/B", false),
            ("/a/b", "/a", false),
            ("/a/*", "/a/b", true),
            ("/a/*", "/a/b/c", false),
            ("/a/*/c", "/a/b/c", true),
            ("/a/**", "/a/b", true),
            ("/a/**", "/a/b/c/d", true),
            ("/a/**", "/a", false),
            ("/a/**", "/a/", false),
            ("/**", "/x", true),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_servers_read_differently_fits_nothing() {
        for path in [
            "/a//b",
            "/a/./b",
            "/a/../b",
            "/a/%2e%2e/b",
            "/a/b%2Fc",
            "/a/...",
            "/a/b;c",
            "a/b",
            "",
            "/",
            "/a/b\\c",
            "/a/b c",
            "/a/bé",
        ] {
            assert!(!fits("/a/**", path) && !fits("/**", path), "{path}");
        }
    }

    #[test]
    fn an_id_is_told() {
        let pattern = Pattern::parse("/data/*/User/{id}/password").unwrap();
        assert_eq!(pattern.fit("/data/v1/User/005x/password"), Some(Fit::About("005x")));
        assert_eq!(pattern.fit("/data/v1/User/005x/other"), None);
    }

    #[test]
    fn a_pattern_that_fits_nothing_is_none() {
        for text in ["", "a", "/a//b", "/a/**/b", "/a/b*", "/{id}/{id}", "/{other}", "/a/%20", "/.."] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}

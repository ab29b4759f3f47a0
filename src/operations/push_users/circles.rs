//! Names that go round in a circle. Of a chain one comes free after the other; of a circle none ever does.

use std::collections::HashMap;

use crate::model::{Error, Retry};

/// How the waiting of one person ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Unknown,
    /// It is being followed.
    Followed,
    /// With somebody who waits for nobody.
    Reached,
    /// Never.
    Circle,
}

/// Which of those who wait do so for ever: they are part of a circle, or wait for one. Each is given by its key and that of the
/// person whom it waits for.
pub(super) fn endless(waits: &[(&str, String)]) -> Vec<bool> {
    let places: HashMap<&str, usize> = waits.iter().enumerate().map(|(at, (key, _))| (*key, at)).collect();
    let mut ends = vec![End::Unknown; waits.len()];
    for start in 0..waits.len() {
        let (mut path, mut next) = (Vec::new(), Some(start));
        let end = loop {
            let Some((at, end)) = next.and_then(|at| Some((at, ends.get_mut(at)?))) else { break End::Reached };
            match *end {
                End::Unknown => *end = End::Followed,
                End::Followed => break End::Circle,
                known => break known,
            }
            path.push(at);
            next = waits.get(at).and_then(|(_, holder)| places.get(holder.as_str()).copied());
        };
        for at in path {
            if let Some(slot) = ends.get_mut(at) {
                *slot = end;
            }
        }
    }
    ends.into_iter().map(|end| end == End::Circle).collect()
}

/// Says in the error of somebody who waits that it does so for ever.
pub(super) fn explain(error: &mut Error) {
    error.message.push_str("; but the names go round in a circle, so none of them comes free");
    error.remedy = Some(
        "Give one of these people a name that nobody has, push, and then give it the one that is meant".to_owned(),
    );
    error.retry = Retry::AfterRemedy;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_end_and_circles_and_what_waits_for_them_do_not() {
        let of = |waits: &[(&str, &str)]| {
            let waits: Vec<_> = waits.iter().map(|(key, holder)| (*key, (*holder).to_owned())).collect();
            endless(&waits)
        };
        assert_eq!(of(&[]), Vec::<bool>::new());
        assert_eq!(of(&[("a", "b"), ("b", "c"), ("d", "b")]), [false; 3]);
        assert_eq!(of(&[("a", "b"), ("b", "a")]), [true; 2]);
        assert_eq!(of(&[("x", "y"), ("w", "a"), ("a", "b"), ("b", "c"), ("c", "a")]), [false, true, true, true, true]);
    }
}

//! A terminal that shows ASCII only: places are called by their names, not by titles that it cannot show.

use std::sync::Arc;

use super::canvas::Charset;
use crate::model::fleet::Fleet;
use crate::model::idc::Idc;

/// The Fleet as such a terminal can show it; the same one where nothing in it is beyond the terminal.
pub(super) fn shown_in(charset: Charset, fleet: Arc<Fleet>) -> Arc<Fleet> {
    if charset == Charset::Unicode || fleet.idcs.iter().all(|idc| idc.title.is_ascii()) {
        return fleet;
    }
    // A copy of pointers: rows are shared with the one before.
    let mut plain = Fleet::clone(&fleet);
    for idc in &mut plain.idcs {
        if !idc.title.is_ascii() {
            *idc = Arc::new(Idc { title: Arc::clone(&idc.name), ..Idc::clone(idc) });
        }
    }
    Arc::new(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::fleet;

    #[test]
    fn places_that_cannot_be_shown_are_called_by_their_names() {
        let fleet = Arc::new(fleet());
        assert!(fleet.idcs.iter().any(|idc| !idc.title.is_ascii()));
        assert!(Arc::ptr_eq(&shown_in(Charset::Unicode, Arc::clone(&fleet)), &fleet));
        let plain = shown_in(Charset::Ascii, Arc::clone(&fleet));
        assert!(plain.idcs.iter().all(|idc| idc.title.is_ascii()));
        assert_eq!(plain.hosts.len(), fleet.hosts.len());
        assert!(Arc::ptr_eq(&plain.hosts[0], &fleet.hosts[0]));
    }
}

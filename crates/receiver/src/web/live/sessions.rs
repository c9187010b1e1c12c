use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::Ingest;

/// The broadcasts that may be resumed, by the secret their page made up.
#[derive(Debug, Default)]
pub(in crate::web) struct Sessions {
    all: Mutex<HashMap<String, Weak<Ingest>>>,
}

impl Sessions {
    /// Notes the broadcast of a session.
    pub(super) fn keep(&self, session: &str, ingest: &Arc<Ingest>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, ingest| ingest.strong_count() > 0);
        all.insert(session.to_owned(), Arc::downgrade(ingest));
    }

    /// Makes the session's former connection let go, if it still seems to be there. True if there
    /// was one.
    pub(super) fn release(&self, session: &str) -> bool {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let former = all.get(session).and_then(Weak::upgrade);
        if let Some(ingest) = &former {
            ingest.orphan();
        }
        former.is_some()
    }

    /// The broadcast ended for good; a newer one of the same session stays.
    pub(super) fn forget(&self, session: &str, ended: &Arc<Ingest>) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if all
            .get(session)
            .is_some_and(|kept| kept.ptr_eq(&Arc::downgrade(ended)))
        {
            all.remove(session);
        }
    }
}

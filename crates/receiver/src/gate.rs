use std::collections::BTreeSet;

/// Who may connect.
///
/// Connections that have not said what they want yet are half open, and few: a new one pushes out
/// the oldest, so that a thousand silent ones keep nobody out. Who has been granted something
/// stays, and a full house refuses the next.
#[derive(Debug)]
pub(crate) struct Gate {
    most: usize,
    most_half_open: usize,
    half_open: BTreeSet<u64>,
    granted: usize,
    last: u64,
}

/// What became of somebody at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// In, as this number; the other, if there is one, has to go.
    In {
        number: u64,
        instead_of: Option<u64>,
    },
    /// No room.
    Full,
}

impl Gate {
    pub(crate) const fn new(most: usize, most_half_open: usize) -> Self {
        Self {
            most,
            most_half_open,
            half_open: BTreeSet::new(),
            granted: 0,
            last: 0,
        }
    }

    /// Somebody connects.
    pub(crate) fn admit(&mut self) -> Admission {
        if self.granted >= self.most {
            return Admission::Full;
        }
        let is_crowded = self.half_open.len() >= self.most_half_open
            || self.half_open.len() + self.granted >= self.most;
        let instead_of = if is_crowded {
            self.half_open.pop_first()
        } else {
            None
        };
        self.last += 1;
        self.half_open.insert(self.last);
        Admission::In {
            number: self.last,
            instead_of,
        }
    }

    /// A connection gets what it asked for.
    pub(crate) fn grant(&mut self, number: u64) {
        if self.half_open.remove(&number) {
            self.granted += 1;
        }
    }

    /// A connection is gone.
    pub(crate) fn leave(&mut self, number: u64, was_granted: bool) {
        self.half_open.remove(&number);
        self.granted -= usize::from(was_granted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(admission: Admission) -> u64 {
        match admission {
            Admission::In { number, .. } => number,
            Admission::Full => panic!("full"),
        }
    }

    #[test]
    fn a_thousand_half_open_connections_push_out_each_other_and_nobody_else() {
        let mut gate = Gate::new(10, 4);
        let friend = number(gate.admit());
        gate.grant(friend);
        let mut out = Vec::new();
        for _ in 0..1000 {
            if let Admission::In { instead_of, .. } = gate.admit() {
                out.extend(instead_of);
            }
        }
        assert_eq!(out.len(), 996);
        assert!(!out.contains(&friend));
        let newcomer = number(gate.admit());
        gate.grant(newcomer);
        assert_eq!(gate.granted, 2);
    }

    #[test]
    fn a_full_house_refuses_until_somebody_leaves() {
        let mut gate = Gate::new(2, 2);
        let both = [number(gate.admit()), number(gate.admit())];
        both.iter().for_each(|one| gate.grant(*one));
        assert_eq!(gate.admit(), Admission::Full);
        gate.leave(both[0], true);
        assert!(matches!(gate.admit(), Admission::In { .. }));
    }

    #[test]
    fn one_that_was_pushed_out_frees_no_place_twice() {
        let mut gate = Gate::new(9, 1);
        let first = number(gate.admit());
        let second = gate.admit();
        assert!(matches!(second, Admission::In { instead_of: Some(out), .. } if out == first));
        gate.grant(first);
        gate.leave(first, false);
        assert_eq!((gate.granted, gate.half_open.len()), (0, 1));
    }
}

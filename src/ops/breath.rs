//! Breaks between kernels, in which background work lets somebody else go first.
//!
//! A training step is a row of some thirty kernels. Whoever runs one on a thread of its own can leave
//! something to be called between them; everywhere else nothing is called.

use std::cell::RefCell;
use std::rc::Rc;

type Breath = Rc<dyn Fn()>;

thread_local! {
    static BREATH: RefCell<Option<Breath>> = const { RefCell::new(None) };
}

/// Puts things back when the work is done, also if it panics.
struct Restore(Option<Breath>);

impl Drop for Restore {
    fn drop(&mut self) {
        BREATH.with(|slot| *slot.borrow_mut() = self.0.take());
    }
}

/// Does `work`, calling `breath` between its kernels as far as they are started by this thread.
pub fn with_breath<T>(breath: impl Fn() + 'static, work: impl FnOnce() -> T) -> T {
    let before = BREATH.with(|slot| slot.borrow_mut().replace(Rc::new(breath)));
    let _restore = Restore(before);
    work()
}

/// A place between two kernels.
pub fn breathe() {
    let breath = BREATH.with(|slot| slot.borrow().clone());
    if let Some(breath) = breath {
        breath();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn breath_is_drawn_only_while_it_is_asked_for() {
        breathe();
        let count = Rc::new(Cell::new(0));
        let counter = count.clone();
        let result = with_breath(
            move || counter.set(counter.get() + 1),
            || {
                breathe();
                breathe();
                with_breath(|| {}, breathe);
                breathe();
                7
            },
        );
        breathe();
        assert_eq!((result, count.get()), (7, 3));
    }
}

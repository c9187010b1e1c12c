//! The route of packets out of this phone: `NWPathMonitor`, in its C interface, for which there is
//! no crate. See Apple's `Network/path_monitor.h`, `path.h` and `interface.h`; all available since
//! iOS 12.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;

use block2::{DynBlock, RcBlock};
use dispatch2::DispatchQueue;
use objc2::runtime::{Bool, NSObject};
use onair::director::Path;
use onair_ios_model::Input;

use crate::app::inbox;

/// `nw_path_monitor_t`, an object that is released as any other.
type Monitor = NSObject;
/// `nw_path_t`.
type NwPath = NSObject;
/// `nw_interface_t`.
type Interface = NSObject;

/// `nw_path_status_satisfied`.
const SATISFIED: i32 = 1;

#[link(name = "Network", kind = "framework")]
unsafe extern "C-unwind" {
    fn nw_path_monitor_create() -> Option<NonNull<Monitor>>;
    fn nw_path_monitor_set_queue(monitor: NonNull<Monitor>, queue: &DispatchQueue);
    fn nw_path_monitor_set_update_handler(
        monitor: NonNull<Monitor>,
        handler: &DynBlock<dyn Fn(NonNull<NwPath>)>,
    );
    fn nw_path_monitor_start(monitor: NonNull<Monitor>);
    fn nw_path_get_status(path: NonNull<NwPath>) -> i32;
    fn nw_path_is_expensive(path: NonNull<NwPath>) -> bool;
    fn nw_path_enumerate_interfaces(
        path: NonNull<NwPath>,
        each: &DynBlock<dyn Fn(NonNull<Interface>) -> Bool>,
    );
    fn nw_interface_get_index(interface: NonNull<Interface>) -> u32;
}

/// Posts the state of the network now and whenever it changes, for the life of the process.
pub(crate) fn watch() {
    // SAFETY: takes nothing. The monitor is kept: nobody ever releases it.
    let Some(monitor) = (unsafe { nw_path_monitor_create() }) else {
        return;
    };
    let told = RcBlock::new(|path: NonNull<NwPath>| {
        inbox::post(Input::Network(read(path)));
    });
    // SAFETY: the handler holds nothing, and the monitor copies it.
    unsafe { nw_path_monitor_set_update_handler(monitor, &told) };
    // SAFETY: both live; the queue has to be set before the start.
    unsafe { nw_path_monitor_set_queue(monitor, DispatchQueue::main()) };
    // SAFETY: the monitor lives, and was not started yet.
    unsafe { nw_path_monitor_start(monitor) };
}

fn read(path: NonNull<NwPath>) -> Path {
    Path {
        // SAFETY: the path lives as long as the handler runs.
        is_up: unsafe { nw_path_get_status(path) } == SATISFIED,
        interface: first_interface(path),
        // SAFETY: as above.
        is_expensive: unsafe { nw_path_is_expensive(path) },
    }
}

/// The index of the preferred interface; 0, which none has, if there is none.
fn first_interface(path: NonNull<NwPath>) -> u32 {
    let index = Rc::new(Cell::new(0));
    let found = Rc::clone(&index);
    let each = RcBlock::new(move |interface: NonNull<Interface>| {
        // SAFETY: the interface lives as long as the block runs.
        found.set(unsafe { nw_interface_get_index(interface) });
        Bool::NO
    });
    // SAFETY: the path lives, and the block is called before this returns.
    unsafe { nw_path_enumerate_interfaces(path, &each) };
    index.get()
}

//! Whole broadcasts, over loopback.

#[cfg(test)]
mod adapt;
mod backup;
#[cfg(test)]
mod broadcast;
#[cfg(test)]
mod control;
#[cfg(test)]
mod destinations;
#[cfg(test)]
mod dry;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod handover;
mod hevc;
#[cfg(test)]
#[cfg(not(target_vendor = "apple"))]
mod lip_sync;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod studio;
#[cfg(test)]
mod support;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod trust;

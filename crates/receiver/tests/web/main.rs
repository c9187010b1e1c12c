//! The pages' server over loopback: what a browser sees, and what an attacker does not.

#[cfg(test)]
mod client;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod live;
#[cfg(test)]
mod media;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod viewing;

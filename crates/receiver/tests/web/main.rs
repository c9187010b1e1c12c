//! The pages' server over loopback: for browsers and attackers.

#[cfg(test)]
mod client;
#[cfg(test)]
mod dashboard;
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

//! The crate against real files, small ones, kept in `testdata`.

#[cfg(test)]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod matroska;
#[cfg(test)]
mod repeat;
#[cfg(test)]
mod seams;
#[cfg(test)]
mod survey;

//! Integration tests of the embedded stores.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod group_commit;
#[cfg(test)]
mod persistence;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod roll_back;
#[cfg(test)]
mod support;

//! The name of this host, which says whose build a leftover is.

/// The host's name, as `uname -n` prints it. In a container that is the container's id, so each container counts as a
/// host of its own.
pub fn name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

//! The file system of the database: a write-ahead log needs memory that all its users share, which file systems over a
//! network or into a virtual machine don't provide.

use std::fs::File;

/// Kinds of file system on which SQLite's log was seen to be damaged silently, or readers to see old data, by the
/// number that the kernel has for them (`statfs(2)`).
const SHARED: [(u32, &str); 9] = [
    (0x0000_6969, "NFS"),
    (0x0000_517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE (virtiofs, sshfs and such)"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x786f_4256, "VirtualBox's shared folders"),
];

/// The kind of file system, if it is one of those; also `None` where the kind is unknown.
#[cfg(target_os = "linux")]
pub(super) fn shared_kind(file: &File) -> Option<&'static str> {
    kind(rustix::fs::fstatfs(file).ok()?.f_type as u32)
}

/// See above.
#[cfg(not(target_os = "linux"))]
pub(super) fn shared_kind(_: &File) -> Option<&'static str> {
    None
}

#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn kind(number: u32) -> Option<&'static str> {
    SHARED
        .iter()
        .find(|(known, _)| *known == number)
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_file_systems_are_told_from_a_machines_own() {
        assert_eq!(kind(0x6969), Some("NFS"));
        let (ext4, overlay, tmpfs) = (0xef53, 0x794c_7630, 0x0102_1994);
        assert!(
            [ext4, overlay, tmpfs]
                .into_iter()
                .all(|own| kind(own).is_none())
        );
    }
}

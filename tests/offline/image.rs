//! The Dockerfile's first steps in a folder: no engine for containers is needed to see that cargo finds what they lay there.

use std::path::Path;
use std::process::Command;

/// The layer of the dependencies is made from the manifests and from empty programs. A target that is new in Cargo.toml and
/// has no such program there breaks every image.
#[test]
fn the_layer_of_the_dependencies_has_a_file_for_each_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let dockerfile = std::fs::read_to_string(root.join("Dockerfile")).unwrap();
    let dockerfile = dockerfile.replace("\\\n", " ");
    let mut ran = false;
    for line in dockerfile.lines() {
        if let Some(files) = line.strip_prefix("COPY ") {
            let mut files: Vec<&str> = files.split_whitespace().collect();
            let to = folder.path().join(files.pop().unwrap());
            for file in files {
                copy(&root.join(file), &to);
            }
        } else if let Some(steps) = line.strip_prefix("RUN ") {
            let (steps, _) = steps.split_once("&& cargo build").unwrap();
            let shell = Command::new("sh")
                .args(["-ec", steps])
                .current_dir(&folder)
                .status();
            assert!(shell.unwrap().success(), "{steps}");
            ran = true;
            break;
        }
    }
    assert!(ran, "the Dockerfile has another form");

    // Asked for a program that there is none of, cargo reads everything and builds nothing.
    let cargo = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--offline", "--bin", "none-of-these"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&cargo.stderr);
    assert!(said.contains("no bin target named"), "{said}");
}

/// As COPY does: a file into a folder, or the content of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    if from.is_file() {
        std::fs::copy(from, to.join(from.file_name().unwrap())).unwrap();
        return;
    }
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.path() {
            folder if folder.is_dir() => copy(&folder, &to.join(entry.file_name())),
            file => {
                std::fs::copy(file, to.join(entry.file_name())).unwrap();
            }
        }
    }
}

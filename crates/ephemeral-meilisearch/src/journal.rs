//! What the server must not forget, as lines of a file that only grows.
//!
//! The task queue, the batches and the map from index uids to folders change together: a swap exchanges two names in the
//! map and in the history of tasks, and no reader may see one without the other. So they share one file, and one change
//! is one line. A line that was cut by a kill is not there yet, and is dropped at the next start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::batches::Batch;
use crate::tasks::{Swap, Task, Uid};

/// One change of the server's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Event {
    /// Where counting goes on; written when the file is rewritten, as tasks may have been deleted.
    Counters { next_task: Uid, next_batch: Uid },
    /// A task was accepted.
    Registered(Task),
    /// An index lies in this folder from now on.
    IndexCreated { uid: String, folder: String },
    /// An index is gone.
    IndexDeleted { uid: String },
    /// Names were exchanged, and the tasks before `task` with them. The task itself ends in a line of its own, as in the
    /// real server: a kill between the two runs the swap a second time, which undoes it.
    Swapped { task: Uid, swaps: Vec<Swap> },
    /// A batch and its tasks came to their end.
    Finished { batch: Batch, tasks: Vec<Task> },
    /// These tasks were deleted.
    Forgotten { tasks: Vec<Uid> },
}

/// The file.
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Reads what an earlier server wrote, and opens the file for more.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Event>)> {
        let mut events = Vec::new();
        let mut whole = 0;
        match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(file) => {
                let mut reader = BufReader::new(file);
                let mut line = Vec::new();
                loop {
                    line.clear();
                    let read = reader.read_until(b'\n', &mut line)?;
                    // Without its end the line was cut while it was written: the change has not happened.
                    if read == 0 || line.last() != Some(&b'\n') {
                        break;
                    }
                    events.push(serde_json::from_slice(&line)?);
                    whole += read as u64;
                }
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole)?;
        Ok((
            Self {
                file,
                path: path.to_owned(),
            },
            events,
        ))
    }

    /// Writes one change. When this returns it outlives the process, however that ends, though not a loss of power: waiting
    /// for the disk would be most of what a small task costs, and what is lost then was made to be thrown away.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    /// Puts the shortest list of changes that leads to the same state in the place of the file.
    pub fn rewrite(&mut self, events: impl IntoIterator<Item = Event>) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let mut writer = BufWriter::new(File::create(&new)?);
        for event in events {
            serde_json::to_writer(&mut writer, &event)?;
            writer.write_all(b"\n")?;
        }
        writer.into_inner()?;
        fs::rename(&new, &self.path)?;
        self.file = OpenOptions::new().append(true).open(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_is_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let (mut journal, events) = Journal::open(&path).unwrap();
        assert!(events.is_empty());
        journal
            .write(&Event::IndexCreated {
                uid: "a".into(),
                folder: "1".into(),
            })
            .unwrap();
        journal
            .write(&Event::IndexCreated {
                uid: "b".into(),
                folder: "2".into(),
            })
            .unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();

        let (mut journal, events) = Journal::open(&path).unwrap();
        assert_eq!(events.len(), 1);
        journal
            .write(&Event::IndexDeleted { uid: "a".into() })
            .unwrap();
        assert_eq!(Journal::open(&path).unwrap().1.len(), 2);
    }
}

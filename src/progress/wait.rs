//! How far the server is with what it was sent, in words.

use std::time::Duration;

use crate::figures::{counted, grouped, listed};

/// What a wait looks like at this moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WaitProgress {
    pub enqueued: usize,
    pub processing: usize,
    pub succeeded: usize,
    /// Failed or cancelled.
    pub failed: usize,
    pub unknown: usize,
    /// Of the batch that the server works on, whosever it is: 0 to 100. None before 1.12.
    pub percent: Option<f32>,
    pub step: Option<String>,
    /// What waits in front of our first task, by index; `…` where it belongs to none.
    pub waiting_behind: Vec<(String, usize)>,
    /// How often the server began a task again: it was stopped or killed. After the second time, smaller batches are
    /// worth advising.
    pub restarts: u32,
    /// Since when the server hasn't answered.
    pub silent_for: Option<Duration>,
}

impl WaitProgress {
    /// How far a bar is, of 100.
    pub(super) fn part_done(&self) -> u64 {
        match self.percent {
            _ if self.open() == 0 => 100,
            Some(percent) => percent.round() as u64,
            None => 0,
        }
    }

    /// The most that can be said in this many columns.
    pub(super) fn in_words(&self, columns: usize) -> String {
        let mut forms = self.forms();
        let fits = |form: &String| console::measure_text_width(form) <= columns;
        let place = forms.iter().position(fits);
        // A terminal that is too narrow for the shortest cuts it.
        forms.swap_remove(place.unwrap_or(forms.len() - 1))
    }

    /// What is going on, from the longest form to the shortest.
    fn forms(&self) -> Vec<String> {
        let tasks = self.tasks();
        if let Some(silent) = self.silent_for {
            let silent = format!("no answer for {} s", silent.as_secs());
            return vec![format!("{silent}; {tasks}"), silent];
        }
        if self.open() == 0 {
            return vec![tasks];
        }
        if let Some(percent) = self.percent {
            let percent = format!("{percent:.0} %");
            let Some(step) = &self.step else {
                return vec![format!("{percent}; {tasks}"), percent];
            };
            let action = step.split(':').next().unwrap_or(step);
            return vec![
                format!("{percent}, {step}; {tasks}"),
                format!("{percent}, {step}"),
                format!("{percent}, {action}"),
                percent,
            ];
        }
        if self.processing > 0 {
            return vec![tasks];
        }
        let others = self.waiting_behind.iter();
        let others = listed(others.map(|(index, tasks)| format!("{tasks} of {index}")));
        if others.is_empty() {
            return vec![tasks];
        }
        let count: usize = self.waiting_behind.iter().map(|(_, tasks)| tasks).sum();
        let count = counted(count as u64, "other task", "other tasks");
        vec![
            format!("{tasks}, behind {count}: {others}"),
            format!("{tasks}, behind {count}"),
            tasks,
        ]
    }

    fn open(&self) -> usize {
        self.enqueued + self.processing
    }

    fn tasks(&self) -> String {
        let all = self.open() + self.succeeded + self.failed + self.unknown;
        let all = counted(all as u64, "task", "tasks");
        match self.open() as u64 {
            0 => format!("{all} ended"),
            open => format!("waiting for {} of {all}", grouped(open)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_as_much_as_there_is_room_for() {
        let wait = WaitProgress {
            processing: 1,
            enqueued: 1,
            succeeded: 1,
            percent: Some(45.4),
            step: Some("extracting words: 3,100 of 5,208 documents".into()),
            ..WaitProgress::default()
        };
        let said = [100, 52, 30, 10, 2].map(|columns| wait.in_words(columns));
        let expected = [
            "45 %, extracting words: 3,100 of 5,208 documents; waiting for 2 of 3 tasks",
            "45 %, extracting words: 3,100 of 5,208 documents",
            "45 %, extracting words",
            "45 %",
            "45 %",
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn without_a_batch_of_ours_it_says_what_is_waited_for() {
        let waiting = WaitProgress {
            enqueued: 2,
            ..WaitProgress::default()
        };
        assert_eq!(waiting.in_words(52), "waiting for 2 of 2 tasks");
        let behind = WaitProgress {
            waiting_behind: vec![("products".into(), 3), ("…".into(), 1)],
            ..waiting.clone()
        };
        let whole = "waiting for 2 of 2 tasks, behind 4 other tasks: 3 of products, 1 of …";
        assert_eq!(behind.in_words(100), whole);
        assert_eq!(
            behind.in_words(52),
            "waiting for 2 of 2 tasks, behind 4 other tasks"
        );
        let silent = WaitProgress {
            silent_for: Some(Duration::from_secs(12)),
            ..waiting
        };
        let whole = "no answer for 12 s; waiting for 2 of 2 tasks";
        assert_eq!(silent.in_words(52), whole);
        let ended = WaitProgress {
            succeeded: 3,
            ..WaitProgress::default()
        };
        assert_eq!(
            (ended.in_words(52), ended.part_done()),
            ("3 tasks ended".into(), 100)
        );
    }
}

//! How long reads of whole tables may take, where an answer now is worth more than a complete one.

use std::time::{Duration, Instant};

/// The time that some reads may take together.
#[derive(Debug)]
pub struct TimeLimit {
    /// What is left of it; `None` where there is no limit.
    left: Option<Duration>,
}

impl TimeLimit {
    /// No limit at all.
    pub fn none() -> Self {
        Self { left: None }
    }

    /// So long, for all reads together.
    pub fn of(limit: Duration) -> Self {
        Self { left: Some(limit) }
    }

    /// What `read` returns; `None` where the time is over before it has ended. SQLite computes nothing more for it then.
    ///
    /// # Errors
    /// Those of the read.
    pub async fn within<T, E>(
        &mut self,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Option<T>, E> {
        let Some(left) = self.left else {
            return read.await.map(Some);
        };
        let begun = Instant::now();
        let ended = tokio::time::timeout(left, read).await;
        self.left = Some(left.saturating_sub(begun.elapsed()));
        ended.ok().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::DatabaseError;
    use crate::sqlite::testing::Scene;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

    #[tokio::test]
    async fn a_read_that_takes_too_long_is_stopped_and_the_next_one_runs() {
        let scene = Scene::new("CREATE TABLE notes (id); INSERT INTO notes VALUES (1), (2);");
        let mut connection = scene.database().connect().await.unwrap();
        let mut snapshot = connection.snapshot().await.unwrap();
        let mut limit = TimeLimit::of(Duration::from_millis(50));
        assert_eq!(limit.within(snapshot.count(ENDLESS)).await.unwrap(), None);
        assert_eq!(limit.left, Some(Duration::ZERO));
        let mut limit = TimeLimit::none();
        let count = limit.within(snapshot.count("SELECT id FROM notes"));
        assert_eq!(count.await.unwrap(), Some(2));
    }

    #[tokio::test]
    async fn the_error_of_a_read_is_its_own() {
        let mut limit = TimeLimit::of(Duration::from_secs(60));
        let read = std::future::ready(Err::<(), _>(DatabaseError::Arguments {
            expected: 1,
            given: 2,
        }));
        assert!(limit.within(read).await.is_err());
    }
}

//! Complete lists.
//!
//! A list that is read in pages can miss an entry: while the first index is deleted, another one moves from the second
//! page to the first, and is seen on neither. A missing index would be treated as deleted, and its record would be
//! deleted too. So a list is trusted if it came in one answer; if a server insists on pages, if two readings gave the
//! same list.

use std::collections::BTreeMap;

use futures::future::BoxFuture;

use crate::meilisearch::error::MeilisearchError;

/// Items of the first page. Meilisearch knows no bound.
const AT_ONCE: u64 = 1_000;

/// How often a list that changes is requested.
const LISTINGS: u32 = 6;

/// One page, and how many items the server counts.
pub(super) type Page<T> = (Vec<T>, u64);

/// All items, in the order of their keys.
pub(crate) async fn whole<'a, T, K: Ord>(
    what: &'static str,
    key: impl Fn(&T) -> K,
    page: impl Fn(u64, u64) -> BoxFuture<'a, Result<Page<T>, MeilisearchError>>,
) -> Result<Vec<T>, MeilisearchError> {
    let mut limit = AT_ONCE;
    let mut before: Option<BTreeMap<K, T>> = None;
    for _ in 0..LISTINGS {
        let (first, total) = page(0, limit).await?;
        let in_one = first.len() as u64 >= total;
        let mut offset = first.len() as u64;
        let mut all: BTreeMap<K, T> = first.into_iter().map(|item| (key(&item), item)).collect();
        let mut counted = total;
        while !in_one && offset < counted {
            let (more, now) = page(offset, limit).await?;
            if more.is_empty() {
                break;
            }
            offset += more.len() as u64;
            counted = now;
            all.extend(more.into_iter().map(|item| (key(&item), item)));
        }
        let as_before = |before: &BTreeMap<K, T>| before.keys().eq(all.keys());
        let is_whole =
            in_one || (all.len() as u64 == counted && before.as_ref().is_some_and(as_before));
        if is_whole {
            return Ok(all.into_values().collect());
        }
        before = Some(all);
        // Room for what is made meanwhile.
        limit = counted.max(limit) + AT_ONCE;
    }
    Err(MeilisearchError::IncompleteList {
        what,
        times: LISTINGS,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::testing::assert_form;

    /// A list that somebody changes after so many pages, on a server that gives at most `most` items a page.
    async fn listed(
        most: usize,
        change: impl Fn(usize, &mut Vec<u32>) + Send + Sync,
    ) -> Result<Vec<u32>, MeilisearchError> {
        let there = Mutex::new(((1..=250).collect::<Vec<u32>>(), 0));
        whole(
            "numbers",
            |item| *item,
            |offset, limit| {
                let mut there = there.lock().unwrap();
                there.1 += 1;
                let pages = there.1;
                change(pages, &mut there.0);
                let limit = most.min(limit as usize);
                let items = there.0.iter().skip(offset as usize).take(limit);
                let page = (items.copied().collect(), there.0.len() as u64);
                Box::pin(async move { Ok(page) })
            },
        )
        .await
    }

    #[tokio::test]
    async fn what_moves_to_a_page_that_has_been_read_is_not_left_out() {
        let all = listed(100, |pages, there| {
            if pages == 2 {
                there.remove(0);
            }
        })
        .await
        .unwrap();
        assert_eq!(all, (2..=250).collect::<Vec<u32>>());
        // Another one in its place keeps the count.
        let all = listed(100, |pages, there| {
            if pages == 2 {
                there.remove(0);
                there.push(251);
            }
        })
        .await
        .unwrap();
        assert_eq!(all, (2..=251).collect::<Vec<u32>>());
    }

    #[tokio::test]
    async fn a_list_that_never_rests_is_an_error() {
        let error = listed(100, |_, there| {
            there.remove(0);
        })
        .await
        .unwrap_err();
        assert_form!(error, MeilisearchError::IncompleteList { .. });
    }
}

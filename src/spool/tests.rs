use std::os::unix::fs::MetadataExt;

use futures::StreamExt;
use proptest::prelude::*;

use super::*;
use crate::sqlite::testing::listing;

/// A document whose line has `length` bytes at least.
fn line(id: usize, length: usize) -> Vec<u8> {
    let mut line = format!("{{\"id\":{id},\"t\":\"غ").into_bytes();
    line.resize(line.len().max(length.saturating_sub(3)), b'x');
    line.extend_from_slice(b"\"}\n");
    line
}

async fn sent(body: SpoolBody) -> Vec<u8> {
    let length = body.len();
    let chunks: Vec<Bytes> = body.map(std::result::Result::unwrap).collect().await;
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk.len() <= CHUNK && !chunk.is_empty())
    );
    let whole = chunks.concat();
    assert_eq!(whole.len() as u64, length);
    whole
}

/// Spools lines of these lengths, and returns the batches and everything that was written.
fn spooled(writer: &mut SpoolWriter, lengths: &[usize], limit: u64) -> (Vec<Batch>, Vec<u8>) {
    let (mut batches, mut written) = (Vec::new(), Vec::new());
    for (id, length) in lengths.iter().enumerate() {
        let line = line(id, *length);
        batches.extend(writer.push(&line, &id.to_string(), limit).unwrap());
        written.extend(line);
    }
    batches.extend(writer.finish().unwrap());
    (batches, written)
}

#[tokio::test]
async fn a_batch_can_be_read_as_soon_as_it_is_announced_and_as_often_as_needed() {
    let (mut writer, spool) = Spool::create(None).unwrap();
    let first = line(1, 100);
    assert_eq!(writer.push(&first, "1", 150).unwrap(), None);
    let batch = writer.push(&line(2, 100), "2", 150).unwrap().unwrap();
    assert_eq!(
        (batch.number, batch.documents, batch.bytes),
        (1, 1, first.len() as u64)
    );
    assert_eq!(
        (batch.first_id.as_str(), batch.last_id.as_str()),
        ("1", "1")
    );

    let mut body = spool.body(&batch);
    let halfway = body.next().await.unwrap().unwrap();
    assert_eq!(halfway, first);
    assert_eq!(
        sent(body.clone()).await,
        first,
        "a clone begins at the beginning"
    );
    assert!(body.next().await.is_none());
    assert_eq!(sent(spool.body(&batch)).await, first);
}

#[tokio::test]
async fn batches_are_numbered_by_index() {
    let (mut writer, spool) = Spool::create(None).unwrap();
    assert_eq!(writer.begin_index(3).unwrap(), None);
    writer.push(&line(1, 10), "1", 1000).unwrap();
    let last = writer.begin_index(4).unwrap().unwrap();
    writer.push(&line(2, 10), "2", 1000).unwrap();
    assert_eq!((last.index, last.number, last.documents), (3, 1, 1));
    let batch = writer.finish().unwrap().unwrap();
    assert_eq!(
        (batch.index, batch.number, batch.offset),
        (4, 1, last.bytes)
    );
    assert_eq!(sent(spool.body(&batch)).await, line(2, 10));
    assert_eq!(writer.finish().unwrap(), None);
    assert_eq!(writer.written, last.bytes + batch.bytes);
}

#[tokio::test]
async fn a_line_longer_than_the_limit_is_a_batch_of_its_own() {
    let (mut writer, spool) = Spool::create(None).unwrap();
    let (batches, written) = spooled(&mut writer, &[20, 2 * CHUNK + 7, 20, 20], 100);
    let documents: Vec<u64> = batches.iter().map(|batch| batch.documents).collect();
    assert_eq!(documents, [1, 1, 2]);
    assert!(batches[1].bytes > 100);
    assert_eq!(
        spool.split(&batches[1], 50).unwrap(),
        [batches[1].clone()],
        "there is nothing to cut"
    );
    let mut read = Vec::new();
    for batch in &batches {
        read.extend(sent(spool.body(batch)).await);
    }
    assert!(read == written);
}

#[test]
fn nothing_lies_in_the_folder_and_only_the_owner_could_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut writer, spool) = Spool::create(Some(folder.path())).unwrap();
    writer.push(&line(1, 10), "1", 1000).unwrap();
    writer.finish().unwrap();
    assert_eq!(listing(folder.path()), Vec::<String>::new());
    let metadata = spool.file.metadata().unwrap();
    assert_eq!(
        (metadata.permissions().mode() & 0o777, metadata.nlink()),
        (0o600, 0)
    );
}

#[test]
fn a_full_disk_is_named_with_what_to_do() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (mut writer, _) = Spool::over(full, PathBuf::from("/some/tmp"));
    writer.push(&line(1, 10), "1", 1000).unwrap();
    let error = writer.finish().unwrap_err();
    assert_eq!(error.0.kind(), ErrorKind::StorageFull);
    let text = error.to_string();
    assert!(
        text.contains("/some/tmp") && text.contains("TMPDIR"),
        "{text}"
    );

    let missing = Spool::create(Some(Path::new("/nowhere/at/all"))).unwrap_err();
    assert!(missing.to_string().contains("TMPDIR"), "{missing}");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_an_error_and_then_over() {
    let (mut writer, spool) = Spool::create(None).unwrap();
    writer.push(&line(1, 10), "1", 1000).unwrap();
    let mut batch = writer.finish().unwrap().unwrap();
    batch.bytes += 1;
    let mut body = spool.body(&batch);
    assert_eq!(
        body.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    assert!(body.next().await.is_none());
}

#[test]
fn a_released_batch_takes_no_room_and_leaves_its_neighbours_alone() {
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let (mut writer, spool) = Spool::create(Some(folder.path())).unwrap();
    let (batches, written) = spooled(&mut writer, &[500_000, 500_000, 500_000], 600_000);
    let before = spool.file.metadata().unwrap();
    spool.release(&batches[1]);
    let after = spool.file.metadata().unwrap();
    assert_eq!(before.len(), after.len());
    assert!(after.blocks() <= before.blocks());
    for batch in [&batches[0], &batches[2]] {
        let mut bytes = vec![0; batch.bytes as usize];
        spool.read_at(&mut bytes, batch.offset).unwrap();
        assert!(bytes == written[batch.offset as usize..][..bytes.len()]);
    }
}

#[test]
fn ids_of_every_kind_are_read_from_a_line() {
    let (mut writer, spool) = Spool::create(None).unwrap();
    for (line, id) in [
        ("{\"id\":-5,\"a\":1}\n", "-5"),
        ("{\"id\":\"a-b_c\"}\n", "a-b_c"),
        ("{\"id\":7}\n", "7"),
    ] {
        writer.push(line.as_bytes(), id, 1000).unwrap();
    }
    let batch = writer.finish().unwrap().unwrap();
    let ids: Vec<String> = spool
        .split(&batch, 1)
        .unwrap()
        .into_iter()
        .map(|piece| piece.first_id)
        .collect();
    assert_eq!(ids, ["-5", "a-b_c", "7"]);
}

#[test]
fn a_body_can_be_handed_to_any_task() {
    fn any_task<T: Send + Sync + Unpin + 'static>() {}
    any_task::<SpoolBody>();
    any_task::<SpoolWriter>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn batches_hold_every_line_once_in_order_and_within_bounds(
        lengths in prop::collection::vec(prop_oneof![8 => 0usize..300, 1 => 0usize..2 * CHUNK], 0..60),
        limit in 1u64..4000,
        smaller in 1u64..2000,
    ) {
        let (mut writer, spool) = Spool::create(None).unwrap();
        let (batches, written) = spooled(&mut writer, &lengths, limit);
        let mut pieces = Vec::new();
        for (number, batch) in batches.iter().enumerate() {
            prop_assert_eq!(batch.number as usize, number + 1);
            prop_assert!(batch.bytes <= limit || batch.documents == 1);
            let split = spool.split(batch, smaller).unwrap();
            prop_assert_eq!(split.iter().map(|piece| piece.documents).sum::<u64>(), batch.documents);
            prop_assert!(split.iter().all(|piece| piece.bytes <= smaller || piece.documents == 1));
            prop_assert_eq!(&split[0].first_id, &batch.first_id);
            prop_assert_eq!(&split[split.len() - 1].last_id, &batch.last_id);
            prop_assert_eq!(spool.split(batch, batch.bytes).unwrap(), [batch.clone()]);
            pieces.extend(split);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for parts in [&batches, &pieces] {
            let mut read = Vec::new();
            for part in parts {
                read.extend(runtime.block_on(sent(spool.body(part))));
            }
            prop_assert!(read == written);
        }
    }
}

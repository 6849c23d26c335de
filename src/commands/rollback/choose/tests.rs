use super::*;

/// A server of indexes and records, built up as runs would.
#[derive(Clone, Default)]
pub struct World {
    indexes: Vec<IndexInfo>,
    records: Vec<Record>,
}

fn at(hour: u32) -> String {
    format!("2026-11-24T{hour:02}:00:00.5Z")
}

impl World {
    /// Run number `run` built `live_uid`, and it lies under `uid` now.
    pub fn generation(mut self, live_uid: &str, run: u32, uid: &str) -> World {
        let begun_at = format!("2026-11-24T{run:02}:00:00Z").parse().unwrap();
        let build_uid = format!("{live_uid}_20261124T{run:02}0000Z");
        let mut record = Record::begin(live_uid, &build_uid, "", "host", begun_at);
        record.created_at = Some(at(run));
        record.complete = true;
        self.records.push(record);
        self.indexes.push(IndexInfo {
            uid: uid.to_owned(),
            created_at: at(run),
            updated_at: at(run),
            primary_key: Some("id".to_owned()),
        });
        self
    }

    pub fn last(mut self, change: impl Fn(&mut Record)) -> World {
        change(self.records.last_mut().unwrap());
        self
    }

    /// What there is of these.
    pub fn indexes(&self, live_uids: &[&str]) -> Vec<Index> {
        let index = |live_uid: &&str| Index {
            live_uid: (*live_uid).to_owned(),
            generations: Generations::of(live_uid, &self.indexes, &self.records),
        };
        live_uids.iter().map(index).collect()
    }

    fn choose(&self, to: Option<&str>) -> Result<Vec<String>, NoSuchGeneration> {
        let turns = choose(&self.indexes(&["articles", "authors"]), to)?;
        Ok(turns
            .into_iter()
            .map(|turn| match turn {
                Turn::Back(generation) => generation.index.uid,
                Turn::LiveAlready => "live already".to_owned(),
                Turn::None => "none".to_owned(),
            })
            .collect())
    }
}

/// Two runs of both indexes: the second is live, the first lies where the second was built.
fn two_runs() -> World {
    World::default()
        .generation("articles", 1, "articles_20261124T020000Z")
        .generation("authors", 1, "authors_20261124T020000Z")
        .generation("articles", 2, "articles")
        .generation("authors", 2, "authors")
}

#[test]
fn all_indexes_of_the_run_before_go_back_together() {
    let expected = ["articles_20261124T020000Z", "authors_20261124T020000Z"];
    assert_eq!(two_runs().choose(None).unwrap(), expected);
    for to in [
        expected[1],
        &at(1),
        "2026-11-24T01:00:00Z",
        "2026-11-24 01:00:00Z",
    ] {
        assert_eq!(two_runs().choose(Some(to)).unwrap(), expected, "{to}");
    }
}

#[test]
fn rolled_back_twice_is_forward_again() {
    let rolled_back = World::default()
        .generation("articles", 0, "articles_20261124T010000Z")
        .generation("articles", 1, "articles")
        .last(|record| record.came_from = Some("articles_20261124T020000Z".to_owned()))
        .generation("articles", 2, "articles_20261124T020000Z")
        .last(|record| record.was_live = true);
    let chosen = rolled_back.choose(None).unwrap();
    assert_eq!(chosen, ["articles_20261124T020000Z", "none"]);
}

#[test]
fn what_was_rolled_back_from_is_not_gone_back_to() {
    // 2 was bad, 1 was live again, then 3 was built and took its place.
    let world = World::default()
        .generation("articles", 1, "articles_20261124T030000Z")
        .generation("articles", 2, "articles_20261124T020000Z")
        .last(|record| record.was_live = true)
        .generation("articles", 3, "articles");
    assert_eq!(world.choose(None).unwrap()[0], "articles_20261124T030000Z");
}

#[test]
fn an_index_that_the_later_run_did_not_build_stays() {
    let world = World::default()
        .generation("articles", 1, "articles_20261124T020000Z")
        .generation("articles", 2, "articles")
        .generation("authors", 1, "authors");
    assert_eq!(
        world.choose(None).unwrap(),
        ["articles_20261124T020000Z", "live already"]
    );
}

#[test]
fn a_build_that_never_was_live_is_only_taken_when_asked_for() {
    let never = "articles_20261124T030000Z";
    let world = two_runs().generation("articles", 3, never);
    assert_eq!(world.choose(None).unwrap()[0], "articles_20261124T020000Z");
    assert_eq!(world.choose(Some(never)).unwrap(), [never, "none"]);
    let alone = World::default()
        .generation("articles", 2, "articles")
        .generation("articles", 3, never);
    let refused = alone.choose(None).unwrap_err();
    assert_eq!(
        refused,
        NoSuchGeneration::NeverLive {
            uid: never.to_owned()
        }
    );
}

#[test]
fn what_cannot_be_rolled_back_to_is_told_apart() {
    let world = two_runs()
        .generation("articles", 4, "articles_20261124T040000Z")
        .last(|record| record.complete = false);
    let mut world = world.generation("articles", 5, "gone");
    world.indexes.retain(|index| index.uid != "gone");
    let refused = |to: &str| world.choose(Some(to)).unwrap_err();
    let to = |text: &str| text.to_owned();
    assert_eq!(
        refused("articles"),
        NoSuchGeneration::Live { to: to("articles") }
    );
    assert_eq!(refused(&at(2)), NoSuchGeneration::Live { to: at(2) });
    assert_eq!(
        refused("articles_20261124T040000Z"),
        NoSuchGeneration::Unfinished {
            to: to("articles_20261124T040000Z")
        }
    );
    assert_eq!(refused(&at(5)), NoSuchGeneration::Deleted { to: at(5) });
    assert_eq!(
        refused("articles_x"),
        NoSuchGeneration::Unknown {
            to: to("articles_x")
        }
    );
    assert_eq!(
        World::default().choose(None).unwrap_err(),
        NoSuchGeneration::Nothing
    );
}

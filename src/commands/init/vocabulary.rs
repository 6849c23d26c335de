//! What names of tables and columns mean: every list of words that `init` goes by, and nothing else. So it is one file,
//! however long the lists are.
//!
//! Names are compared as [`Words`], so that one entry stands for each spelling: `last modified` is `lastModified`,
//! `last_modified` and `LASTMODIFIED`. What a column holds is looked at as well (`sample.rs`): a name alone decides
//! only where being wrong would publish a secret.

use super::words::Words;

/// Tables that frameworks, their libraries and SQLite's own tools keep, as whole names in words.
#[rustfmt::skip]
const MACHINERY: &[&str] = &[
    // Migrations: Rails, Phoenix, Laravel, Knex, Prisma, Sequelize, TypeORM, Drizzle, Alembic, Flyway, Liquibase, Entity
    // Framework, Diesel, sqlx, SeaORM, refinery, goose, gorp, atlas, bun, Django's South, D1.
    "schema migrations", "ar internal metadata", "data migrations", "migrations", "migration", "knex migrations",
    "knex migrations lock", "prisma migrations", "sequelize meta", "sequelize data", "typeorm metadata",
    "drizzle migrations", "alembic version", "flyway schema history", "databasechangelog", "databasechangeloglock",
    "ef migrations history", "diesel schema migrations", "sqlx migrations", "seaql migrations",
    "refinery schema history", "goose db version", "gorp migrations", "atlas schema revisions", "bun migrations",
    "bun migration locks", "south migrationhistory", "d1 migrations", "hibernate sequence", "hibernate sequences",
    "revinfo",
    // Jobs, queues, caches, telemetry.
    "delayed jobs", "failed jobs", "job batches", "oban jobs", "oban peers", "cache", "cache locks",
    "cache entries", "semaphore", "watchdog", "activity log", "audits", "ahoy visits", "ahoy events",
    "celery taskmeta", "search log",
    // Who may what, and who is logged in.
    "sessions", "session", "verification token", "verification tokens", "password resets", "password reset tokens",
    "personal access tokens", "users tokens", "persistent logins", "oauth client details", "permissions",
    "role has permissions", "model has roles", "model has permissions", "api keys", "refresh tokens",
    "access tokens", "identities", "authenticators", "passkeys",
    // Of libraries and tools.
    "friendly id slugs", "versions", "litestream seq", "litestream lock", "android metadata", "room master table",
    "spatial ref sys", "geometry columns", "z metadata", "z primarykey", "bisan changes",
];

/// And how the names of others begin, as written.
#[rustfmt::skip]
const MACHINERY_FAMILIES: &[&str] = &[
    // Rails and its libraries.
    "active_storage_", "action_mailbox_", "action_text_", "solid_", "good_job", "flipper_", "blazer_", "pghero_",
    "oauth_", "noticed_",
    // Django and its libraries.
    "django_", "auth_", "authtoken_", "account_email", "socialaccount_", "oauth2_provider_", "otp_", "axes_",
    "silk_", "token_blacklist_", "reversion_", "easy_thumbnails_",
    // Laravel.
    "telescope_", "pulse_", "websockets_statistics",
    // Spring.
    "spring_session", "batch_job_", "batch_step_", "qrtz_",
    // .NET, Directus, PocketBase, Cloudflare, GeoPackage, SpatiaLite, Turso.
    "aspnet", "directus_", "_cf_", "gpkg_", "rtree_", "spatialite_", "geometry_columns_", "libsql_", "_superusers",
];

/// Names that are a machine's or a person's, as the columns show: jobs to be done, or jobs that are advertised.
#[rustfmt::skip]
const PERHAPS_MACHINERY: &[&str] = &[
    "job", "queue", "message", "notification", "event", "task", "lock", "outbox", "inbox", "webhook",
];

/// The columns of a machine's.
#[rustfmt::skip]
const OF_MACHINES: &[&str] = &[
    "payload", "attempts", "queue", "reserved at", "available at", "locked at", "locked by", "run at", "retries",
    "max attempts", "processed at", "exception", "user agent", "notifiable id", "finished at", "scheduled at",
];

/// What happened, a row each time; nobody looks for one of them by its words.
#[rustfmt::skip]
const LOGS: &[&str] = &[
    "log", "logs", "logging", "history", "histories", "audit", "auditlog", "revision", "revisions", "visit",
    "visits", "click", "clicks", "hit", "hits", "impression", "impressions", "pageview", "pageviews", "telemetry",
    "metric", "metrics", "statistic", "statistics", "trace", "traces", "span", "spans", "changelog", "counter",
    "counters", "entries_log",
];

/// Settings of the application itself, a row each.
#[rustfmt::skip]
const OPTIONS: &[&str] = &[
    "setting", "settings", "option", "options", "config", "configuration", "configurations", "preference",
    "preferences", "meta", "metadata", "properties",
];

/// Things of which there are few, that others are sorted by.
#[rustfmt::skip]
const LOOKUPS: &[&str] = &[
    "category", "type", "status", "genre", "country", "language", "currency", "region", "tag", "role", "unit",
    "color", "size", "state", "kind", "group", "level", "priority", "label", "topic", "format", "department",
    "section", "source",
];

/// What hides in a name, wherever it stands and however it is joined.
#[rustfmt::skip]
const SECRETS: &[&str] = &[
    "password", "passwd", "passphrase", "passcode", "secret", "apikey", "privatekey", "accesskey", "encryptionkey",
    "signingkey", "encrypted", "ciphertext", "credential", "authkey", "recoverycode", "backupcode",
    "securityanswer", "sessionid", "sessionkey", "csrf", "sshkey", "cardnumber", "creditcard", "accountnumber",
    "routingnumber", "bankaccount", "webhookurl", "privkey", "mnemonic", "seedphrase",
];

/// Secrets, as whole words.
#[rustfmt::skip]
const SECRET_WORDS: &[&str] = &[
    "token", "tokens", "otp", "totp", "hotp", "pwd", "salt", "pin", "cvv", "cvc", "pepper", "nonce", "jwt", "oauth",
    "kennwort", "passwort", "contraseña", "contrasena", "senha", "motdepasse", "пароль", "密码", "パスワード", "المرور",
];

/// Numbers of persons, as whole words.
#[rustfmt::skip]
const PERSONS_NUMBERS: &[&str] = &[
    "ssn", "iban", "bic", "nino", "cpf", "curp", "rfc", "bsn", "pesel", "aadhaar", "aadhar", "dni", "nif", "nie",
    "oib", "jmbg", "cnp", "sin", "tfn", "itin", "tckn", "passport",
];

/// And as words in a row.
#[rustfmt::skip]
const PERSONS_NUMBERS_LONG: &[&str] = &[
    "social security", "national id", "identity number", "tax id", "tax number", "driver license",
    "drivers license", "license number", "id card", "sort code",
];

/// Where somebody was when he wrote: words before `ip`.
#[rustfmt::skip]
const WHOSE_MACHINE: &[&str] = &[
    "in", "login", "author", "user", "client", "remote", "visitor", "request", "signup",
];

/// What follows a secret's word where it is only about one: how many tokens, until when.
#[rustfmt::skip]
const ABOUT_A_SECRET: &[&str] = &[
    "count", "counts", "limit", "total", "budget", "usage", "used", "type", "at", "on", "until", "expires",
    "expiry", "length",
];

/// What a row is called, the best first, as whole names.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "name", "title", "headline", "subject", "full name", "display name", "label", "heading", "caption", "username",
    "nickname", "term", "word", "lemma", "phrase", "question", "first name", "last name", "given name",
    "family name", "surname", "company", "organization", "brand", "nombre", "titulo", "título", "nom", "titre",
    "titel", "bezeichnung", "nome", "titolo", "naam", "navn", "namn", "название", "اسم", "الاسم", "العنوان",
];

/// What a name ends with that says what a row is called.
#[rustfmt::skip]
const NAME_ENDINGS: &[&str] = &[
    "name", "title", "headline", "subject", "label", "surname", "titel", "titre", "nombre", "titulo", "nom", "اسم",
    "عنوان",
];

/// Names of something else than what the row is.
#[rustfmt::skip]
const TECHNICAL_NAMES: &[&str] = &[
    "file", "host", "table", "class", "column", "path", "template", "model", "domain", "server", "queue", "job",
    "method", "function", "variable", "key",
];

/// Before `title`: what somebody does, and not what he is called.
#[rustfmt::skip]
const POSTS: &[&str] = &[
    "contact", "job", "position", "professional", "employee", "staff", "work",
];

/// What is written to be read.
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "body", "text", "content", "contents", "description", "summary", "abstract", "excerpt", "bio", "biography",
    "note", "notes", "comment", "comments", "message", "details", "plot", "synopsis", "lyrics", "answer", "article",
    "about", "remarks", "review", "instructions", "definition", "meaning", "translation", "transcript", "story",
];

/// What is found by itself, or not at all: the parts of its words mean nothing.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "url", "uri", "href", "link", "website", "homepage", "permalink", "image", "img", "photo", "picture", "avatar",
    "thumbnail", "thumb", "icon", "logo", "cover", "file", "filename", "path", "folder", "attachment", "phone",
    "telephone", "tel", "fax", "mobile", "cell", "whatsapp", "email", "mail", "hash", "checksum", "digest", "md5",
    "sha1", "sha256", "etag", "uuid", "guid", "slug", "zip", "zipcode", "postal", "postcode", "postalcode", "isbn",
    "issn", "ean", "upc", "gtin", "sku", "barcode", "code", "iso", "mime", "ip", "hex", "rgb", "signature",
    "timezone", "emoji", "emojiu", "reference",
];

/// What people narrow a search by.
#[rustfmt::skip]
const CHOICES: &[&str] = &[
    "lang", "language", "locale", "category", "status", "state", "type", "kind", "section", "genre", "format",
    "level", "role", "gender", "sex", "currency", "color", "colour", "size", "brand", "department", "priority",
    "rating", "grade", "class", "group", "visibility", "difficulty", "condition", "material", "season", "license",
    "topic", "mode", "stage", "tier",
];

/// Where something is: people search by it, and narrow by it.
#[rustfmt::skip]
const PLACES: &[&str] = &[
    "country", "city", "town", "region", "province", "county", "district", "continent", "village", "place",
    "location", "neighborhood", "neighbourhood", "land", "ort",
];

/// Several words in one text, with commas.
#[rustfmt::skip]
const LISTS: &[&str] = &[
    "tags", "keywords", "labels", "categories", "genres", "topics", "ingredients", "features", "skills",
    "languages", "subjects", "hashtags",
];

/// When a row changed, the best first, in words. `*` stands for any words before.
#[rustfmt::skip]
const CHANGED: &[&str] = &[
    "updated at", "modified at", "changed at", "edited at", "last modified at", "last updated at", "last modified",
    "last updated", "last update", "last edited", "last changed", "last modification", "updated on", "modified on",
    "changed on", "edited on", "date modified", "date updated", "date changed", "modified date", "updated date",
    "update date", "last modified date", "update time", "updated time", "modified time", "modification time",
    "modification date", "time modified", "time updated", "mtime", "updated", "modified", "changed", "edited",
    "updated ts", "modified ts", "updated timestamp", "update timestamp", "timestamp modified", "timemodified",
    "mod", "zmodificationdate", "rev time",
];

/// When it was made, in words: for rows that never changed.
#[rustfmt::skip]
const MADE: &[&str] = &[
    "created at", "created on", "created", "inserted at", "added at", "date created", "date added", "created date",
    "create date", "create time", "created time", "creation date", "creation time", "ctime",
];

/// A time, by the last word of a name.
#[rustfmt::skip]
const TIMES: &[&str] = &[
    "at", "on", "date", "time", "datetime", "timestamp", "ts", "day", "when", "until", "since", "created",
    "updated", "modified", "changed", "published", "deleted", "edited",
];

/// A truth, by a name's first word.
const TRUTH_BEGINNINGS: &[&str] = &[
    "is", "has", "can", "was", "should", "allow", "allows", "enable",
];

/// And as any word, where the values are none but 0 and 1.
#[rustfmt::skip]
const TRUTHS: &[&str] = &[
    "active", "enabled", "disabled", "published", "public", "private", "draft", "deleted", "archived", "pinned",
    "visible", "hidden", "available", "discontinued", "verified", "approved", "featured", "completed", "done",
    "favorite", "starred", "locked", "open", "closed", "read", "flag",
];

/// A row that is there no more, by a column that tells when or whether.
#[rustfmt::skip]
const DELETED: &[&str] = &[
    "deleted at", "discarded at", "removed at", "trashed at", "is deleted", "deleted", "is removed", "removed",
    "is trashed", "trashed", "deleted on", "date deleted",
];

/// A row that visitors do not see, where it is true.
const HIDDEN: &[&str] = &[
    "is hidden",
    "hidden",
    "is private",
    "private",
    "is draft",
    "draft",
];

/// A row that visitors see, where it is true.
#[rustfmt::skip]
const SHOWN: &[&str] = &[
    "is published", "published", "is public", "public", "is active", "active", "is visible", "visible", "enabled",
    "is enabled",
];

/// A row that visitors see since then. A date of publication is of what is described, and may be unknown.
const SHOWN_SINCE: &[&str] = &["published at", "published on", "publish at"];

/// In which column a row says that it is still being written, or not meant for all.
#[rustfmt::skip]
const STATES: &[&str] = &[
    "status", "state", "visibility", "post status", "publication status", "workflow state",
];

/// And what that says of one that is meant for all.
const SHOWN_STATES: &[&str] = &["published", "publish", "public", "live", "released"];

/// Of persons, as whole words: worth a note where all can search.
#[rustfmt::skip]
const OF_PERSONS: &[&str] = &[
    "email", "phone", "telephone", "mobile", "fax", "address", "birthdate", "birthday", "birth", "dob", "salary",
    "postal",
];

fn any(words: &Words, known: &[&str]) -> bool {
    known.iter().any(|known| words.are(known))
}

pub(super) fn is_machinery(table: &str) -> bool {
    let name = table.to_lowercase();
    let bare = name.trim_start_matches('_');
    any(&Words::of(table), MACHINERY)
        || MACHINERY_FAMILIES
            .iter()
            .any(|family| name.starts_with(family) || bare.starts_with(family))
}

/// Whether it is the table of a machine by its name and its columns together.
pub(super) fn is_machinery_by_its_columns(table: &Words, columns: &[Words]) -> bool {
    let is_one = table.iter().next_back().is_some_and(|last| {
        let last = super::words::singular(last);
        PERHAPS_MACHINERY.contains(&last.as_str())
    });
    let of_machines = columns.iter().filter(|column| any(column, OF_MACHINES));
    is_one && of_machines.count() >= 2
}

/// Whether rows of it are tokens or sessions, by the last word of its name.
pub(super) fn is_of_tokens(table: &Words) -> bool {
    table.end_with(&[
        "token",
        "tokens",
        "session",
        "sessions",
        "otp",
        "otps",
        "secrets",
        "credentials",
    ]) && table.len() > 1
}

pub(super) fn is_log(table: &Words) -> bool {
    table.end_with(LOGS)
}

pub(super) fn is_options(table: &Words) -> bool {
    table.end_with(OPTIONS)
}

pub(super) fn is_lookup(table: &Words) -> bool {
    table.iter().next_back().is_some_and(|last| {
        let last = super::words::singular(last);
        LOOKUPS.contains(&last.as_str())
    })
}

/// What a column hides, where it hides something.
pub(super) fn secret(column: &Words) -> Option<&'static str> {
    let joined = column.joined();
    let is_about = column.len() > 1 && column.end_with(ABOUT_A_SECRET);
    if !is_about {
        let is_pass = column.are("pass") || column.are("user pass") || column.are("post pass");
        let is_digest = column.len() > 1 && column.end_with(&["digest"]);
        if SECRETS.iter().any(|part| joined.contains(part))
            || column.has(SECRET_WORDS)
            || is_pass
            || is_digest
        {
            return Some("a secret");
        }
    }
    if column.has(PERSONS_NUMBERS) || PERSONS_NUMBERS_LONG.iter().any(|part| column.contain(part)) {
        return Some("a person's number");
    }
    let is_machine = column.end_with(&["ip"]) || column.contain("ip address");
    (is_machine && column.has(WHOSE_MACHINE)).then_some("where somebody was")
}

/// Whether the rows of a table with this column are accounts.
pub(super) fn is_of_accounts(column: &Words) -> bool {
    let joined = column.joined();
    ["password", "passwd", "passwordhash", "passworddigest"]
        .iter()
        .any(|part| joined.contains(part))
        || column.are("user pass")
}

/// The place among the names of a row, the best first; `table` is what its rows are, so that `product_name` is one.
pub(super) fn name_rank(column: &Words, table: &Words) -> Option<usize> {
    let column = &column.without_language();
    if let Some(place) = NAMES.iter().position(|known| column.are(known)) {
        return Some(place * 2);
    }
    let own = column.without_last(&["name", "title"]);
    if own.is_some_and(|own| own.same_thing(table)) {
        return Some(1);
    }
    let technical = column
        .iter()
        .rev()
        .nth(1)
        .is_some_and(|before| TECHNICAL_NAMES.contains(&before));
    let of_a_post = column.end_with(&["title"]) && column.has(POSTS);
    (column.end_with(NAME_ENDINGS) && !technical && !of_a_post).then_some(OTHER_NAME)
}

/// The rank of a name that is not clearly the row's own: `ShipName`, `ContactName`.
pub(super) const OTHER_NAME: usize = 1000;

/// A name that says more than first and last name together.
pub(super) fn is_whole_name(column: &Words) -> bool {
    any(column, &["name", "full name", "display name"])
}

pub(super) fn is_first_name(column: &Words) -> bool {
    [
        "first name",
        "given name",
        "forename",
        "vorname",
        "prénom",
        "prenom",
    ]
    .iter()
    .any(|known| column.are(known))
}

pub(super) fn is_last_name(column: &Words) -> bool {
    ["last name", "family name", "surname", "nachname"]
        .iter()
        .any(|known| column.are(known))
}

pub(super) fn is_text(column: &Words) -> bool {
    column.without_language().end_with(TEXTS)
}

pub(super) fn is_code(column: &Words) -> bool {
    let singular = column.iter().next_back().map(super::words::singular);
    column.has(CODES)
        || CODES.contains(&column.joined().as_str())
        || singular.is_some_and(|last| CODES.contains(&last.as_str()))
}

pub(super) fn is_choice(column: &Words) -> bool {
    column.end_with(CHOICES)
}

pub(super) fn is_place(column: &Words) -> bool {
    column.end_with(PLACES)
}

pub(super) fn is_list(column: &Words) -> bool {
    column.end_with(LISTS)
}

pub(super) fn is_time(column: &Words) -> bool {
    column.end_with(TIMES) || changed_rank(column).is_some() || any(column, MADE)
}

/// The place among the names of change timestamps, the best first. `post_modified_gmt` is one, and better than `post_modified`.
pub(super) fn changed_rank(column: &Words) -> Option<usize> {
    let utc = column.without_last(&["gmt", "utc"]);
    let words = utc.as_ref().unwrap_or(column);
    let exact = CHANGED.iter().position(|known| words.are(known));
    let ends = || {
        let tail = |known: &&str| {
            let known = Words::of(known);
            words.len() > known.len()
                && words
                    .iter()
                    .rev()
                    .zip(known.iter().rev())
                    .filter(|(a, b)| a == b)
                    .count()
                    == known.len()
        };
        CHANGED
            .iter()
            .position(tail)
            .map(|place| place + CHANGED.len())
    };
    let rank = exact.or_else(ends)?;
    Some(rank * 2 + usize::from(utc.is_none()))
}

pub(super) fn is_made(column: &Words) -> bool {
    any(column, MADE)
}

pub(super) fn is_truth(column: &Words) -> bool {
    column
        .iter()
        .next()
        .is_some_and(|first| TRUTH_BEGINNINGS.contains(&first))
        || column.end_with(TRUTHS)
}

pub(super) fn is_deleted(column: &Words) -> bool {
    any(column, DELETED)
}

pub(super) fn is_hidden(column: &Words) -> bool {
    any(column, HIDDEN)
}

pub(super) fn is_shown(column: &Words) -> bool {
    any(column, SHOWN)
}

pub(super) fn is_shown_since(column: &Words) -> bool {
    any(column, SHOWN_SINCE)
}

pub(super) fn is_state(column: &Words) -> bool {
    any(column, STATES)
}

pub(super) fn is_shown_state(value: &str) -> bool {
    SHOWN_STATES.contains(&value.to_lowercase().as_str())
}

pub(super) fn is_of_persons(column: &Words) -> bool {
    column.has(OF_PERSONS)
}

pub(super) fn is_latitude(word: &str) -> bool {
    ["latitude", "lat"].contains(&word)
}

pub(super) fn is_longitude(word: &str) -> bool {
    ["longitude", "lng", "lon", "long"].contains(&word)
}

/// The words at the end of a foreign key's name that say no more than that it is one.
pub(super) const KEY_ENDINGS: &[&str] = &["id", "fk", "key", "ref", "uuid"];

#[cfg(test)]
mod tests {
    use super::*;

    fn w(name: &str) -> Words {
        Words::of(name)
    }

    #[test]
    fn secrets_are_known_in_every_spelling() {
        for name in [
            "password",
            "passwordHash",
            "PASSWORD_DIGEST",
            "encrypted_password",
            "reset_password_token",
            "api_key",
            "apiKey",
            "APIKey",
            "otp",
            "otpSecret",
            "remember_token",
            "ssn",
            "SSN",
            "iban",
            "user_pass",
            "csrfToken",
            "private_key",
            "creditCardNumber",
            "social_security_number",
            "nationalId",
            "current_sign_in_ip",
            "comment_author_IP",
            "token_digest",
            "two_factor_secret",
            "pin",
            "salt",
            "last_login_ip",
            "passwort",
            "tax_id",
        ] {
            assert!(secret(&w(name)).is_some(), "{name}");
        }
        for name in [
            "title",
            "token_count",
            "password_changed_at",
            "secretary",
            "opinion",
            "tokenized",
            "compass",
            "spinning",
            "digest",
            "ip",
            "session_title",
            "basin",
            "pass",
            "description",
        ] {
            let found = secret(&w(name));
            assert!(
                found.is_none() || ["secretary", "pass"].contains(&name),
                "{name}: {found:?}"
            );
        }
    }

    #[test]
    fn the_machinery_of_frameworks_is_known() {
        for name in [
            "schema_migrations",
            "django_session",
            "auth_user",
            "telescope_entries",
            "password_reset_tokens",
            "SequelizeMeta",
            "_prisma_migrations",
            "__EFMigrationsHistory",
            "knex_migrations_lock",
            "oban_jobs",
            "SPRING_SESSION_ATTRIBUTES",
            "goose_db_version",
            "cache_locks",
            "oauth_access_tokens",
            "solid_queue_jobs",
            "DATABASECHANGELOG",
            "sessions",
            "VerificationToken",
        ] {
            assert!(is_machinery(name), "{name}");
        }
        for name in [
            "articles",
            "jobs",
            "events",
            "authors",
            "notes",
            "messages",
            "session_talks",
            "cached_pages",
        ] {
            assert!(!is_machinery(name), "{name}");
        }
        let machines = ["queue", "payload", "attempts"].map(w);
        let adverts = ["title", "company", "salary"].map(w);
        assert!(is_machinery_by_its_columns(&w("jobs"), &machines));
        assert!(!is_machinery_by_its_columns(&w("jobs"), &adverts));
        assert!(is_of_tokens(&w("users_tokens")) && !is_of_tokens(&w("tokens_of_love")));
    }

    #[test]
    fn change_timestamps_are_known_in_every_spelling_the_best_first() {
        for name in [
            "updated_at",
            "updatedAt",
            "lastModified",
            "modifiedAt",
            "update_time",
            "mtime",
            "edited_at",
            "changed",
            "post_modified",
            "post_modified_gmt",
            "UpdatedAt",
            "last_update",
            "LastUpdated",
            "date_modified",
            "ZMODIFICATIONDATE",
            "modified",
        ] {
            assert!(changed_rank(&w(name)).is_some(), "{name}");
        }
        for name in ["created_at", "published_at", "modifier", "name"] {
            assert_eq!(changed_rank(&w(name)), None, "{name}");
        }
        assert!(changed_rank(&w("updated_at")) < changed_rank(&w("modified")));
        assert!(changed_rank(&w("post_modified_gmt")) < changed_rank(&w("post_modified")));
    }

    #[test]
    fn what_a_row_is_called_is_known() {
        let rank = |column: &str, table: &str| name_rank(&w(column), &w(table));
        assert!(rank("ProductName", "Products") < rank("ContactName", "Products"));
        assert!(rank("name", "x") < rank("product_name", "products"));
        assert_eq!(rank("file_name", "uploads"), None);
        assert_eq!(rank("description", "uploads"), None);
        assert!(
            rank("CompanyName", "Customers").is_some() && rank("FirstName", "Customers").is_some()
        );
    }
}

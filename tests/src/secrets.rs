//! Searches for secrets that must be in no log and in no database. Every test's database is dumped
//! and searched before it is dropped, and so is the log up to then: the whole test run is one
//! search for leaks.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

/// Declares a secret that must not appear anywhere from now on. Short ones are left out, because
/// they would be found by accident.
pub fn watch(secret: &str) {
    if secret.len() >= SHORTEST {
        watched().add(forms(secret.as_bytes()));
    }
}

/// The secrets that a text contains, each in the form that was found, with the text around it.
pub(crate) fn leaks(text: &str) -> Vec<String> {
    let searches = watched().searches();
    let around = |at: usize| {
        &text[text.floor_char_boundary(at.saturating_sub(60))
            ..text.ceil_char_boundary((at + 60).min(text.len()))]
    };
    searches
        .iter()
        .flat_map(|search| search.find_iter(text))
        .map(|found| around(found.start()).to_owned())
        .collect()
}

/// All forms of all secrets.
#[derive(Default)]
struct Watched {
    known: HashSet<String>,
    /// Those that no automaton has yet.
    new: Vec<String>,
    /// What each automaton was built from; the first is the largest.
    built: Vec<(Vec<String>, AhoCorasick)>,
}

impl Watched {
    fn add(&mut self, forms: impl IntoIterator<Item = String>) {
        let known = &mut self.known;
        self.new.extend(forms.into_iter().filter(|form| known.insert(form.clone())));
    }

    /// Automata that find all of them. New ones get one of their own, together with what is in
    /// those that are no larger: so a secret is built in as often as their number can be doubled,
    /// and not once for each search.
    fn searches(&mut self) -> Vec<AhoCorasick> {
        let mut forms = std::mem::take(&mut self.new);
        if !forms.is_empty() {
            while let Some((smaller, _)) =
                self.built.pop_if(|(built, _)| built.len() <= forms.len())
            {
                forms.extend(smaller);
            }
            let search =
                AhoCorasick::new(&forms).expect("a few thousand texts can be searched for");
            self.built.push((forms, search));
        }
        self.built.iter().map(|(_, search)| search.clone()).collect()
    }
}

fn watched() -> MutexGuard<'static, Watched> {
    static WATCHED: LazyLock<Mutex<Watched>> = LazyLock::new(|| {
        let mut watched = Watched::default();
        watched.add(ALWAYS.map(str::to_owned));
        Mutex::new(watched)
    });
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every row of every table as JSON, with bytes in hex. Bytes that are valid text are added as text
/// too.
pub async fn dump(pool: &PgPool) -> String {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
            .fetch_all(pool)
            .await
            .expect("tables");
    let mut dump = String::new();
    for table in tables {
        // The components themselves are large and not secret.
        let columns = if table == "components" { "tenant_id" } else { "*" };
        let statement =
            format!("select row_to_json(t)::text from (select {columns} from \"{table}\") t");
        let rows: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(pool).await.expect("rows");
        for row in rows {
            dump.push_str(&row);
            let fields: Value = serde_json::from_str(&row).expect("a row is JSON");
            let fields = fields.as_object().expect("a row is an object");
            let bytes = fields.values().filter_map(|value| value.as_str()?.strip_prefix("\\x"));
            bytes.for_each(|hex| dump.push_str(&String::from_utf8_lossy(&from_hex(hex))));
        }
    }
    dump
}

/// The forms in which a secret could appear: as it is, in hex, and in base64 at each of the three
/// alignments.
pub fn forms(secret: &[u8]) -> Vec<String> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut forms = vec![hex];
    forms.extend(String::from_utf8(secret.to_vec()));
    for skipped in 0..3 {
        let aligned = &secret[skipped.min(secret.len())..];
        let whole = &aligned[..aligned.len() / 3 * 3];
        // A shorter one could be found by accident.
        if whole.len() >= 9 {
            forms.extend([STANDARD.encode(whole), URL_SAFE_NO_PAD.encode(whole)]);
        }
    }
    forms
}

fn from_hex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits"))
        .collect()
}

/// Parts of every secret of these kinds: a private key in PEM, and the head of a JWT with HS256.
const ALWAYS: [&str; 2] = ["PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiI"];

const SHORTEST: usize = 10;

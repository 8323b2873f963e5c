//! Makes tenants straight in the database, sealed as a host seals them: the admin API would take an
//! hour for ten thousand, nearly all of it for their key pairs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use flowhost_client::FlowClient;
use flowhost_protocol::crypto::{DataKey, KeyPair, MasterKeys};
use flowhost_protocol::ids::{AppSecretId, FlowId, KeyId, PartnerId, TenantId};
use flowhost_runtime::plugins::inspect;
use flowhost_server::{app_secret_context, private_key_context};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgTransaction};
use uuid::Uuid;

use super::cores;
use super::endpoint::Endpoint;
use super::progress::Progress;
use crate::wasm::variant;

/// What tenants are made of.
pub struct Maker {
    master: MasterKeys,
    pairs: Vec<KeyPair>,
}

/// What a database's tenants have.
#[derive(Clone, Copy)]
pub struct Tenants<'a> {
    /// How many there are.
    pub count: u32,
    /// The plugin of each, with one more section that makes it another component.
    pub plugin: &'a [u8],
    /// How many different components there are among them.
    pub components: u32,
}

impl Maker {
    /// Generates the key pairs, on all cores.
    pub fn new(master: MasterKeys, keys: u32) -> Self {
        let progress = Progress::of("key pairs", keys.into());
        let next = AtomicU32::new(0);
        let generate = || {
            let mut own = Vec::new();
            while next.fetch_add(1, Ordering::Relaxed) < keys {
                own.push(KeyPair::generate());
                progress.add(1);
            }
            own
        };
        let pairs = thread::scope(|scope| {
            let threads: Vec<_> = (0..cores()).map(|_| scope.spawn(generate)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        Self { master, pairs }
    }

    /// Makes tenants 0, 1, ..: each with its own data key, key pair (of those there are), app secret
    /// and flow, whose active version is one of the components.
    pub async fn make(&self, connection: &mut PgConnection, tenants: Tenants<'_>) {
        let Tenants { count, plugin, components } = tenants;
        let requests = bring_components(connection, plugin, components).await;
        let progress = Progress::of("tenants", count.into());
        for first in (0..count).step_by(TENANTS_AT_ONCE as usize) {
            let numbers: Vec<_> = (first..count.min(first + TENANTS_AT_ONCE)).collect();
            let rows: Vec<_> = numbers.iter().map(|number| self.row(*number, components)).collect();
            let mut transaction = connection.begin().await.unwrap();
            insert(&mut transaction, &rows, &requests).await;
            transaction.commit().await.unwrap();
            progress.add(rows.len() as u64);
        }
        for statement in ["drop table made_components", "vacuum analyze"] {
            sqlx::query(statement).execute(&mut *connection).await.unwrap();
        }
    }

    /// Where the tenants' phones call.
    pub fn endpoints(&self, count: u32) -> Vec<Endpoint> {
        // Each client that is not a copy reads which certificates the machine trusts.
        let clients: Vec<_> = {
            let first =
                FlowClient::new("http://localhost/", &self.pairs[0].public_pem, "").unwrap();
            let other = |pair: &KeyPair| first.clone().encrypting_to(&pair.public_pem).unwrap();
            self.pairs.iter().map(other).collect()
        };
        let endpoint = |number: u32| {
            let client = clients[number as usize % clients.len()].clone();
            Endpoint {
                path: Arc::from(format!("/flows/{}/{FLOW}", slug(number))),
                client: client.signing_with(&app_secret(number)),
            }
        };
        (0..count).map(endpoint).collect()
    }

    fn row(&self, number: u32, components: u32) -> Row {
        let (tenant, key, secret) = (TenantId::new(), KeyId::new(), AppSecretId::new());
        let data_key = DataKey::generate();
        let pair = &self.pairs[number as usize % self.pairs.len()];
        let (private, app_secret) = (&pair.private_pkcs8, app_secret(number));
        Row {
            tenant: tenant.0,
            slug: slug(number),
            data_key: self.master.seal_data_key(tenant.0.as_bytes(), &data_key).0,
            key: key.0,
            private_key: data_key.seal(&private_key_context(tenant, key), private).0,
            public_pem: pair.public_pem.clone(),
            fingerprint: pair.fingerprint.clone(),
            secret: secret.0,
            app_secret: data_key.seal(&app_secret_context(tenant, secret), app_secret.as_bytes()).0,
            flow: FlowId::new().0,
            component: (number % components).cast_signed(),
        }
    }
}

/// Puts variants of a plugin where a statement finds them. Returns what they ask for.
async fn bring_components(connection: &mut PgConnection, plugin: &[u8], count: u32) -> Value {
    sqlx::query(
        "create temp table made_components (number int primary key, digest bytea, bytes bytea)",
    )
    .execute(&mut *connection)
    .await
    .unwrap();
    for number in 0..count {
        let bytes = variant(plugin, number.into());
        sqlx::query("insert into made_components values ($1, $2, $3)")
            .bind(number.cast_signed())
            .bind(&Sha256::digest(&bytes)[..])
            .bind(bytes)
            .execute(&mut *connection)
            .await
            .unwrap();
    }
    json!(inspect(plugin).unwrap().requests)
}

/// What a tenant has in the database.
struct Row {
    tenant: Uuid,
    slug: String,
    data_key: Vec<u8>,
    key: Uuid,
    private_key: Vec<u8>,
    public_pem: String,
    fingerprint: String,
    secret: Uuid,
    app_secret: Vec<u8>,
    flow: Uuid,
    component: i32,
}

async fn insert(transaction: &mut PgTransaction<'_>, rows: &[Row], requests: &Value) {
    let tenants: Vec<_> = rows.iter().map(|row| row.tenant).collect();
    let flows: Vec<_> = rows.iter().map(|row| row.flow).collect();
    let components: Vec<_> = rows.iter().map(|row| row.component).collect();
    let texts = |text: fn(&Row) -> &String| rows.iter().map(text).cloned().collect::<Vec<_>>();
    let bytes = |bytes: fn(&Row) -> &Vec<u8>| rows.iter().map(bytes).cloned().collect::<Vec<_>>();
    let partner = PartnerId(DEFAULT_PARTNER.parse().unwrap());
    let statements = [
        sqlx::query(
            "insert into tenants (tenant_id, partner_id, slug, name, sealed_data_key) \
             select tenant, $4, slug, slug, key from unnest($1::uuid[], $2::text[], $3::bytea[]) as t (tenant, slug, key)",
        )
        .bind(&tenants)
        .bind(texts(|row| &row.slug))
        .bind(bytes(|row| &row.data_key))
        .bind(partner.0),
        sqlx::query(
            "insert into key_pairs (tenant_id, key_id, sealed_private_key, public_key_pem, fingerprint) \
             select * from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::text[])",
        )
        .bind(&tenants)
        .bind(rows.iter().map(|row| row.key).collect::<Vec<_>>())
        .bind(bytes(|row| &row.private_key))
        .bind(texts(|row| &row.public_pem))
        .bind(texts(|row| &row.fingerprint)),
        sqlx::query(
            "insert into app_secrets (tenant_id, app_secret_id, sealed_secret) \
             select * from unnest($1::uuid[], $2::uuid[], $3::bytea[])",
        )
        .bind(&tenants)
        .bind(rows.iter().map(|row| row.secret).collect::<Vec<_>>())
        .bind(bytes(|row| &row.app_secret)),
        sqlx::query(
            "insert into flows (tenant_id, flow_id, name, settings, active_version) \
             select tenant, flow, $3, '{}', 1 from unnest($1::uuid[], $2::uuid[]) as t (tenant, flow)",
        )
        .bind(&tenants)
        .bind(&flows)
        .bind(FLOW),
        sqlx::query(
            "insert into components (tenant_id, digest, bytes) \
             select tenant, digest, bytes from unnest($1::uuid[], $2::int[]) as t (tenant, number) join made_components using (number)",
        )
        .bind(&tenants)
        .bind(&components),
        sqlx::query(
            "insert into plugin_versions (tenant_id, flow_id, version, digest, size_bytes, requests) \
             select tenant, flow, 1, digest, length(bytes), $4 \
             from unnest($1::uuid[], $2::uuid[], $3::int[]) as t (tenant, flow, number) join made_components using (number)",
        )
        .bind(&tenants)
        .bind(&flows)
        .bind(&components)
        .bind(requests),
    ];
    for statement in statements {
        statement.execute(&mut **transaction).await.unwrap();
    }
}

/// A tenant's name in URLs.
pub fn slug(number: u32) -> String {
    format!("tenant-{number:05}")
}

fn app_secret(number: u32) -> String {
    format!("the app secret of tenant {number}")
}

/// The only flow of each tenant.
pub const FLOW: &str = "booking";

/// The partner of tenants that name none (`create_tenants` in `migrations/`).
const DEFAULT_PARTNER: &str = "00000000-0000-7000-8000-000000000001";

/// A component of each is 150 KB.
const TENANTS_AT_ONCE: u32 = 250;

//! The errors of [`store`](super).

/// A database operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or refused a statement.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Something cannot be deleted while something else needs it. The text says what.
    #[error("{0}")]
    InUse(&'static str),
    /// Another session holds a lock on a table that each turn needs.
    #[error("a table of the database is locked")]
    Locked,
    /// A migration failed.
    #[error("a migration failed")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// No connection was available in time.
    #[error("no connection to the database was to be had in time")]
    NoConnection,
    /// The application's role would see the rows of all tenants.
    #[error("row-level security does not hold in the database for the role flowhost_app")]
    NoRowSecurity,
    /// The server is a standby, or was set to read-only.
    #[error("the database only reads")]
    ReadOnly,
    /// The host is about to stop.
    #[error("the host is stopping")]
    Stopping,
    /// This (a slug, for example) is in use already.
    #[error("{0} is taken already")]
    Taken(&'static str),
    /// This stored value cannot be parsed by this release.
    #[error("the stored {0} can't be read")]
    Unreadable(&'static str),
}

impl StoreError {
    /// Whether the database answered, with a row that this release can't read.
    pub(crate) fn is_of_what_is_stored(&self) -> bool {
        match self {
            Self::Unreadable(_) => true,
            Self::Database(error) => {
                matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_))
            }
            _ => false,
        }
    }
}

/// Turns a violated constraint into an error, at the call that knows what it means.
pub(super) trait OnConstraint<T> {
    /// Turns a violation of the unique constraint `name` into [`StoreError::Taken`].
    fn taken_on(self, name: &str, what: &'static str) -> Result<T, StoreError>;

    /// Turns a violation of the foreign key `name` into [`StoreError::InUse`].
    fn in_use_on(self, name: &str, why: &'static str) -> Result<T, StoreError>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn taken_on(self, name: &str, what: &'static str) -> Result<T, StoreError> {
        self.map_err(
            |error| if broke(&error, name) { StoreError::Taken(what) } else { error.into() },
        )
    }

    fn in_use_on(self, name: &str, why: &'static str) -> Result<T, StoreError> {
        self.map_err(
            |error| if broke(&error, name) { StoreError::InUse(why) } else { error.into() },
        )
    }
}

/// Whether a statement gave up waiting for a lock.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.code().as_deref() == Some("55P03"))
}

/// Whether a statement violated this constraint.
pub(super) fn broke(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().is_some_and(|database| database.constraint() == Some(constraint))
}

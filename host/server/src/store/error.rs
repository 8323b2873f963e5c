//! What can go wrong in [`store`](super).

/// A database operation failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached or refused a statement.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Something can't be deleted while something else needs it.
    #[error("{0}")]
    InUse(&'static str),
    /// Somebody holds a lock on a table that each turn needs.
    #[error("a table of the database is locked")]
    Locked,
    /// A migration failed.
    #[error("a migration failed")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// No connection was to be had in time.
    #[error("no connection to the database was to be had in time")]
    NoConnection,
    /// To the application's role, rows of all tenants would be there.
    #[error("row-level security does not hold in the database for the role flowhost_app")]
    NoRowSecurity,
    /// The server is a standby, or was told to be read-only.
    #[error("the database only reads")]
    ReadOnly,
    /// The host is about to stop.
    #[error("the host is stopping")]
    Stopping,
    /// Something of that name is there already.
    #[error("{0} is taken already")]
    Taken(&'static str),
    /// A stored value is not what this release can read.
    #[error("the stored {0} can't be read")]
    Unreadable(&'static str),
}

/// Explains a broken constraint at the call that knows what it means.
pub(super) trait OnConstraint<T> {
    /// An insert that broke the unique constraint `name` becomes [`StoreError::Taken`].
    fn taken_on(self, name: &str, what: &'static str) -> Result<T, StoreError>;

    /// A delete that broke the foreign key `name` becomes [`StoreError::InUse`].
    fn in_use_on(self, name: &str, why: &'static str) -> Result<T, StoreError>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn taken_on(self, name: &str, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| if broke(&error, name) { StoreError::Taken(what) } else { error.into() })
    }

    fn in_use_on(self, name: &str, why: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| if broke(&error, name) { StoreError::InUse(why) } else { error.into() })
    }
}

/// Whether a statement gave up waiting for a lock.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|database| database.code().as_deref() == Some("55P03"))
}

/// Whether a statement failed on this constraint.
pub(super) fn broke(error: &sqlx::Error, constraint: &str) -> bool {
    error.as_database_error().is_some_and(|database| database.constraint() == Some(constraint))
}

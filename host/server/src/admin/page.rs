//! Lists that are read page by page.

use super::AdminError;

/// The most entries on a page: what the caller asked for, or the default.
pub(super) struct PageLimit(u32);

impl PageLimit {
    /// Checks what the caller asked for.
    pub(super) fn parse(asked: Option<u32>) -> Result<Self, AdminError> {
        match asked.unwrap_or(DEFAULT_PAGE) {
            limit @ 1..=MAX_PAGE => Ok(Self(limit)),
            limit => {
                Err(AdminError::Invalid(format!("limit is {limit}; it may be 1 to {MAX_PAGE}")))
            }
        }
    }

    /// How many to read: one more than a page, which tells whether there is another page.
    pub(super) fn to_read(&self) -> i64 {
        i64::from(self.0) + 1
    }

    /// How many to show, for lists that don't say whether there is another page.
    pub(super) fn to_show(&self) -> i64 {
        i64::from(self.0)
    }

    /// Cuts what was read to a page. Returns the id of its last entry, or `None` on the last page.
    pub(super) fn cut<T, Id>(&self, read: &mut Vec<T>, id: impl Fn(&T) -> Id) -> Option<Id> {
        let more = read.len() > self.0 as usize;
        read.truncate(self.0 as usize);
        if more { read.last().map(id) } else { None }
    }
}

const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 500;

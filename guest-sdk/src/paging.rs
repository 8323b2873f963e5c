//! Lists that are longer than a screen takes, a page at a time.
//!
//! ```
//! use flowhost_sdk::paging::{self, MOST_OPTIONS};
//!
//! let shops: Vec<String> = (1..=45).map(|number| format!("Shop {number}")).collect();
//! let last = paging::page(&shops, 2, MOST_OPTIONS);
//! assert_eq!((last.items.len(), last.items[0].as_str()), (5, "Shop 41"));
//! assert!(last.has_previous() && !last.has_next);
//! ```
//!
//! The phone does not show what is beyond a component's most entries, or refuses the whole list.
//! The cookbook has a recipe with links that turn the pages.

/// The most options of a CheckboxGroup, a RadioButtonsGroup or a ChipsSelector, and the most items
/// of a NavigationList, by Meta's reference of Flow components. A ChipsSelector has two at least.
pub const MOST_OPTIONS: usize = 20;
/// The most options of a Dropdown without images (Meta's reference of Flow components).
pub const MOST_DROPDOWN_OPTIONS: usize = 200;
/// The most options of a Dropdown with images (Meta's reference of Flow components).
pub const MOST_DROPDOWN_OPTIONS_WITH_IMAGES: usize = 100;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on the page.
    pub items: T,
    /// The number of the page, from 0.
    pub number: usize,
    /// Whether there is a page after it.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// Whether there is a page before it.
    pub fn has_previous(&self) -> bool {
        self.number > 0
    }
}

/// A page of a list that the plugin has: the page with this number, from 0, of `size` entries each.
/// Past the end it is the last page, since a list may have become shorter while the user read it.
///
/// # Panics
///
/// If `size` is 0.
pub fn page<T>(all: &[T], number: usize, size: usize) -> Page<&[T]> {
    assert!(size > 0, "a page has room for an entry");
    let number = number.min(all.len().saturating_sub(1) / size);
    let (_, rest) = all.split_at(number * size);
    let (items, after) = rest.split_at(size.min(rest.len()));
    Page { items, number, has_next: !after.is_empty() }
}

/// A page of a list that your API has. Ask it for one entry more than the page takes, beginning
/// with entry `number * size`: whether that one came tells whether there are more.
///
/// ```
/// use flowhost_sdk::paging::{self, MOST_OPTIONS};
///
/// let number = 3;
/// let url = format!("https://api.example.com/shops?offset={}&limit={}", number * MOST_OPTIONS, MOST_OPTIONS + 1);
/// # let answer = vec!["a shop"; 21];
/// let page = paging::fetched(answer, number, MOST_OPTIONS);
/// assert_eq!((page.items.len(), page.has_next), (20, true));
/// # assert!(url.ends_with("offset=60&limit=21"));
/// ```
pub fn fetched<T>(mut entries: Vec<T>, number: usize, size: usize) -> Page<Vec<T>> {
    let has_next = entries.len() > size;
    entries.truncate(size);
    Page { items: entries, number, has_next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_together_are_the_list() {
        for length in [0, 1, 19, 20, 21, 40, 41] {
            let all: Vec<usize> = (0..length).collect();
            let mut seen: Vec<usize> = Vec::new();
            let mut number = 0;
            loop {
                let page: Page<&[usize]> = page(&all, number, 20);
                assert_eq!((page.number, page.has_previous()), (number, number > 0));
                seen.extend(page.items);
                if !page.has_next {
                    break;
                }
                number += 1;
            }
            assert_eq!(seen, all, "a list of {length}");
            assert_eq!(number, length.saturating_sub(1) / 20);
        }
    }

    #[test]
    fn past_the_end_is_the_last_page() {
        let all: Vec<usize> = (0..41).collect();

        let last = page(&all, usize::MAX, 20);
        assert_eq!((last.items, last.number, last.has_next), (&[40][..], 2, false));
        assert_eq!(page(&all[..0], 7, 20), Page { items: &[][..], number: 0, has_next: false });
    }

    #[test]
    fn one_entry_more_tells_that_there_are_more() {
        let one_more = fetched(vec![0; 21], 0, 20);
        assert_eq!((one_more.items.len(), one_more.has_next), (20, true));
        let all = fetched(vec![0; 20], 1, 20);
        assert_eq!((all.items.len(), all.has_next, all.has_previous()), (20, false, true));
    }
}

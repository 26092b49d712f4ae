//! Lists in pages, bounded in items and bytes, from a cursor that names the last item of the page before. A page is all that
//! is read of a list, or as much of it as it takes to find what a filter lets through. A cursor belongs to one list, with its
//! filters: in another it would point anywhere.

use std::fmt::{self, Debug, Display};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collabry_shared::pages::{Place, Window};
use collabry_shared::storage::StoreResult;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

use super::code::Code;
use super::error::{ApiError, ApiResult};

const DEFAULT: u32 = 200;
/// A page ends with the item that makes it larger.
const BYTES: usize = 1024 * 1024;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// How many items at most. A page of large items ends sooner, after about 1 MiB.
    #[param(minimum = 1, maximum = 200, default = 200, nullable = false)]
    pub limit: Option<u32>,
    /// `next` of the page before; without it, the first page.
    #[param(max_length = 200, nullable = false)]
    pub cursor: Option<String>,
}

/// Which list: its kind, whose it is, and the filters that make another list of it.
#[derive(Debug, Clone, Copy)]
pub struct List([u8; 4]);

impl List {
    pub fn new(kind: &str, of: impl Display, filters: &impl Debug) -> Self {
        let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(format!("{kind} {of} {filters:?}")).into();
        Self([a, b, c, d])
    }

    fn cursor(self, place: &Place) -> String {
        URL_SAFE_NO_PAD.encode(format!("{self} {} {}", place.at.as_millisecond(), place.id))
    }

    /// The place that one of its cursors points to.
    fn parse(self, cursor: &str) -> Option<Place> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (at, id) = text.strip_prefix(&format!("{self} "))?.split_once(' ')?;
        let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
        Some(Place { at, id: id.to_owned() })
    }
}

impl Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// The page that was asked for, and the cursor of the one behind it. `read` reads a part of the list; `show` makes of an item
/// what is sent, or nothing when it is not wanted; `place` says where an item stands.
pub async fn page<T, V: Serialize, R: Future<Output = StoreResult<Vec<T>>>>(
    query: &PageQuery,
    list: List,
    read: impl Fn(Window) -> R,
    show: impl Fn(T) -> Option<V>,
    place: impl Fn(&T) -> Place,
) -> ApiResult<(Vec<V>, Option<String>)> {
    let limit = query.limit.unwrap_or(DEFAULT);
    let items = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut after = query.cursor.as_deref().map(|cursor| list.parse(cursor).ok_or_else(unknown)).transpose()?;
    let (mut page, mut bytes) = (Vec::new(), 0);
    // One more than the page has tells whether there is another page.
    let mut step = limit + 1;
    loop {
        let part = read(Window { after: after.clone(), limit: step }).await?;
        let last_part = u32::try_from(part.len()).is_ok_and(|count| count < step);
        for item in part {
            let here = place(&item);
            if let Some(shown) = show(item) {
                if page.len() >= items || bytes >= BYTES {
                    return Ok((page, after.as_ref().map(|place| list.cursor(place))));
                }
                bytes += serde_json::to_vec(&shown).map_err(ApiError::internal)?.len();
                page.push(shown);
            }
            after = Some(here);
        }
        if last_part {
            return Ok((page, None));
        }
        // A filter let too little through.
        step = DEFAULT;
    }
}

fn unknown() -> ApiError {
    ApiError::from(Code::CursorInvalid).of_field("cursor")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures::executor::block_on;
    use jiff::Timestamp;

    use super::{PageQuery, Place, Window, page};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn list() -> super::List {
        super::List::new("numbers", "nobody", &())
    }

    /// A list of numbers, placed by their tens and themselves, that keeps count of what is read of it.
    struct List {
        numbers: Vec<i64>,
        read: RefCell<usize>,
    }

    impl List {
        fn new(numbers: impl IntoIterator<Item = i64>) -> Self {
            Self { numbers: numbers.into_iter().collect(), read: RefCell::new(0) }
        }

        fn page(&self, query: &PageQuery, wanted: impl Fn(i64) -> bool) -> (Vec<i64>, Option<String>) {
            let place = |number: &i64| Place::new(at(number / 10), &format!("{number:05}"));
            let behind = |number: &i64, after: &Place| {
                let here = place(number);
                (here.at, here.id) > (after.at, after.id.clone())
            };
            let read = async |Window { after, limit }| {
                let rest =
                    self.numbers.iter().filter(|number| after.as_ref().is_none_or(|after| behind(number, after)));
                let part: Vec<_> = rest.take(limit as usize).copied().collect();
                *self.read.borrow_mut() += part.len();
                Ok(part)
            };
            block_on(page(query, list(), read, |number| wanted(number).then_some(number), place)).unwrap()
        }

        fn pages(&self, limit: u32, wanted: impl Fn(i64) -> bool) -> Vec<Vec<i64>> {
            let (mut pages, mut cursor) = (Vec::new(), None);
            loop {
                let (items, next) = self.page(&PageQuery { limit: Some(limit), cursor }, &wanted);
                pages.push(items);
                cursor = next;
                if cursor.is_none() {
                    return pages;
                }
            }
        }
    }

    #[test]
    fn pages_hold_every_item_once() {
        assert_eq!(List::new([10, 11, 12, 20, 30]).pages(2, |_| true), [vec![10, 11], vec![12, 20], vec![30]]);
        assert_eq!(List::new([10, 11]).pages(2, |_| true), [vec![10, 11]]);
        assert_eq!(List::new([]).pages(2, |_| true), [Vec::<i64>::new()]);
    }

    #[test]
    fn a_filter_fills_its_pages() {
        assert_eq!(List::new(0..40).pages(3, |number| number % 10 == 0), [vec![0, 10, 20], vec![30]]);
        assert_eq!(List::new(0..40).pages(3, |_| false), [Vec::<i64>::new()]);
    }

    #[test]
    fn no_more_is_read_than_the_page_and_one_item() {
        let list = List::new(0..1_000);
        list.page(&PageQuery { limit: Some(20), cursor: None }, |_| true);
        assert_eq!(*list.read.borrow(), 21);
    }

    #[test]
    fn an_item_that_went_does_not_end_the_list() {
        let cursor = Some(list().cursor(&Place::new(at(2), &"00025")));
        let (items, _) = List::new([10, 21, 30, 41]).page(&PageQuery { limit: None, cursor }, |_| true);
        assert_eq!(items, [30, 41]);
    }

    #[test]
    fn a_page_ends_by_bytes() {
        let read = async |_| Ok(vec!["x".repeat(700_000); 4]);
        let (page, next) =
            block_on(page(&PageQuery::default(), list(), read, Some, |_| Place::new(at(0), &0))).unwrap();
        assert_eq!((page.len(), next.is_some()), (2, true));
    }
}

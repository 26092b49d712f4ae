//! Lists in pages, bounded in items and bytes, from a cursor that names the last item of the page before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

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

/// What a list is ordered by, ascending, and what tells its items apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub order: i64,
    pub id: String,
}

impl Place {
    pub fn new(order: i64, id: &impl ToString) -> Self {
        Self { order, id: id.to_string() }
    }

    fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.order, self.id))
    }

    fn parse(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (order, id) = text.split_once(' ')?;
        Some(Self { order: order.parse().ok()?, id: id.to_owned() })
    }
}

/// The page of `items` that was asked for, and the cursor of the one behind it. When the item that a cursor names is gone,
/// the page begins with the first one behind its place.
pub fn page<T: Serialize>(
    items: Vec<T>,
    query: &PageQuery,
    place: impl Fn(&T) -> Place,
) -> ApiResult<(Vec<T>, Option<String>)> {
    let begin = match &query.cursor {
        None => 0,
        Some(cursor) => {
            let last = Place::parse(cursor).ok_or_else(unknown)?;
            match items.iter().position(|item| place(item) == last) {
                Some(at) => at + 1,
                None => items.iter().position(|item| place(item).order > last.order).unwrap_or(items.len()),
            }
        }
    };
    let limit = usize::try_from(query.limit.unwrap_or(DEFAULT)).unwrap_or(usize::MAX);
    let (mut page, mut bytes, mut next) = (Vec::new(), 0, None);
    for item in items.into_iter().skip(begin) {
        if page.len() >= limit || bytes >= BYTES {
            next = page.last().map(|last| place(last).cursor());
            break;
        }
        bytes += serde_json::to_vec(&item).map_err(ApiError::internal)?.len();
        page.push(item);
    }
    Ok((page, next))
}

fn unknown() -> ApiError {
    ApiError::field(
        "cursor_invalid",
        "cursor",
        "This is not the `next` of a page of this list. Begin without a cursor.",
    )
}

#[cfg(test)]
mod tests {
    use super::{PageQuery, Place, page};

    fn pages(items: &[i64], limit: u32) -> Vec<Vec<i64>> {
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let query = PageQuery { limit: Some(limit), cursor };
            let (items, next) = page(items.to_vec(), &query, |item| Place::new(*item / 10, item)).unwrap();
            pages.push(items);
            cursor = next;
            if cursor.is_none() {
                return pages;
            }
        }
    }

    #[test]
    fn pages_hold_every_item_once() {
        assert_eq!(pages(&[10, 11, 12, 20, 30], 2), [vec![10, 11], vec![12, 20], vec![30]]);
        assert_eq!(pages(&[10, 11], 2), [vec![10, 11]]);
        assert_eq!(pages(&[], 2), [Vec::<i64>::new()]);
    }

    #[test]
    fn an_item_that_went_does_not_end_the_list() {
        let cursor = Some(Place::new(2, &25).cursor());
        let query = PageQuery { limit: None, cursor };
        let (items, _) = page(vec![10, 21, 30, 41], &query, |item: &i64| Place::new(*item / 10, item)).unwrap();
        assert_eq!(items, [30, 41]);
    }

    #[test]
    fn a_page_ends_by_bytes() {
        let items = vec!["x".repeat(700_000); 4];
        let (page, next) = page(items, &PageQuery::default(), |_| Place::new(0, &0)).unwrap();
        assert_eq!((page.len(), next.is_some()), (2, true));
    }
}

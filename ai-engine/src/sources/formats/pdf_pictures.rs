//! Finds the meaningful pictures on a PDF's pages, from `pdfimages -list`.

use std::collections::{HashMap, HashSet};

/// In inches: smaller pictures are icons and logos.
const MIN_SIDE: f32 = 0.8;
const MIN_AREA: f32 = 1.5;

/// Larger ones are the background of the page, or a scan of what is read from it.
const MAX_AREA: f32 = 75.0;

/// A picture on more pages than this is decoration.
const MAX_PAGES: usize = 2;

/// The pages of the pictures, in order.
pub fn pages(list: &str) -> Vec<u32> {
    let pictures: Vec<(u32, &str)> = list.lines().filter_map(picture).collect();
    let mut on: HashMap<&str, HashSet<u32>> = HashMap::new();
    for (page, id) in &pictures {
        on.entry(id).or_default().insert(*page);
    }
    let mut seen = HashSet::new();
    let is_shown = |(page, id): &(u32, &str)| {
        let is_rare = *id == INLINE || on.get(id).is_some_and(|pages| pages.len() <= MAX_PAGES);
        is_rare && (*id == INLINE || seen.insert((*page, (*id).to_owned())))
    };
    let mut pages: Vec<u32> = pictures.into_iter().filter(is_shown).map(|(page, _)| page).collect();
    pages.sort_unstable();
    pages
}

const INLINE: &str = "[inline]";

/// Page and object of a picture that is large enough.
fn picture(line: &str) -> Option<(u32, &str)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [page, _, kind, width, height, _, _, _, _, _, id, .., across, down, _, _] = fields.as_slice() else {
        return None;
    };
    let inches =
        |pixels: &str, density: &str| Some(pixels.parse::<f32>().ok()? / density.parse::<f32>().ok()?.max(0.1));
    let (width, height) = (inches(width, across)?, inches(height, down)?);
    let is_sized = width >= MIN_SIDE && height >= MIN_SIDE && (MIN_AREA..=MAX_AREA).contains(&(width * height));
    (*kind == "image" && is_sized).then_some((page.parse().ok()?, *id))
}

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn only_pictures_that_say_something_are_counted() {
        let list = "page   num  type   width height color comp bpc  enc interp  object ID x-ppi y-ppi size ratio\n\
            ---\n\
            1     0 image     600   400  rgb     3   8  jpeg   no         3  0   150   150   20K  10%\n\
            1     1 smask     600   400  gray    1   8  jpeg   no         4  0   150   150   20K  10%\n\
            1     2 image      60    40  rgb     3   8  jpeg   no         5  0   150   150   20K  10%\n\
            2     3 image     600   400  rgb     3   8  image  no   [inline]     150   150   20K  10%\n\
            2     4 image    2500  3300  rgb     3   8  jpeg   no         7  0   300   300   20K  10%\n\
            3     5 image     600   400  rgb     3   8  jpeg   no         8  0   150   150   20K  10%\n\
            4     6 image     600   400  rgb     3   8  jpeg   no         8  0   150   150   20K  10%\n\
            5     7 image     600   400  rgb     3   8  jpeg   no         8  0   150   150   20K  10%\n";
        assert_eq!(pages(list), [1, 2]);
    }
}

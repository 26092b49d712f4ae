//! Charts of Office files as tables.

use std::collections::HashMap;

use calamine::{ExcelDateTime, ExcelDateTimeType};
use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::docx_table::Stand;
use super::xml::{self, Node};
use super::{drawing, xlsx_format, xlsx_rows};
use crate::sources::builder::one_line;

/// Points of a chart that are read.
const MAX_POINTS: usize = 20_000;

/// Texts by their places.
type Points = Vec<(usize, String)>;

/// A series of a chart: values by the places of their categories.
#[derive(Debug, Default)]
struct Series {
    name: String,
    /// By level, the innermost first.
    categories: Vec<Points>,
    values: Points,
    /// Of bubbles.
    sizes: Points,
}

impl Series {
    /// What the value at this place is of: `2023 Q1`. A category of an outer level is said at the first of its places.
    fn category(&self, place: usize) -> String {
        let at = |(level, points): (usize, &Points)| {
            let point = points.iter().rfind(|(own, _)| if level == 0 { *own == place } else { *own <= place });
            point.map_or(String::new(), |(_, text)| text.clone())
        };
        let levels: Vec<String> = self.categories.iter().enumerate().rev().map(at).collect();
        one_line(&levels.join(" "))
    }

    /// The sizes of its bubbles, as a series of their own.
    fn take_sizes(&mut self) -> Option<Self> {
        let values = std::mem::take(&mut self.sizes);
        let name = one_line(&format!("{} (size)", self.name));
        (!values.is_empty()).then(|| Self { name, categories: self.categories.clone(), values, ..Self::default() })
    }
}

/// The chart as lines: its titles, what kind of chart it is, then a table with a row per category and a column per
/// series. `formats` are those of the cells that it refers to.
pub fn chart_of(xml: &str, formats: &HashMap<String, String>) -> Result<String, FailureCode> {
    let mut reader = ChartReader { axis: axis_of_dates(xml)?, ..ChartReader::new(formats) };
    xml::walk(xml, |node| {
        match node {
            Node::Open(tag, element) => reader.open(tag, element),
            Node::Text(text) => reader.text(text),
            Node::Close(tag) => reader.close(tag),
        }
        Ok(())
    })?;
    Ok(reader.lines().join("\n"))
}

/// The references of numbers whose format is missing in the chart.
pub fn without_format(xml: &str) -> Result<Vec<String>, FailureCode> {
    let (mut references, mut open, mut text) = (Vec::new(), None, String::new());
    xml::walk(xml, |node| {
        match node {
            Node::Open("numRef", _) => open = Some(String::new()),
            Node::Open("f" | "formatCode", _) => text.clear(),
            Node::Text(more) => text.push_str(more),
            Node::Close("f") => open.iter_mut().for_each(|open| text.trim().clone_into(open)),
            Node::Close("formatCode") if !is_general(&text) => open = None,
            Node::Close("numRef") => references.extend(open.take()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(references)
}

/// Whether the format leaves the look of numbers open.
pub fn is_general(format: &str) -> bool {
    let format = format.trim();
    format.is_empty() || format.eq_ignore_ascii_case("general")
}

/// The format of the chart's axis of dates.
fn axis_of_dates(xml: &str) -> Result<String, FailureCode> {
    let (mut within, mut format) = (false, String::new());
    xml::walk(xml, |node| {
        match node {
            Node::Open("dateAx", _) => within = true,
            Node::Close("dateAx") => within = false,
            Node::Open("numFmt", element) if within => {
                format = xml::attribute(element, "formatCode").filter(|code| is_of_dates(code)).unwrap_or_default();
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(format)
}

#[derive(Debug)]
struct ChartReader<'a> {
    /// Of cells, by the reference to them.
    formats: &'a HashMap<String, String>,
    /// The format of an axis of dates.
    axis: String,
    /// What the numbers are a copy of.
    reference: String,
    is_of_numbers: bool,
    /// Of one point alone.
    own_format: Option<String>,
    titles: Vec<String>,
    /// One chart, or several on top of each other.
    kinds: Vec<&'static str>,
    series: Vec<Series>,
    /// The names of the open elements that matter.
    within: Vec<String>,
    text: String,
    format: String,
    /// Days are counted from 1904.
    from_1904: bool,
    stand: Stand,
    index: usize,
    points: usize,
}

impl<'a> ChartReader<'a> {
    fn new(formats: &'a HashMap<String, String>) -> Self {
        Self {
            formats,
            axis: String::new(),
            reference: String::new(),
            is_of_numbers: false,
            own_format: None,
            titles: Vec::new(),
            kinds: Vec::new(),
            series: Vec::new(),
            within: Vec::new(),
            text: String::new(),
            format: String::new(),
            from_1904: false,
            stand: Stand::On,
            index: 0,
            points: 0,
        }
    }

    /// The format of the point that is open: its own, or that of its copy, of its cells, of its axis.
    fn format(&self, is_category: bool) -> &str {
        let said = self.own_format.as_deref().unwrap_or(&self.format);
        if !is_general(said) || !self.is_of_numbers {
            return said;
        }
        match self.formats.get(&self.reference) {
            Some(format) => format,
            None if is_category && !self.axis.is_empty() => &self.axis,
            None => said,
        }
    }

    fn open(&mut self, tag: &str, element: &BytesStart<'_>) {
        match tag {
            "date1904" => {
                self.from_1904 =
                    xml::attribute(element, "val").is_none_or(|value| matches!(value.as_str(), "1" | "true"));
            }
            "r" => self.stand = Stand::On,
            "rPr" => self.stand = drawing::raised(element),
            "ser" => self.series.push(Series::default()),
            "v" | "t" | "f" | "formatCode" => self.text.clear(),
            "numRef" | "numLit" => self.is_of_numbers = true,
            "strRef" | "strLit" | "multiLvlStrRef" => self.is_of_numbers = false,
            "pt" => {
                let index = xml::attribute(element, "idx");
                self.index = index.and_then(|index| index.parse().ok()).unwrap_or_default();
                self.own_format = xml::attribute(element, "formatCode");
            }
            "cat" | "val" | "xVal" | "yVal" | "bubbleSize" => {
                self.format.clear();
                self.reference.clear();
                self.is_of_numbers = false;
            }
            "lvl" if self.within.last().is_some_and(|tag| tag == "cat" || tag == "xVal") => {
                if let Some(series) = self.series.last_mut() {
                    series.categories.push(Points::new());
                }
            }
            "title" => self.titles.push(String::new()),
            _ => self.kinds.extend(kind(tag).filter(|kind| !self.kinds.contains(kind))),
        }
        if matches!(
            tag,
            "title" | "ser" | "tx" | "cat" | "val" | "xVal" | "yVal" | "v" | "t" | "f" | "formatCode" | "bubbleSize"
        ) {
            self.within.push(tag.to_owned());
        }
    }

    fn text(&mut self, text: &str) {
        if self.within.last().is_some_and(|tag| matches!(tag.as_str(), "v" | "t" | "f" | "formatCode")) {
            self.text.push_str(text);
        }
    }

    fn close(&mut self, tag: &str) {
        if self.within.last().is_some_and(|open| open == tag) {
            self.within.pop();
        }
        let place = self.within.last().map(String::as_str);
        match tag {
            "formatCode" => self.format = std::mem::take(&mut self.text),
            "f" => std::mem::take(&mut self.text).trim().clone_into(&mut self.reference),
            "t" if self.within.iter().any(|open| open == "title") => {
                if let Some(title) = self.titles.last_mut() {
                    title.push_str(&self.stand.applied(&self.text, title));
                }
            }
            "p" if self.within.iter().any(|open| open == "title") => {
                if let Some(title) = self.titles.last_mut() {
                    title.push(' ');
                }
            }
            "v" if self.points < MAX_POINTS => {
                let text = one_line(&std::mem::take(&mut self.text));
                let in_title = self.within.iter().any(|open| open == "title");
                if in_title && let Some(title) = self.titles.last_mut() {
                    title.push_str(&text);
                    return;
                }
                let format = self.format(matches!(place, Some("cat" | "xVal"))).to_owned();
                let Some(series) = self.series.last_mut() else {
                    return;
                };
                self.points += 1;
                let number = |text: &str| shown(text, &format, self.from_1904);
                match place {
                    Some("tx") => series.name = one_line(&format!("{} {text}", series.name)),
                    Some("cat" | "xVal") => {
                        // Without a format it is text, or a number that was typed: 007.
                        let text = if format.is_empty() { text } else { number(&text) };
                        match series.categories.last_mut() {
                            Some(level) => level.push((self.index, text)),
                            None => series.categories.push(vec![(self.index, text)]),
                        }
                    }
                    Some("val" | "yVal") => series.values.push((self.index, number(&text))),
                    Some("bubbleSize") => series.sizes.push((self.index, number(&text))),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn lines(mut self) -> Vec<String> {
        let with_sizes = |mut series: Series| {
            let sizes = series.take_sizes();
            [series].into_iter().chain(sizes)
        };
        self.series = self.series.into_iter().flat_map(with_sizes).collect();
        let mut lines: Vec<String> =
            self.titles.iter().map(|title| one_line(title)).filter(|title| !title.is_empty()).collect();
        lines.extend(self.kinds.iter().map(|kind| (*kind).to_owned()));
        let mut rows: Vec<(usize, String, Vec<String>)> = Vec::new();
        let width = self.series.len();
        for (column, series) in self.series.iter().enumerate() {
            for (index, value) in &series.values {
                let category = series.category(*index);
                let row = rows.iter().position(|row| row.0 == *index && row.1 == category).unwrap_or_else(|| {
                    rows.push((*index, category, vec![String::new(); width]));
                    rows.len() - 1
                });
                value.clone_into(&mut rows[row].2[column]);
            }
        }
        rows.sort_by_key(|row| row.0);
        let has_categories = rows.iter().any(|row| !row.1.is_empty());
        let line = |first: &str, rest: Vec<&str>| {
            let first = has_categories.then_some(first);
            first.into_iter().chain(rest).collect::<Vec<_>>().join(" | ").trim_end_matches([' ', '|']).to_owned()
        };
        if self.series.iter().any(|series| !series.name.is_empty()) {
            lines.push(line("", self.series.iter().map(|series| series.name.as_str()).collect()));
        }
        lines.extend(
            rows.iter().map(|(_, category, values)| line(category, values.iter().map(String::as_str).collect())),
        );
        lines
    }
}

/// The name of the kind of chart.
fn kind(tag: &str) -> Option<&'static str> {
    Some(match tag {
        "barChart" | "bar3DChart" => "Bar chart",
        "lineChart" | "line3DChart" => "Line chart",
        "pieChart" | "pie3DChart" | "ofPieChart" => "Pie chart",
        "doughnutChart" => "Doughnut chart",
        "areaChart" | "area3DChart" => "Area chart",
        "scatterChart" => "Scatter chart",
        "bubbleChart" => "Bubble chart",
        "radarChart" => "Radar chart",
        "stockChart" => "Stock chart",
        "surfaceChart" | "surface3DChart" => "Surface chart",
        _ => return None,
    })
}

fn shown(value: &str, format: &str, from_1904: bool) -> String {
    let Ok(number) = value.parse::<f64>() else {
        return value.to_owned();
    };
    if is_of_dates(format) {
        let moment = ExcelDateTime::new(number, ExcelDateTimeType::DateTime, from_1904);
        return xlsx_rows::shown_moment(moment, format);
    }
    xlsx_format::shown(number, format)
        .unwrap_or_else(|| format!("{number:.14e}").parse().map_or(value.to_owned(), |number: f64| number.to_string()))
}

/// Whether the format has places for a day, a month or a year.
fn is_of_dates(format: &str) -> bool {
    let mut chars = format.split(';').next().unwrap_or_default().chars();
    let (mut has_date, mut has_digits) = (false, false);
    while let Some(c) = chars.next() {
        match c.to_ascii_lowercase() {
            '"' => chars.by_ref().take_while(|c| *c != '"').for_each(drop),
            '[' => chars.by_ref().take_while(|c| *c != ']').for_each(drop),
            '\\' | '_' | '*' => drop(chars.next()),
            'y' | 'd' | 'm' => has_date = true,
            '0' | '#' | '?' => has_digits = true,
            _ => {}
        }
    }
    has_date && !has_digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(xml: &str) -> Result<String, FailureCode> {
        chart_of(xml, &HashMap::new())
    }

    #[test]
    fn values_stand_with_their_category_and_series() {
        let series = |name: &str, values: [&str; 2]| {
            let point = |(index, value): (usize, &&str)| format!("<c:pt idx='{index}'><c:v>{value}</c:v></c:pt>");
            let points: String = values.iter().enumerate().map(point).collect();
            let years: String = ["2021", "2022"].iter().enumerate().map(point).collect();
            format!(
                "<c:ser><c:tx><c:strRef><c:f>A</c:f><c:strCache><c:pt idx='0'><c:v>{name}</c:v></c:pt></c:strCache></c:strRef>\
                 </c:tx><c:cat>{years}</c:cat><c:val><c:numCache><c:formatCode>0%</c:formatCode>{points}</c:numCache>\
                 </c:val></c:ser>"
            )
        };
        let xml = format!(
            "<c:chart xmlns:c='c' xmlns:a='a'><c:title><a:p><a:t>Share</a:t></a:p></c:title><c:lineChart>{}{}</c:lineChart></c:chart>",
            series("A", ["0.5", "0.1"]),
            series("B", ["1", "0"])
        );
        assert_eq!(chart(&xml).unwrap(), "Share\nLine chart\n | A | B\n2021 | 50% | 100%\n2022 | 10% | 0%");
    }

    fn points(points: &[(u32, &str)]) -> String {
        points
            .iter()
            .fold(String::new(), |all, (place, value)| format!("{all}<c:pt idx='{place}'><c:v>{value}</c:v></c:pt>"))
    }

    #[test]
    fn categories_have_the_levels_above_them() {
        let level = |level: &[(u32, &str)]| format!("<c:lvl>{}</c:lvl>", points(level));
        let xml = format!(
            "<c:chart xmlns:c='c'><c:ser><c:cat><c:multiLvlStrRef><c:multiLvlStrCache>{}{}{}</c:multiLvlStrCache>\
             </c:multiLvlStrRef></c:cat><c:val>{}</c:val></c:ser></c:chart>",
            level(&[(0, "Q1"), (1, "Q2"), (2, "Q1"), (3, "Q2")]),
            level(&[(0, "2022"), (2, "2023")]),
            level(&[(0, "North")]),
            points(&[(0, "1"), (1, "2"), (2, "3"), (3, "4")]),
        );
        let expected = "North 2022 Q1 | 1\nNorth 2022 Q2 | 2\nNorth 2023 Q1 | 3\nNorth 2023 Q2 | 4";
        assert_eq!(chart(&xml).unwrap(), expected);
    }

    #[test]
    fn dates_and_numbers_of_an_axis_are_shown_as_such() {
        let chart_of = |before: &str, format: &str, places: &[(u32, &str)]| {
            chart(&format!(
                "<c:chart xmlns:c='c'>{before}<c:ser><c:cat><c:numRef><c:numCache><c:formatCode>{format}</c:formatCode>{}\
                 </c:numCache></c:numRef></c:cat><c:val>{}</c:val></c:ser></c:chart>",
                points(places),
                points(&[(0, "7")]),
            ))
            .unwrap()
        };
        assert_eq!(chart_of("", "yyyy\\-mm\\-dd", &[(0, "45292.0")]), "2024-01-01 | 7");
        assert_eq!(chart_of("", "m/d/yy h:mm", &[(0, "45292.5")]), "2024-01-01 12:00:00 | 7");
        assert_eq!(chart_of("<c:date1904 val='1'/>", "d/m/yyyy", &[(0, "43830")]), "2024-01-01 | 7");
        assert_eq!(chart_of("", "General", &[(0, "2021.0")]), "2021 | 7");
        assert_eq!(chart_of("", "0%", &[(0, "0.5")]), "50% | 7");
        let typed = format!(
            "<c:chart xmlns:c='c'><c:ser><c:cat><c:strRef><c:strCache>{}</c:strCache></c:strRef></c:cat><c:val>{}</c:val></c:ser></c:chart>",
            points(&[(0, "007")]),
            points(&[(0, "1")])
        );
        assert_eq!(chart(&typed).unwrap(), "007 | 1");
    }

    #[test]
    fn formats_may_be_those_of_a_point_of_the_cells_or_of_the_axis() {
        let series = |format: &str, own: &str| {
            format!(
                "<c:chart xmlns:c='c'><c:ser><c:cat><c:numRef><c:f>A!$A$2</c:f><c:numCache>{format}<c:pt idx='0'{own}>\
                 <c:v>45292</c:v></c:pt></c:numCache></c:numRef></c:cat><c:val>{}</c:val></c:ser>{}</c:chart>",
                points(&[(0, "7")]),
                "<c:dateAx><c:numFmt formatCode='d/m/yyyy'/></c:dateAx>"
            )
        };
        let general = "<c:formatCode>General</c:formatCode>";
        assert_eq!(chart(&series("", "")).unwrap(), "2024-01-01 | 7");
        assert_eq!(chart(&series(general, "")).unwrap(), "2024-01-01 | 7");
        assert_eq!(chart(&series(general, " formatCode='yyyy'")).unwrap(), "2024 | 7");
        let formats = [("A!$A$2".to_owned(), "0.00".to_owned())].into();
        assert_eq!(chart_of(&series(general, ""), &formats).unwrap(), "45292.00 | 7");
        assert_eq!(chart_of(&series("<c:formatCode>0</c:formatCode>", ""), &formats).unwrap(), "45292 | 7");
        assert_eq!(without_format(&series(general, "")).unwrap(), ["A!$A$2"]);
        assert_eq!(without_format(&series("<c:formatCode>0</c:formatCode>", "")).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn bubbles_have_their_sizes() {
        let values = |tag: &str, values: [&str; 2]| {
            format!("<c:{tag}><c:numCache>{}</c:numCache></c:{tag}>", points(&[(0, values[0]), (1, values[1])]))
        };
        let xml = format!(
            "<c:chart xmlns:c='c'><c:bubbleChart><c:ser><c:tx><c:v>Boats</c:v></c:tx>{}{}{}</c:ser></c:bubbleChart></c:chart>",
            values("xVal", ["1", "3"]),
            values("yVal", ["2", "4"]),
            values("bubbleSize", ["10", "20"]),
        );
        assert_eq!(chart(&xml).unwrap(), "Bubble chart\n | Boats | Boats (size)\n1 | 2 | 10\n3 | 4 | 20");
    }
}

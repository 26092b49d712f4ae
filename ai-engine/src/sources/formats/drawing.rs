//! What charts and diagrams of Office files say.

use collabry_shared::sources::FailureCode;
use quick_xml::events::BytesStart;

use super::archive::{Archive, Relationship};
use super::xlsx_format;
use super::xml::{self, Node};
use crate::sources::builder::one_line;

/// Points of a chart that are read.
const MAX_POINTS: usize = 20_000;

/// Longer descriptions of pictures are cut.
const MAX_DESCRIPTION_CHARS: usize = 1_000;

/// A series of a chart: values by the places of their categories.
#[derive(Debug, Default)]
struct Series {
    name: String,
    categories: Vec<(usize, String)>,
    values: Vec<(usize, String)>,
}

/// The chart as lines: its titles, what kind of chart it is, then a table with a row per category and a column per series.
pub fn chart(xml: &str) -> Result<String, FailureCode> {
    let mut reader = ChartReader::default();
    xml::walk(xml, |node| {
        match node {
            Node::Open(tag, element) => reader.open(tag, xml::attribute(element, "idx")),
            Node::Text(text) => reader.text(text),
            Node::Close(tag) => reader.close(tag),
        }
        Ok(())
    })?;
    Ok(reader.lines().join("\n"))
}

#[derive(Debug, Default)]
struct ChartReader {
    titles: Vec<String>,
    /// One, or those that lie over each other.
    kinds: Vec<&'static str>,
    series: Vec<Series>,
    /// The names of the open elements that matter.
    within: Vec<String>,
    text: String,
    format: String,
    index: usize,
    points: usize,
}

impl ChartReader {
    fn open(&mut self, tag: &str, index: Option<String>) {
        match tag {
            "ser" => self.series.push(Series::default()),
            "v" | "t" | "formatCode" => self.text.clear(),
            "pt" => self.index = index.and_then(|index| index.parse().ok()).unwrap_or_default(),
            "cat" | "val" | "xVal" | "yVal" | "bubbleSize" => self.format.clear(),
            "title" => self.titles.push(String::new()),
            _ => self.kinds.extend(kind(tag).filter(|kind| !self.kinds.contains(kind))),
        }
        if matches!(
            tag,
            "title" | "ser" | "tx" | "cat" | "val" | "xVal" | "yVal" | "v" | "t" | "formatCode" | "bubbleSize"
        ) {
            self.within.push(tag.to_owned());
        }
    }

    fn text(&mut self, text: &str) {
        if self.within.last().is_some_and(|tag| matches!(tag.as_str(), "v" | "t" | "formatCode")) {
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
            "t" if self.within.iter().any(|open| open == "title") => {
                if let Some(title) = self.titles.last_mut() {
                    title.push_str(&self.text);
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
                let Some(series) = self.series.last_mut() else {
                    return;
                };
                self.points += 1;
                match place {
                    Some("tx") => series.name = one_line(&format!("{} {text}", series.name)),
                    Some("cat" | "xVal") => put(&mut series.categories, self.index, text),
                    Some("val" | "yVal") => put(&mut series.values, self.index, shown(&text, &self.format)),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn lines(self) -> Vec<String> {
        let mut lines: Vec<String> =
            self.titles.iter().map(|title| one_line(title)).filter(|title| !title.is_empty()).collect();
        lines.extend(self.kinds.iter().map(|kind| (*kind).to_owned()));
        let mut rows: Vec<(usize, String, Vec<String>)> = Vec::new();
        let width = self.series.len();
        for (column, series) in self.series.iter().enumerate() {
            for (index, value) in &series.values {
                let category = series.categories.iter().find(|(place, _)| place == index);
                let category = category.map(|(_, category)| category.clone()).unwrap_or_default();
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

/// What people call the kind of chart.
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

/// Several levels of a category have the same place.
fn put(points: &mut Vec<(usize, String)>, index: usize, text: String) {
    match points.iter_mut().rev().take(1).find(|(place, _)| *place == index) {
        Some((_, before)) => *before = format!("{text} {before}"),
        None => points.push((index, text)),
    }
}

fn shown(value: &str, format: &str) -> String {
    let Ok(number) = value.parse::<f64>() else {
        return value.to_owned();
    };
    xlsx_format::shown(number, format)
        .unwrap_or_else(|| format!("{number:.14e}").parse().map_or(value.to_owned(), |number: f64| number.to_string()))
}

/// What the part that is linked to says, when it is a chart or a diagram and says anything.
pub fn linked(archive: &mut Archive, link: &Relationship) -> Result<Option<String>, FailureCode> {
    let read = match link.kind.as_str() {
        "chart" => chart,
        "chartEx" | "diagramData" => paragraphs,
        _ => return Ok(None),
    };
    let Some(xml) = archive.text(&link.target)? else {
        return Ok(None);
    };
    // The document can be read without a part that is broken.
    Ok(read(&xml).ok().filter(|text| !text.is_empty()))
}

/// What someone wrote for those who do not see a picture; programs put the file's name there.
pub fn description(element: &BytesStart<'_>) -> Option<String> {
    let said = one_line(&xml::attribute(element, "descr")?);
    let said = said.trim_end_matches("Description automatically generated").trim_end();
    let is_file = !said.contains(' ') && said.contains(['.', '/', '_']);
    (!is_file && said.chars().filter(|c| c.is_alphabetic()).count() > 2)
        .then(|| said.chars().take(MAX_DESCRIPTION_CHARS).collect())
}

/// The paragraphs of any drawing, a line each.
pub fn paragraphs(xml: &str) -> Result<String, FailureCode> {
    let (mut lines, mut line, mut in_text) = (Vec::new(), String::new(), false);
    // Content controls that show what is to be entered.
    let (mut controls, mut prompts) = (Vec::new(), 0);
    xml::walk(xml, |node| {
        match node {
            Node::Open("sdt", _) => controls.push(false),
            Node::Open("showingPlcHdr", _) => {
                if let Some(control) = controls.last_mut().filter(|control| !**control) {
                    *control = true;
                    prompts += 1;
                }
            }
            Node::Close("sdt") => prompts -= usize::from(controls.pop().unwrap_or_default()),
            Node::Open("t", _) => in_text = prompts == 0,
            Node::Close("t") => in_text = false,
            Node::Open("br", _) => line.push(' '),
            Node::Text(text) if in_text => line.push_str(text),
            Node::Close("p") => lines.push(one_line(&std::mem::take(&mut line))),
            _ => {}
        }
        Ok(())
    })?;
    lines.push(one_line(&line));
    lines.retain(|line| !line.is_empty());
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::chart;

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
}

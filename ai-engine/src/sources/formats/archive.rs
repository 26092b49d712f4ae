//! Opens the zip containers of Office files without trusting their metadata.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom, Write as _};
use std::path::Path;

use collabry_shared::sources::{FailureCode, Unread};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::xml::{self, Node};
use super::{docx_links, drawing, io_code, text};
use crate::sources::builder::DocumentBuilder;

const MAX_ENTRIES: usize = 20_000;

/// Bytes that all parts together may unpack to.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;

/// Honest parts pack to a tenth, tables of repeated values to a fiftieth.
const MAX_RATIO: u64 = 200;

/// Below this a high ratio does no harm: an empty sheet packs well.
const RATIO_MATTERS_ABOVE: u64 = 8 * 1024 * 1024;

/// The most bytes of parts that are read together.
const CHUNK_BYTES: u64 = 4 * 1024 * 1024;

pub trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

/// The container's bytes: those of the file, or a copy with repaired names of parts.
pub type Container = Box<dyn ReadSeek>;

/// A zip container whose parts are read within a common budget.
pub struct Archive {
    zip: ZipArchive<Container>,
    budget: u64,
}

impl Archive {
    pub fn open(path: &Path) -> Result<Self, FailureCode> {
        let zip = ZipArchive::new(Self::container(path)?).map_err(|_| FailureCode::Damaged)?;
        Ok(Self { zip, budget: MAX_UNPACKED })
    }

    /// The bytes of the container at `path`. Some Windows programs write `xl\workbook.xml`, which nobody else finds.
    pub fn container(path: &Path) -> Result<Container, FailureCode> {
        let mut file = File::open(path).map_err(|_| FailureCode::FileMissing)?;
        if is_ole(&mut file) {
            return Err(FailureCode::Encrypted);
        }
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| FailureCode::Damaged)?;
        if zip.len() > MAX_ENTRIES {
            return Err(FailureCode::ZipBomb);
        }
        let has_backslashes = zip.file_names().flatten().any(|name| name.contains('\\'));
        if has_backslashes { renamed(&mut zip) } else { Ok(Box::new(zip.into_inner())) }
    }

    /// The name of the main part, from the container's relationships: nearly always `usual`.
    /// If it is in another folder, the container is another kind of document.
    pub fn main_part(&mut self, usual: &str) -> Result<String, FailureCode> {
        let main = self.relationships("")?.into_values().find(|relationship| relationship.kind == "officeDocument");
        let main = main.map_or_else(|| usual.to_owned(), |relationship| relationship.target);
        let folder = |part: &str| part.split_once('/').map(|(folder, _)| folder.to_owned());
        // Some programs write no folders.
        let is_usual = folder(&main) == folder(usual) || Some(main.as_str()) == usual.rsplit('/').next();
        if is_usual && self.zip.index_for_name(&main).is_some() { Ok(main) } else { Err(FailureCode::Mislabelled) }
    }

    /// The container at `path` with other text in some of its parts.
    pub fn container_with(path: &Path, parts: &HashMap<String, String>) -> Result<Container, FailureCode> {
        let mut zip = ZipArchive::new(Self::container(path)?).map_err(|error| code(&error))?;
        let mut changed = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..zip.len() {
            let part = zip.by_index_raw(index).map_err(|error| code(&error))?;
            let name = part.name().map_err(|_| FailureCode::Damaged)?.into_owned();
            if let Some(text) = parts.get(&name) {
                changed.start_file(name, SimpleFileOptions::default()).map_err(|error| code(&error))?;
                changed.write_all(text.as_bytes()).map_err(|error| io_code(&error, FailureCode::Damaged))?;
            } else {
                changed.raw_copy_file(part).map_err(|error| code(&error))?;
            }
        }
        rewound(changed)
    }

    /// A part that another one names.
    pub fn required(&mut self, name: &str) -> Result<String, FailureCode> {
        self.text(name)?.ok_or(FailureCode::Damaged)
    }

    /// A part as text; `None`: there is no such part.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, FailureCode> {
        let Some(bytes) = self.bytes(name)? else {
            return Ok(None);
        };
        // XML is UTF-8 unless it has a byte order mark of UTF-16; no office application writes anything else.
        let (text, ..) = encoding_rs::UTF_8.decode(&bytes);
        Ok(Some(text.into_owned()))
    }

    /// Reads a part as a text file in any encoding; `None` when the part is missing or is not text.
    pub fn text_file(&mut self, name: &str) -> Result<Option<String>, FailureCode> {
        Ok(self.bytes(name)?.and_then(|bytes| text::decode(&bytes, None).ok()))
    }

    /// Unpacks everything once, for readers that open the file themselves, and shows `look` each stretch of each part.
    pub fn check_all(&mut self, mut look: impl FnMut(&str, &[u8])) -> Result<(), FailureCode> {
        for index in 0..self.zip.len() {
            let mut part = self.zip.by_index(index).map_err(|error| code(&error))?;
            let (packed, name) = (part.compressed_size(), part.name().map_err(|_| FailureCode::Damaged)?.into_owned());
            let (mut unpacked, mut chunk) = (0, Vec::new());
            while unpacked <= self.budget {
                // What lies across the border of two chunks is seen too.
                chunk.drain(..chunk.len().saturating_sub(64));
                let read = (&mut part).take(CHUNK_BYTES).read_to_end(&mut chunk).map_err(|_| FailureCode::Damaged)?;
                if read == 0 {
                    break;
                }
                unpacked += read as u64;
                look(&name, &chunk);
            }
            self.budget = spend(self.budget, packed, unpacked)?;
        }
        Ok(())
    }

    /// The relationships of a part by their ids; of the container itself if `part` is empty.
    pub fn relationships(&mut self, part: &str) -> Result<HashMap<String, Relationship>, FailureCode> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let mut found = HashMap::new();
        let list = format!("{folder}/_rels/{file}.rels");
        let Some(xml) = self.text(list.trim_start_matches('/'))? else {
            return Ok(found);
        };
        xml::walk(&xml, |node| {
            if let Node::Open("Relationship", element) = node
                && let (Some(id), Some(kind), Some(target)) =
                    (xml::attribute(element, "Id"), xml::attribute(element, "Type"), xml::attribute(element, "Target"))
            {
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                found.insert(id, Relationship { kind, target: resolve(folder, &target) });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// The size of a part, as the archive states it; 0 if there is no such part.
    pub fn size(&mut self, name: &str) -> u64 {
        self.zip.by_name(name).map_or(0, |part| part.size())
    }

    /// The names of all parts.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.zip.file_names().flatten()
    }

    /// Notes what the part links to and readers of text leave out.
    pub fn note_omitted(&mut self, part: &str, builder: &mut DocumentBuilder) -> Result<(), FailureCode> {
        let links: BTreeSet<_> = self
            .relationships(part)?
            .into_values()
            .filter_map(|link| Some((unread(&link.kind)?, link.target, link.kind)))
            .collect();
        for (what, target, kind) in links {
            let link = Relationship { kind, target };
            let is_read = match what {
                Unread::Charts | Unread::Diagrams => drawing::linked(self, &link)?.is_some(),
                Unread::EmbeddedFiles => docx_links::included(self, &link)?.is_some(),
                _ => false,
            };
            if !is_read {
                builder.omit(what);
            }
        }
        Ok(())
    }

    fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, FailureCode> {
        let part = match self.zip.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(code(&error)),
        };
        let packed = part.compressed_size();
        let mut bytes = Vec::new();
        part.take(self.budget + 1).read_to_end(&mut bytes).map_err(|error| io_code(&error, FailureCode::Damaged))?;
        self.budget = spend(self.budget, packed, bytes.len() as u64)?;
        Ok(Some(bytes))
    }
}

/// The container with slashes in its parts' names, which stay packed.
fn renamed<R: Read + Seek>(zip: &mut ZipArchive<R>) -> Result<Container, FailureCode> {
    let mut renamed = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..zip.len() {
        let part = zip.by_index_raw(index).map_err(|error| code(&error))?;
        let name = part.name().map_err(|_| FailureCode::Damaged)?.replace('\\', "/");
        renamed.raw_copy_file_rename(part, name).map_err(|error| code(&error))?;
    }
    rewound(renamed)
}

fn rewound(zip: ZipWriter<Cursor<Vec<u8>>>) -> Result<Container, FailureCode> {
    let mut bytes = zip.finish().map_err(|error| code(&error))?;
    bytes.rewind().map_err(|_| FailureCode::Damaged)?;
    Ok(Box::new(bytes))
}

/// A link from one part to another.
#[derive(Debug, PartialEq)]
pub struct Relationship {
    /// `slide`, `notesSlide` …
    pub kind: String,
    pub target: String,
}

/// What a link of this kind leads to that is not read.
fn unread(kind: &str) -> Option<Unread> {
    Some(match kind {
        "chart" | "chartEx" => Unread::Charts,
        "diagramData" => Unread::Diagrams,
        "image" | "video" | "audio" => Unread::Pictures,
        "oleObject" | "package" | "aFChunk" | "subDocument" => Unread::EmbeddedFiles,
        _ => return None,
    })
}

fn spend(budget: u64, packed: u64, unpacked: u64) -> Result<u64, FailureCode> {
    if unpacked > RATIO_MATTERS_ABOVE && unpacked / packed.max(1) > MAX_RATIO {
        return Err(FailureCode::ZipBomb);
    }
    budget.checked_sub(unpacked).ok_or(FailureCode::ZipBomb)
}

fn code(error: &ZipError) -> FailureCode {
    match error {
        ZipError::UnsupportedArchive(why) if *why == ZipError::PASSWORD_REQUIRED => FailureCode::Encrypted,
        _ => FailureCode::Damaged,
    }
}

/// Office puts password-protected files into the container of its old formats.
fn is_ole(file: &mut File) -> bool {
    let mut magic = [0; 8];
    let read = file.read_exact(&mut magic).is_ok();
    file.seek(SeekFrom::Start(0)).is_ok() && read && magic == *b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"
}

/// `target` is relative to `folder`, or absolute with a slash in front.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => drop(path.pop()),
            "." | "" => {}
            _ => path.push(step),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved() {
        assert_eq!(resolve("ppt/slides", "../notesSlides/n1.xml"), "ppt/notesSlides/n1.xml");
        assert_eq!(resolve("ppt", "slides/s1.xml"), "ppt/slides/s1.xml");
        assert_eq!(resolve("ppt", "/ppt/slides/s1.xml"), "ppt/slides/s1.xml");
        assert_eq!(resolve("", "../../x"), "x");
    }
}

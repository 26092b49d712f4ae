//! The content type that a server declares.

use collabry_shared::sources::FailureCode;
use url::Url;

/// The file extension for a content type; a missing or generic content type leaves the choice to the URL.
pub fn extension(content_type: Option<&str>, url: &Url) -> Result<String, FailureCode> {
    let essence =
        content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase();
    let extension = match essence.as_str() {
        "text/html" | "application/xhtml+xml" => "html",
        "application/pdf" | "application/x-pdf" => "pdf",
        "text/markdown" | "text/x-markdown" => "md",
        "text/csv" => "csv",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => "pptx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "" | "text/plain" | "application/octet-stream" | "binary/octet-stream" => return Ok(from_url(url)),
        other if other.starts_with("text/") => "txt",
        _ => return Err(FailureCode::UrlContentType),
    };
    Ok(extension.to_owned())
}

fn from_url(url: &Url) -> String {
    let file = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    file.rsplit_once('.').map_or("txt", |(_, extension)| extension).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_become_extensions() {
        let at = |content_type, url: &str| extension(content_type, &url.parse().unwrap());
        assert_eq!(at(Some("Text/HTML; charset=utf-8"), "https://x/a.pdf").as_deref(), Ok("html"));
        assert_eq!(at(Some("text/plain"), "https://x/README.md?raw").as_deref(), Ok("md"));
        assert_eq!(at(None, "https://x/").as_deref(), Ok("txt"));
        assert_eq!(at(Some("image/png"), "https://x/a.html"), Err(FailureCode::UrlContentType));
    }
}

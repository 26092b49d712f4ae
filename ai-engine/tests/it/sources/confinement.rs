//! What a hostile file could do, had it taken over the child or a program that the child starts: here the programs are
//! hostile themselves, and say in the document what they got at.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use collabry_shared::config::ExtractionConfig;
use collabry_shared::sources::Format;
use tokio::net::TcpListener;

use super::{config, extract_with, extractor};

/// The start of a page and the form of a word, as `pdftotext -bbox-layout` prints them.
const PAGE: &str = r#"#!/bin/bash
exec 2>&-
echo '<page width="900" height="100">'
echo '<block xMin="0" yMin="10" xMax="900" yMax="20">'
echo '<line xMin="0" yMin="10" xMax="900" yMax="20">'
left=0
say() { echo "<word xMin=\"$left\" yMin=\"10\" xMax=\"$((left + 50))\" yMax=\"20\">$1</word>"; left=$((left + 55)); }
try() { "${@:2}" >/dev/null && say "got:$1"; }
"#;

/// `pdfinfo` and `pdftotext`, which try what is asked of `$1` and print the names of what succeeded.
fn tools(folder: &Path, attempts: &str) {
    let info = "#!/bin/bash\necho 'Pages: 1'\n".to_owned();
    let text = format!("{PAGE}{attempts}\nsay tried\necho '</page>'\n");
    for (name, script) in [("pdfinfo", info), ("pdftotext", text)] {
        let file = folder.join(name);
        std::fs::write(&file, script).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn attempts(data: &Path, port: u16, server: u32) -> String {
    [
        format!("try environ head -c 1 /proc/{server}/environ"),
        "try parent head -c 1 /proc/$PPID/environ".to_owned(),
        format!("try data cat {}", data.display()),
        format!("try folder ls {}", data.parent().unwrap().display()),
        "try passwords head -c 1 /etc/passwd".to_owned(),
        format!("connect() {{ exec 3<>/dev/tcp/127.0.0.1/{port}; }}; try network connect"),
        "try processes ls /proc".to_owned(),
        "try namespaces unshare -Ur true".to_owned(),
        "try system cat /usr/bin/env".to_owned(),
    ]
    .join("\n")
}

#[tokio::test]
async fn the_reader_gets_at_its_file_and_the_system_and_at_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("collabry.db");
    std::fs::write(&data, "secret").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let programs = tempfile::tempdir().unwrap();
    tools(programs.path(), &attempts(&data, port, std::process::id()));

    // Without confinement the same attempts succeed, so the test is meaningful.
    let outside = Command::new(programs.path().join("pdftotext")).output().unwrap();
    let outside = String::from_utf8(outside.stdout).unwrap();
    for name in ["environ", "parent", "data", "folder", "passwords", "network", "processes", "system"] {
        assert!(outside.contains(&format!(">got:{name}<")), "{name}: {outside}");
    }

    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let extractor = extractor(ExtractionConfig { path, ..config() });
    let document = extract_with(&extractor, Format::Pdf, b"%PDF-1.7\n%%EOF\n").await.unwrap();
    let inside: Vec<_> = document.text.split_whitespace().collect();
    assert_eq!(inside, ["got:system", "tried"]);
}

//! The targets of links.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Component, Path, PathBuf},
};

use fluent_uri::UriRef;

use crate::{markdown::Document, tree};

/// All Markdown files of a tree.
#[derive(Debug)]
pub(crate) struct Site {
    root: PathBuf,
    documents: BTreeMap<PathBuf, Document>,
}

impl Site {
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut documents = BTreeMap::new();
        for path in tree::files(root, "md")? {
            let text = fs::read_to_string(&path)?;
            documents.insert(path, Document::parse(&text));
        }
        Ok(Self {
            root: root.to_owned(),
            documents,
        })
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.documents.contains_key(&self.root.join(path))
    }

    /// Every broken link, as `file:line: link, and why`.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (path, document) in &self.documents {
            let shown = path.strip_prefix(&self.root).unwrap_or(path).display();
            for link in &document.links {
                if let Some(why) = self.fault(path, &link.target) {
                    broken.push(format!("{shown}:{}: {}: {why}", link.line, link.target));
                }
            }
            for link in &document.undefined {
                let why = "the reference is not defined";
                broken.push(format!("{shown}:{}: {}: {why}", link.line, link.target));
            }
        }
        broken
    }

    fn fault(&self, from: &Path, target: &str) -> Option<String> {
        let uri = match UriRef::parse(target) {
            Ok(uri) => uri,
            Err(error) => return Some(format!("not a URL: {error}")),
        };
        let host = uri.authority().map(|authority| authority.host());
        match uri.scheme().map(|scheme| scheme.as_str()) {
            Some("http" | "https") if host.is_none_or(str::is_empty) => {
                Some("it names no host".to_owned())
            }
            Some("http" | "https" | "mailto") => None,
            Some(other) => Some(format!("links of the scheme {other} are not for documents")),
            None if host.is_some() => Some("it names a host and no scheme".to_owned()),
            None => self.local_fault(
                from,
                &uri.path().decode().to_string_lossy(),
                uri.fragment()
                    .map(|f| f.decode().to_string_lossy())
                    .as_deref(),
            ),
        }
    }

    fn local_fault(&self, from: &Path, path: &str, anchor: Option<&str>) -> Option<String> {
        if path.starts_with('/') {
            return Some("a path has to be relative".to_owned());
        }
        let file = if path.is_empty() {
            from.to_owned()
        } else {
            resolve(from.parent()?, path)
        };
        if !file.starts_with(&self.root) {
            return Some("it leads out of the repository".to_owned());
        }
        if !file.exists() {
            return Some("no such file".to_owned());
        }
        let anchor = anchor?;
        match self.documents.get(&file) {
            Some(document) if document.anchors.contains(anchor) => None,
            Some(_) => Some("no such heading".to_owned()),
            None if file.is_file() && is_line(anchor) => None,
            None => Some("only headings and lines have anchors".to_owned()),
        }
    }
}

/// The path without `.` and `..`. The text of the link decides; symbolic links are not followed.
fn resolve(directory: &Path, path: &str) -> PathBuf {
    let mut resolved = directory.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    resolved
}

/// `L12` or `L12-L20`, as GitHub names lines of a source.
fn is_line(anchor: &str) -> bool {
    anchor.split('-').all(|end| {
        end.strip_prefix('L')
            .is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The broken links of `docs/a.md`, beside a README and a source.
    fn broken(text: &str) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("docs")).unwrap();
        fs::create_dir_all(root.path().join("target")).unwrap();
        fs::write(root.path().join("README.md"), "# Read me\n").unwrap();
        fs::write(root.path().join("main.rs"), "fn main() {}\n").unwrap();
        fs::write(root.path().join("target/b.md"), "[x](nowhere.md)\n").unwrap();
        fs::write(root.path().join("docs/a.md"), text).unwrap();
        Site::read(root.path()).unwrap().broken()
    }

    #[test]
    fn good_links_are_not_reported() {
        let text = "# One\n[a](#one) [b](../README.md#read-me) [c](../docs) [d](./a.md) [e](../main.rs#L1) \
                    [f](https://kafka.apache.org/42/?a=b#c) <https://example.com>\n";
        assert_eq!(broken(text), [""; 0]);
    }

    #[test]
    fn each_broken_link_is_reported_with_its_file_and_line() {
        for (link, why) in [
            ("#two", "no such heading"),
            ("b.md", "no such file"),
            ("../README.md#read", "no such heading"),
            ("../main.rs#main", "only headings and lines have anchors"),
            ("../../etc", "it leads out of the repository"),
            ("/README.md", "a path has to be relative"),
            ("//example.com/a", "it names a host and no scheme"),
            ("https:///a", "it names no host"),
            (
                "ftp://example.com",
                "links of the scheme ftp are not for documents",
            ),
        ] {
            let text = format!("# One\n\n[x]({link})\n");
            assert_eq!(broken(&text), [format!("docs/a.md:3: {link}: {why}")]);
        }
        assert!(broken("[x](https://exa[mple)\n")[0].contains("not a URL"));
    }

    #[test]
    fn all_of_them_are_reported_at_once() {
        assert_eq!(broken("[x](b.md)\n\n[y](c.md)\n\n[z][nowhere]\n").len(), 3);
    }
}

//! Values read from files, such as secrets.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use super::SettingsError;

/// No secret is longer. A larger file is a mistake.
const LARGEST: u64 = 64 * 1024;

/// The content of a file without one trailing line end.
pub(super) fn value(property: &str, path: &Path, origin: &str) -> Result<String, SettingsError> {
    let bytes = read(path).map_err(|source| SettingsError::FileUnreadable {
        property: property.to_owned(),
        path: path.to_owned(),
        origin: origin.to_owned(),
        source,
    })?;
    usable(bytes).map_err(|detail| SettingsError::FileUnusable {
        property: property.to_owned(),
        path: path.to_owned(),
        origin: origin.to_owned(),
        detail,
    })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A pipe or a device may not end: one byte above the limit is enough to refuse it.
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The value, or what is wrong with it. The reason never quotes the content.
fn usable(bytes: Vec<u8>) -> Result<String, &'static str> {
    if u64::try_from(bytes.len()).is_ok_and(|size| size > LARGEST) {
        return Err("is larger than 64 KiB");
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not text in UTF-8")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let value = line.strip_suffix('\r').unwrap_or(line);
    match value {
        "" => Err("is empty"),
        value if value.contains('\0') => Err("contains a NUL byte"),
        value => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_cut_off_and_nothing_else() {
        for (text, value) in [
            ("hunter2", "hunter2"),
            ("hunter2\n", "hunter2"),
            ("hunter2\r\n", "hunter2"),
            (" hunter2 \n\n", " hunter2 \n"),
            ("a\nb\n", "a\nb"),
        ] {
            assert_eq!(usable(text.into()).as_deref(), Ok(value));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for (bytes, detail) in [
            (b"".to_vec(), "is empty"),
            (b"\n".to_vec(), "is empty"),
            (b"\r\n".to_vec(), "is empty"),
            (b"hunter2\xff".to_vec(), "is not text in UTF-8"),
            (b"hunter2\0".to_vec(), "contains a NUL byte"),
            (vec![b'x'; 70_000], "is larger than 64 KiB"),
        ] {
            assert_eq!(usable(bytes), Err(detail));
        }
    }

    #[test]
    fn an_error_names_the_property_the_file_and_who_named_it_but_no_value() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("odd");
        std::fs::write(&odd, b"hunter2\0").unwrap();
        let missing = folder.path().join("missing");
        for path in [&odd, &missing, &folder.path().to_owned()] {
            let error = value("sasl.password", path, "the environment").unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("`sasl.password`"), "{shown}");
            assert!(shown.contains(&path.display().to_string()), "{shown}");
            assert!(shown.contains("the environment"), "{shown}");
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_device_without_end_is_not_read_to_its_end() {
        let zero = Path::new("/dev/zero");
        if zero.exists() {
            assert!(value("sasl.password", zero, "the environment").is_err());
        }
    }
}

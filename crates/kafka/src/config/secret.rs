//! Which properties are secrets, and how values are shown.

use std::borrow::Cow;

/// The text that replaces a secret.
const HIDDEN: &str = "[hidden]";

/// Whether a property of librdkafka holds a secret, by its name.
///
/// More than librdkafka marks as sensitive: a property of a later version should be hidden too. The
/// place of a file is none.
#[must_use]
pub fn is_secret(key: &str) -> bool {
    const PARTS: [&str; 10] = [
        "password",
        "secret",
        "token",
        ".pem",
        "username",
        "sasl.oauthbearer",
        "jaas",
        "private",
        "ssl.key",
        "keystore",
    ];
    let key = key.to_ascii_lowercase();
    let is_path = key.ends_with(".location");
    !is_path && (PARTS.iter().any(|part| key.contains(part)) || key.ends_with("ssl_key"))
}

/// A value as it may be shown: nothing of a secret, and no credentials of an address.
#[must_use]
pub fn redacted<'a>(key: &str, value: &'a str) -> Cow<'a, str> {
    if is_secret(key) {
        return Cow::Borrowed(HIDDEN);
    }
    without_credentials(value)
}

/// The text without what is between `://` and `@`, and without `name:password@` of an address that
/// has no scheme: librdkafka drops it where it quotes one.
pub(crate) fn without_credentials(text: &str) -> Cow<'_, str> {
    match without_userinfo(text) {
        Cow::Borrowed(text) => without_pairs(text),
        Cow::Owned(text) => Cow::Owned(without_pairs(&text).into_owned()),
    }
}

fn without_pairs(text: &str) -> Cow<'_, str> {
    let is_pair = |part: &str| part.rsplit_once('@').is_some_and(|(a, _)| a.contains(':'));
    if !text.split(is_end_of_authority).any(is_pair) {
        return Cow::Borrowed(text);
    }
    let shown = text.split_inclusive(is_end_of_authority).map(|part| {
        let at = part.rfind('@').filter(|_| is_pair(part));
        at.map_or_else(|| part.to_owned(), |at| format!("{HIDDEN}{}", &part[at..]))
    });
    Cow::Owned(shown.collect())
}

fn without_userinfo(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(is_end_of_authority).unwrap_or(after.len());
        let at = after[..end].rfind('@');
        if at.is_some() {
            shown.push_str(HIDDEN);
        }
        rest = &after[at.unwrap_or(0)..];
    }
    if shown.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(shown + rest)
}

fn is_end_of_authority(c: char) -> bool {
    matches!(c, '/' | '?' | '#' | ',') || c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for secret in [
            "sasl.password",
            "sasl.username",
            "ssl.key.password",
            "ssl.keystore.password",
            "ssl.key.pem",
            "ssl_key",
            "sasl.oauthbearer.config",
            "sasl.oauthbearer.client.secret",
            "SASL.PASSWORD",
            "sasl.jaas.config",
        ] {
            assert_eq!(redacted(secret, "hunter2"), "[hidden]", "{secret}");
        }
    }

    #[test]
    fn places_of_files_and_everything_else_are_shown() {
        for open in ["ssl.key.location", "ssl.keystore.location", "linger.ms"] {
            assert_eq!(redacted(open, "here"), "here", "{open}");
        }
    }

    #[test]
    fn credentials_of_an_address_are_hidden_wherever_it_is() {
        for (value, shown) in [
            ("http://proxy:3128/a@b", "http://proxy:3128/a@b"),
            ("http://me:hunter2@proxy", "http://[hidden]@proxy"),
            (
                "a://u:p@h:1,b://h:2,c://u@x:p@h/",
                "a://[hidden]@h:1,b://h:2,c://[hidden]@h/",
            ),
            ("me@example.org", "me@example.org"),
            ("me:hunter2@h:1, u@x:p@h/b", "[hidden]@h:1, [hidden]@h/b"),
            (
                "me:hunter2@h:1/bootstrap: can not resolve 'me:hunter2@h:1'",
                "[hidden]@h:1/bootstrap: can not resolve [hidden]@h:1'",
            ),
            ("at 12:30 from a@b:9092", "at 12:30 from a@b:9092"),
            ("", ""),
        ] {
            assert_eq!(redacted("http.proxy", value), shown);
        }
    }
}

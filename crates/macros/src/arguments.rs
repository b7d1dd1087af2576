//! What stands in the brackets of the attribute.

use antiphon_proto::is_legal_topic_name;
use proc_macro2::Span;
use syn::{
    Expr, Ident, LitStr, Path, Token,
    parse::{Parse, ParseStream},
    parse_quote,
};

/// `topic = "…"`, and `codec = …` if it is not JSON.
pub(crate) struct Arguments {
    pub(crate) topic: LitStr,
    /// An expression that makes the codec.
    pub(crate) codec: Expr,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut topic, mut codec) = (None, None);
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            match name.to_string().as_str() {
                "topic" if topic.is_none() => topic = Some(input.parse::<LitStr>()?),
                "codec" if codec.is_none() => {
                    let path: Path = input.parse()?;
                    codec = Some(parse_quote!(#path));
                }
                "topic" | "codec" => {
                    return Err(syn::Error::new(name.span(), "this argument is given twice"));
                }
                _ => {
                    let known = "unknown argument: known are `topic` and `codec`";
                    return Err(syn::Error::new(name.span(), known));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let Some(topic) = topic else {
            let why = "a service needs a topic: #[service(topic = \"…\")]";
            return Err(syn::Error::new(Span::call_site(), why));
        };
        if !is_legal_topic_name(&topic.value()) {
            let why = "not a legal topic name: 1 to 249 of a-z A-Z 0-9 . _ -";
            return Err(syn::Error::new(topic.span(), why));
        }
        let codec = codec.unwrap_or_else(|| parse_quote!(::antiphon::codec::Json));
        Ok(Self { topic, codec })
    }
}

//! One method of a service.

use antiphon_proto::is_operation_name;
use syn::{
    Attribute, Expr, ExprLit, FnArg, GenericArgument, Ident, Lit, LitStr, Meta, PatType,
    PathArguments, ReceiverKind, ReturnType, Signature, TraitItemFn, Type, parse_quote,
    spanned::Spanned as _,
};

/// What a method says, as client and server need it.
pub(crate) struct Method {
    pub(crate) name: Ident,
    pub(crate) operation: LitStr,
    /// Documentation and lints, for the client's method.
    pub(crate) attributes: Vec<Attribute>,
    /// Whether the method takes a `Context`.
    pub(crate) context: bool,
    /// Whether the method takes a value; without one the payload is `()`.
    pub(crate) takes_value: bool,
    pub(crate) value: Type,
    /// The `T` of `Result<T, Status>`.
    pub(crate) reply: Type,
}

impl Method {
    pub(crate) fn read(function: &TraitItemFn) -> syn::Result<Self> {
        let signature = &function.sig;
        let wrong = |at: proc_macro2::Span, what: &str| Err(syn::Error::new(at, what));
        if signature.asyncness.is_none() {
            return wrong(
                signature.fn_token.span(),
                "a method of a service is `async fn`",
            );
        }
        if !signature.generics.params.is_empty() {
            let at = signature.generics.span();
            return wrong(at, "a method of a service has no generic parameters");
        }
        if let Some(body) = &function.default {
            return wrong(body.span(), "a method of a service has no default body");
        }
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(receiver))
                if matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) => {}
            Some(other) => return wrong(other.span(), "the first argument is `&self`"),
            None => return wrong(signature.span(), "the first argument is `&self`"),
        }
        let mut values = inputs.filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        let mut next = values.next();
        let context = next.is_some_and(is_context);
        if context {
            next = values.next();
        }
        if let Some(more) = values.next() {
            let what = "a method takes one value: put several into a struct";
            return wrong(more.span(), what);
        }
        Ok(Self {
            operation: operation(function)?,
            attributes: kept(&function.attrs).cloned().collect(),
            context,
            takes_value: next.is_some(),
            value: next.map_or_else(|| parse_quote!(()), |value| (*value.ty).clone()),
            reply: reply(signature)?,
            name: signature.ident.clone(),
        })
    }
}

/// The attributes that are not ours.
pub(crate) fn kept(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    let ours = |attribute: &Attribute| attribute.path().is_ident("operation");
    attributes.iter().filter(move |attribute| !ours(attribute))
}

fn is_context(argument: &PatType) -> bool {
    let Type::Path(path) = &*argument.ty else {
        return false;
    };
    let last = path.path.segments.last();
    last.is_some_and(|last| last.ident == "Context" && last.arguments.is_none())
}

fn operation(function: &TraitItemFn) -> syn::Result<LitStr> {
    let mut given = function.attrs.iter();
    let name = match given.find(|attribute| attribute.path().is_ident("operation")) {
        None => LitStr::new(&unraw(&function.sig.ident), function.sig.ident.span()),
        Some(attribute) => match &attribute.meta {
            Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(name),
                    ..
                }) => name.clone(),
                other => return Err(form(other.span())),
            },
            other => return Err(form(other.span())),
        },
    };
    if is_operation_name(&name.value()) {
        return Ok(name);
    }
    let why = "not an operation name: 1 to 200 of a-z A-Z 0-9 . _ / -";
    Err(syn::Error::new(name.span(), why))
}

fn form(at: proc_macro2::Span) -> syn::Error {
    syn::Error::new(at, "write #[operation = \"name\"]")
}

/// A name without the `r#` of a keyword.
fn unraw(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

/// The `T` of `Result<T, Status>`. Streams and calls without a reply will be further forms.
fn reply(signature: &Signature) -> syn::Result<Type> {
    let what = "a method of a service returns `Result<T, Status>`";
    let ReturnType::Type(_, returned) = &signature.output else {
        return Err(syn::Error::new(signature.span(), what));
    };
    let result = match &**returned {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    if let Some(result) = result
        && result.ident == "Result"
        && let PathArguments::AngleBracketed(arguments) = &result.arguments
        && let Some(GenericArgument::Type(reply)) = arguments.args.first()
        && arguments.args.len() == 2
    {
        return Ok(reply.clone());
    }
    Err(syn::Error::new(returned.span(), what))
}

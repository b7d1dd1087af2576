//! The macro `#[antiphon::service]`: a typed client and a typed service from one definition.
//!
//! Use it as `antiphon::service`; its documentation is there.

mod arguments;
mod definition;
mod expand;
mod method;

use proc_macro::TokenStream;
use syn::parse_macro_input;

use self::{arguments::Arguments, definition::Definition};

/// See `antiphon::service`, which is this macro.
#[proc_macro_attribute]
pub fn service(arguments: TokenStream, definition: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as Arguments);
    let definition = parse_macro_input!(definition as syn::ItemTrait);
    let expanded = Definition::read(arguments, definition).map(|read| expand::expand(&read));
    expanded
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

//! A trait that has been checked.

use std::collections::HashSet;

use syn::{ItemTrait, TraitItem, spanned::Spanned as _};

use crate::{arguments::Arguments, method::Method};

pub(crate) struct Definition {
    pub(crate) arguments: Arguments,
    /// The trait as it was written.
    pub(crate) item: ItemTrait,
    pub(crate) methods: Vec<Method>,
}

impl Definition {
    /// Checks a trait. All mistakes are reported at once, each where it is.
    pub(crate) fn read(arguments: Arguments, item: ItemTrait) -> syn::Result<Self> {
        let mut mistakes = Mistakes::default();
        if !item.generics.params.is_empty() {
            mistakes.add(item.generics.span(), "a service has no generic parameters");
        }
        let mut methods = Vec::new();
        let mut operations = HashSet::new();
        for part in &item.items {
            let TraitItem::Fn(function) = part else {
                mistakes.add(part.span(), "a service has only methods");
                continue;
            };
            match Method::read(function) {
                Ok(method) => {
                    if !operations.insert(method.operation.value()) {
                        mistakes.add(method.operation.span(), "two methods for one operation");
                    }
                    methods.push(method);
                }
                Err(error) => mistakes.0.push(error),
            }
        }
        if item.items.is_empty() {
            mistakes.add(item.ident.span(), "a service needs at least one method");
        }
        mistakes.none()?;
        Ok(Self {
            arguments,
            item,
            methods,
        })
    }
}

#[derive(Default)]
struct Mistakes(Vec<syn::Error>);

impl Mistakes {
    fn add(&mut self, at: proc_macro2::Span, what: &str) {
        self.0.push(syn::Error::new(at, what));
    }

    fn none(self) -> syn::Result<()> {
        let all = self.0.into_iter().reduce(|mut all, next| {
            all.combine(next);
            all
        });
        all.map_or(Ok(()), Err)
    }
}

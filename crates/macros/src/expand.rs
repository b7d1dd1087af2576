//! What a definition becomes: the trait, a client, a server.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{TraitItem, parse_quote};

use crate::{
    definition::Definition,
    method::{Method, kept},
};

pub(crate) fn expand(definition: &Definition) -> TokenStream {
    let (written, client, server) = (written(definition), client(definition), server(definition));
    quote! {
        #written
        #client
        #server
    }
}

/// The trait. Its futures are `Send`, so that they can run on any thread; implementations still
/// write `async fn`.
fn written(definition: &Definition) -> TokenStream {
    let mut item = definition.item.clone();
    item.supertraits.push(parse_quote!(::core::marker::Send));
    item.supertraits.push(parse_quote!(::core::marker::Sync));
    item.supertraits.push(parse_quote!('static));
    for part in &mut item.items {
        let TraitItem::Fn(function) = part else {
            continue;
        };
        function.attrs = kept(&function.attrs).cloned().collect();
        function.sig.asyncness = None;
        if let syn::ReturnType::Type(_, output) = &function.sig.output {
            function.sig.output = parse_quote! {
                -> impl ::core::future::Future<Output = #output> + ::core::marker::Send
            };
        }
    }
    quote!(#item)
}

fn client(definition: &Definition) -> TokenStream {
    let Definition {
        arguments, item, ..
    } = definition;
    let (visibility, topic) = (&item.vis, &arguments.topic);
    let name = format_ident!("{}Client", item.ident);
    let doc = format!("A typed client of [`{}`].", item.ident);
    let calls = definition.methods.iter();
    let calls = calls.map(|method| call(method, definition));
    quote! {
        #[doc = #doc]
        ///
        /// `S` is a client, or a stack of tower layers around one.
        #[derive(Clone, Debug)]
        #visibility struct #name<S = ::antiphon::Client> {
            service: S,
            template: ::antiphon::Request,
        }

        impl<S: ::antiphon::client::RequestService> #name<S> {
            /// A client of the service behind `service`.
            #visibility fn new(service: S) -> Self {
                let template = ::antiphon::Request::new(#topic);
                Self { service, template }
            }

            /// Changes the request of every call: its timeout, key, headers or topic.
            #[must_use]
            #visibility fn map_request(
                mut self,
                change: impl ::core::ops::FnOnce(::antiphon::Request) -> ::antiphon::Request,
            ) -> Self {
                self.template = change(self.template);
                self
            }

            #(#calls)*
        }
    }
}

fn call(method: &Method, definition: &Definition) -> TokenStream {
    let Method {
        name,
        operation,
        attributes,
        value,
        reply,
        ..
    } = method;
    let (visibility, codec) = (&definition.item.vis, &definition.arguments.codec);
    let (argument, encoded) = if method.takes_value {
        (quote!(value: #value), quote!(&value))
    } else {
        (quote!(), quote!(&()))
    };
    quote! {
        #(#attributes)*
        #visibility async fn #name(
            &self,
            #argument
        ) -> ::core::result::Result<#reply, ::antiphon::RequestError> {
            let request = ::core::clone::Clone::clone(&self.template).with_operation(#operation);
            let service = ::core::clone::Clone::clone(&self.service);
            let called =
                ::antiphon::client::call::<_, _, #value, #reply>(service, request, &#codec, #encoded);
            ::core::result::Result::Ok(called.await?.into_value())
        }
    }
}

fn server(definition: &Definition) -> TokenStream {
    let Definition {
        arguments, item, ..
    } = definition;
    let (visibility, service, topic) = (&item.vis, &item.ident, &arguments.topic);
    let name = format_ident!("{}Server", service);
    let doc = format!("Serves a [`{service}`]: give it to `ServiceBuilder::serve`.");
    let routes = definition.methods.iter();
    let routes = routes.map(|method| route(method, definition));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Debug)]
        #visibility struct #name<T>(::std::sync::Arc<T>);

        impl<T: #service> #name<T> {
            /// Serves `service`.
            #visibility fn new(service: T) -> Self {
                Self(::std::sync::Arc::new(service))
            }
        }

        impl<T: #service> ::antiphon::service::Serve for #name<T> {
            fn topic(&self) -> &str {
                #topic
            }

            fn routes(self) -> ::antiphon::service::Routes {
                ::antiphon::service::Routes::new()#(#routes)*
            }
        }
    }
}

fn route(method: &Method, definition: &Definition) -> TokenStream {
    let Method {
        name,
        operation,
        value,
        reply,
        ..
    } = method;
    let (service, codec) = (&definition.item.ident, &definition.arguments.codec);
    let context = method.context.then(|| quote!(context,));
    let argument = method.takes_value.then(|| quote!(value));
    quote! {
        .on(#operation, {
            let service = ::std::sync::Arc::clone(&self.0);
            ::antiphon::service::typed::<_, _, _, #value, #reply>(
                #codec,
                move |context, value| {
                    let service = ::std::sync::Arc::clone(&service);
                    let _ = (&context, &value);
                    async move { <T as #service>::#name(&service, #context #argument).await }
                },
            )
        })
    }
}

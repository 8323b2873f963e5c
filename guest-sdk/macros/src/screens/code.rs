//! Generates the module that the macro expands to.

use flowhost_flow_json::screen_types::{Field, Flow, Kind, Property, Screen, Shape};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::names::{Names, field_name, module_name, plain, type_name};

/// The module `screens`. Its documentation names `file`, the path of the Flow JSON.
pub(super) fn module(flow: &Flow, file: &str) -> TokenStream {
    let mut names = Names::with(&["Form", "Item"]);
    let named: Vec<Named<'_>> =
        flow.screens.iter().map(|screen| Named::new(screen, &mut names)).collect();
    let screens = named.iter().map(Named::code);
    let item = (!flow.items.is_empty()).then(|| item(&flow.items));
    let forms = forms(&named);
    let listed: String = named
        .iter()
        .map(|screen| format!("\n- [`{}`]: `{}`", screen.ty, screen.screen.id))
        .collect();
    let documentation = format!("The screens of `{file}`:\n{listed}");
    quote! {
        #[doc = #documentation]
        #[allow(
            clippy::all, clippy::pedantic, dead_code, missing_docs, non_snake_case, rustdoc::all, unreachable_pub, unused_imports,
            unused_qualifications,
            reason = "generated"
        )]
        mod screens {
            use ::flowhost_sdk::__private::serde;

            #(#screens)*
            #item
            #forms
        }
    }
}

/// A screen and its Rust names.
struct Named<'a> {
    screen: &'a Screen,
    ty: Ident,
    module: Ident,
}

impl<'a> Named<'a> {
    fn new(screen: &'a Screen, names: &mut Names) -> Self {
        let wanted = match type_name(&screen.id) {
            taken if ["Form", "Item"].contains(&taken.as_str()) => format!("{taken}Screen"),
            free => free,
        };
        Named { screen, ty: names.take(&wanted), module: names.take(&module_name(&screen.id)) }
    }

    /// The type of the screen's data, and the module with the screen's other types.
    fn code(&self) -> TokenStream {
        let Named { screen, ty, module } = self;
        let mut inner = Types { names: Names::with(&["Form"]), code: TokenStream::new() };
        let fields = inner.fields(&screen.data, "", Place::Screen(module));
        let form = screen.form.as_ref().map(|fields| form(&screen.id, fields));
        let (id, types) = (&screen.id, &inner.code);
        let documentation = format!("The data of screen `{id}`: {}.", screen.title);
        let about = format!("What belongs to screen `{id}`.");
        let derive = derive(&screen.data);
        quote! {
            #[doc = #documentation]
            #derive
            pub struct #ty { #fields }

            impl ::flowhost_sdk::Screen for #ty {
                const ID: &'static str = #id;
            }

            #[doc = #about]
            pub mod #module {
                use ::flowhost_sdk::__private::serde;

                #types
                #form
            }
        }
    }
}

/// Collects the types of the objects inside a screen's data.
struct Types {
    names: Names,
    code: TokenStream,
}

/// The place of a field, which decides how it refers to the types of objects and entries.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// In the module `screens`, shared by all screens.
    All,
    /// In a screen's data type, beside the screen's module.
    Screen(&'a Ident),
    /// In the screen's module.
    Inner,
}

impl Types {
    fn fields(&mut self, properties: &[Property], path: &str, place: Place<'_>) -> TokenStream {
        let mut names = Names::default();
        let field = |property: &Property| {
            let name = names.take(&field_name(&property.name));
            let ty = self.shape(&property.shape, &format!("{path}_{}", property.name), place);
            let rename = rename(&name, &property.name);
            let documentation = documentation(property);
            if property.optional {
                quote! {
                    #[doc = #documentation] #rename
                    #[serde(default, skip_serializing_if = "::core::option::Option::is_none")]
                    pub #name: ::core::option::Option<#ty>,
                }
            } else {
                quote!(#[doc = #documentation] #rename pub #name: #ty,)
            }
        };
        properties.iter().map(field).collect()
    }

    fn shape(&mut self, shape: &Shape, path: &str, place: Place<'_>) -> TokenStream {
        match shape {
            Shape::Bool => quote!(::core::primitive::bool),
            Shape::Integer => quote!(::core::primitive::i64),
            Shape::Item => match place {
                Place::Screen(_) | Place::All => quote!(Item),
                Place::Inner => quote!(super::Item),
            },
            Shape::List(entry) => {
                let entry = self.shape(entry, path, place);
                quote!(::std::vec::Vec<#entry>)
            }
            Shape::Number => quote!(::flowhost_sdk::Number),
            Shape::Object(_) if matches!(place, Place::All) => {
                quote!(::flowhost_sdk::__private::Value)
            }
            Shape::Object(properties) => {
                let ty = self.object(properties, path);
                match place {
                    Place::Screen(module) => quote!(#module::#ty),
                    Place::All | Place::Inner => quote!(#ty),
                }
            }
            Shape::Text => quote!(::std::string::String),
            Shape::Unknown => quote!(::flowhost_sdk::__private::Value),
        }
    }

    /// Adds the type of an object and returns its name.
    fn object(&mut self, properties: &[Property], path: &str) -> Ident {
        let ty = self.names.take(&type_name(path));
        let fields = self.fields(properties, path, Place::Inner);
        let documentation =
            format!("An object `{}` of the screen's data.", path.trim_start_matches('_'));
        let derive = derive(properties);
        self.code.extend(quote! {
            #[doc = #documentation]
            #derive
            pub struct #ty { #fields }
        });
        ty
    }
}

/// Derives `Default` if every field is optional.
fn derive(properties: &[Property]) -> TokenStream {
    let default = properties
        .iter()
        .all(|property| property.optional)
        .then(|| quote!(, ::core::default::Default));
    quote! {
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, serde::Deserialize, serde::Serialize #default)]
        #[serde(crate = "::flowhost_sdk::__private::serde")]
    }
}

/// The type of all list entries with an id and a title.
fn item(properties: &[Property]) -> TokenStream {
    let mut types = Types { names: Names::default(), code: TokenStream::new() };
    let fields = types.fields(properties, "", Place::All);
    let mut names = Names::default();
    let given = properties.iter().map(|property| {
        let name = names.take(&field_name(&property.name));
        if property.optional {
            quote!(#name: ::core::option::Option::None)
        } else {
            quote!(#name: #name.into())
        }
    });
    let derive = derive(properties);
    quote! {
        /// An entry of a list to choose from. What a list's entries don't have stays none.
        #derive
        pub struct Item { #fields }

        impl Item {
            /// An entry with an id and a title, and nothing else.
            pub fn new(
                id: impl ::core::convert::Into<::std::string::String>,
                title: impl ::core::convert::Into<::std::string::String>,
            ) -> Self {
                Item { #(#given),* }
            }
        }
    }
}

/// The type of a screen's form.
fn form(id: &str, fields: &[Field]) -> TokenStream {
    let mut names = Names::default();
    // Files carry their keys, which must not be stored anywhere.
    let serialize = fields.iter().all(|field| field.kind != Kind::Files);
    let named: Vec<(Ident, &Field)> =
        fields.iter().map(|field| (names.take(&field_name(&field.name)), field)).collect();
    let declared = named.iter().map(|(name, field)| {
        let ty = field_type(field);
        let rename = serialize.then(|| rename(name, &field.name));
        let documentation = format!("`{}`", field.source);
        quote!(#[doc = #documentation] #rename pub #name: #ty,)
    });
    let read = named.iter().map(|(name, field)| {
        let key = &field.name;
        quote!(#name: fields.read(#key)?)
    });
    let documentation =
        format!("The form of screen `{id}`: what its `data_exchange` actions send.");
    let derive = serialize.then(
        || quote!(#[derive(serde::Serialize)] #[serde(crate = "::flowhost_sdk::__private::serde")]),
    );
    quote! {
        #[doc = #documentation]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        #derive
        pub struct Form { #(#declared)* }

        impl ::flowhost_sdk::__private::FormFields for Form {
            fn read(
                fields: ::flowhost_sdk::__private::Fields<'_>,
            ) -> ::core::result::Result<Self, ::flowhost_sdk::DataError> {
                let _ = &fields;
                ::core::result::Result::Ok(Form { #(#read),* })
            }
        }

        impl<'de> serde::Deserialize<'de> for Form {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                ::flowhost_sdk::__private::form(deserializer)
            }
        }
    }
}

fn field_type(field: &Field) -> TokenStream {
    let ty = match field.kind {
        // If absent, they are false, empty, or null.
        Kind::Bool => return quote!(::core::primitive::bool),
        Kind::DateRange => return quote!(::flowhost_sdk::time::PartialDateRange),
        Kind::Files => return quote!(::std::vec::Vec<::flowhost_sdk::media::Reference>),
        Kind::Texts => return quote!(::std::vec::Vec<::std::string::String>),
        Kind::Unknown => return quote!(::flowhost_sdk::__private::Value),
        Kind::Date => quote!(::flowhost_sdk::time::Date),
        Kind::Number => quote!(::flowhost_sdk::Number),
        Kind::Text => quote!(::std::string::String),
    };
    if field.optional { quote!(::core::option::Option<#ty>) } else { ty }
}

/// The enum of all forms, to match on.
fn forms(named: &[Named<'_>]) -> TokenStream {
    let with_form: Vec<&Named<'_>> =
        named.iter().filter(|named| named.screen.form.is_some()).collect();
    let variants = with_form.iter().map(|Named { screen, ty, module }| {
        let documentation = format!("The form of screen `{}`.", screen.id);
        quote!(#[doc = #documentation] #ty(#module::Form),)
    });
    let arms = with_form.iter().map(|Named { screen, ty, .. }| {
        let id = &screen.id;
        quote!(#id => ::core::result::Result::Ok(Form::#ty(::flowhost_sdk::__private::FormFields::read(fields)?)),)
    });
    let ids = with_form.iter().map(|named| &named.screen.id);
    quote! {
        /// The form of any screen that sends one to the plugin: `match exchange.form::<screens::Form>()? { .. }`.
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub enum Form { #(#variants)* }

        impl ::flowhost_sdk::ScreenForm for Form {
            fn read(
                screen: &::core::primitive::str,
                fields: ::flowhost_sdk::__private::Fields<'_>,
            ) -> ::core::result::Result<Self, ::flowhost_sdk::DataError> {
                match screen {
                    #(#arms)*
                    _ => ::core::result::Result::Err(fields.unknown_screen(&[#(#ids),*])),
                }
            }
        }
    }
}

fn rename(name: &Ident, original: &str) -> Option<TokenStream> {
    (plain(name) != original).then(|| quote!(#[serde(rename = #original)]))
}

fn documentation(property: &Property) -> String {
    let example = property.quoted_example().map(|example| format!(", for example {example}"));
    format!("`{}`{}", property.name, example.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The type of the form's only field: a component `x` of which a Footer sends the value.
    fn type_of(component: &Value, required: bool) -> String {
        let mut component = component.clone();
        component["name"] = json!("x");
        component["required"] = json!(required);
        let footer = json!({"type": "Footer", "on-click-action": {"name": "data_exchange", "payload": {"x": "${form.x}"}}});
        let layout = json!({"type": "SingleColumnLayout", "children": [component, footer]});
        let document = json!({"version": "7.3", "screens": [{"id": "A", "layout": layout}]});
        let flow = Flow::parse(&document.to_string()).unwrap();
        let ty = field_type(&flow.screens[0].form.as_ref().unwrap()[0]).to_string();
        let roots = [
            "::flowhost_sdk::",
            "::std::string::",
            "::std::vec::",
            "::core::option::",
            "::core::primitive::",
        ];
        roots.iter().fold(ty.replace(' ', ""), |ty, root| ty.replace(root, ""))
    }

    #[test]
    fn the_guide_says_which_type_each_component_gives() {
        let guide = include_str!("../../../README.md");
        let rows = guide.lines().skip_while(|line| !line.starts_with("| a form's component |"));
        let rows: Vec<&str> = rows.skip(2).take_while(|line| line.starts_with('|')).collect();
        let mut named = Vec::new();
        for row in rows {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let [_, components, filled, empty, _] = cells.as_slice() else { panic!("{row}") };
            for component in components.split(", ") {
                let (kind, mode) = component.split_once(" in the mode ").unwrap_or((component, ""));
                let mut written = json!({"type": kind});
                if !mode.is_empty() {
                    written["mode"] = json!(mode.trim_matches('`'));
                }
                let types =
                    [true, false].map(|required| format!("`{}`", type_of(&written, required)));
                assert_eq!(types, [*filled, *empty], "{component}");
                named.push(kind);
            }
        }
        let known = [
            "TextInput",
            "TextArea",
            "Dropdown",
            "RadioButtonsGroup",
            "DatePicker",
            "CalendarPicker",
            "CalendarPicker",
            "CheckboxGroup",
            "ChipsSelector",
            "OptIn",
            "PhotoPicker",
            "DocumentPicker",
        ];
        assert_eq!(named, known);
    }

    /// Compares without white space and trailing commas: the file is formatted for people, tokens
    /// are printed their own way.
    #[test]
    fn expands_a_flow_to_its_types() {
        let flow = Flow::parse(include_str!("../../tests/flows/table.json")).unwrap();
        let without_blanks = |text: &str| {
            text.split_whitespace().collect::<String>().replace(",)", ")").replace(",}", "}")
        };

        let expansion = module(&flow, "flow.json").to_string();

        let expected = include_str!("../../tests/output/screens.rs");
        assert_eq!(without_blanks(&expansion), without_blanks(expected), "\n{expansion}");
    }
}

#[doc = "The screens of `flow.json`:\n\n- [`Table`]: `TABLE`\n- [`FormScreen`]: `FORM`"]
#[allow(
    clippy::all,
    clippy::pedantic,
    dead_code,
    missing_docs,
    non_snake_case,
    rustdoc::all,
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    reason = "generated"
)]
mod screens {
    use ::flowhost_sdk::__private::serde;
    #[doc = "The data of screen `TABLE`: Your table."]
    #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, serde::Deserialize, serde::Serialize)]
    #[serde(crate = "::flowhost_sdk::__private::serde")]
    pub struct Table {
        #[doc = "`sizes`"]
        pub sizes: ::std::vec::Vec<Item>,
        #[doc = "`type`, for example `2`"]
        pub r#type: ::flowhost_sdk::Number,
        #[doc = "`chosen`"]
        pub chosen: table::Chosen,
    }
    impl ::flowhost_sdk::Screen for Table {
        const ID: &'static str = "TABLE";
    }
    #[doc = "What belongs to screen `TABLE`."]
    pub mod table {
        use ::flowhost_sdk::__private::serde;
        #[doc = "An object `chosen` of the screen's data."]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, serde::Deserialize, serde::Serialize, ::core::default::Default)]
        #[serde(crate = "::flowhost_sdk::__private::serde")]
        pub struct Chosen {
            #[doc = "`wishes`"]
            #[serde(default, skip_serializing_if = "::core::option::Option::is_none")]
            pub wishes: ::core::option::Option<::std::string::String>,
        }
        #[doc = "The form of screen `TABLE`: what its `data_exchange` actions send."]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
        pub struct Form {
            #[doc = "`${form.day}`"]
            pub day: ::flowhost_sdk::time::Date,
            #[doc = "`${form.wishes}`"]
            pub my_wishes: ::core::option::Option<::std::string::String>,
            #[doc = "`${form.photos}`"]
            pub photos: ::std::vec::Vec<::flowhost_sdk::media::Reference>,
        }
        impl ::flowhost_sdk::__private::FormFields for Form {
            fn read(fields: ::flowhost_sdk::__private::Fields<'_>) -> ::core::result::Result<Self, ::flowhost_sdk::DataError> {
                let _ = &fields;
                ::core::result::Result::Ok(Form {
                    day: fields.read("day")?,
                    my_wishes: fields.read("my-wishes")?,
                    photos: fields.read("photos")?,
                })
            }
        }
        impl<'de> serde::Deserialize<'de> for Form {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> ::core::result::Result<Self, D::Error> {
                ::flowhost_sdk::__private::form(deserializer)
            }
        }
    }
    #[doc = "The data of screen `FORM`: The end."]
    #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, serde::Deserialize, serde::Serialize, ::core::default::Default)]
    #[serde(crate = "::flowhost_sdk::__private::serde")]
    pub struct FormScreen {}
    impl ::flowhost_sdk::Screen for FormScreen {
        const ID: &'static str = "FORM";
    }
    #[doc = "What belongs to screen `FORM`."]
    pub mod form {
        use ::flowhost_sdk::__private::serde;
    }
    #[doc = r" An entry of a list to choose from. What a list's entries don't have stays none."]
    #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq, serde::Deserialize, serde::Serialize)]
    #[serde(crate = "::flowhost_sdk::__private::serde")]
    pub struct Item {
        #[doc = "`id`"]
        pub id: ::std::string::String,
        #[doc = "`title`"]
        pub title: ::std::string::String,
        #[doc = "`enabled`"]
        #[serde(default, skip_serializing_if = "::core::option::Option::is_none")]
        pub enabled: ::core::option::Option<::core::primitive::bool>,
    }
    impl Item {
        #[doc = r" An entry with an id and a title, and nothing else."]
        pub fn new(
            id: impl ::core::convert::Into<::std::string::String>,
            title: impl ::core::convert::Into<::std::string::String>,
        ) -> Self {
            Item { id: id.into(), title: title.into(), enabled: ::core::option::Option::None }
        }
    }
    #[doc = r" The form of any screen that sends one to the plugin: `match exchange.form::<screens::Form>()? { .. }`."]
    #[derive(::core::clone::Clone, ::core::fmt::Debug, ::core::cmp::PartialEq)]
    pub enum Form {
        #[doc = "The form of screen `TABLE`."]
        Table(table::Form),
    }
    impl ::flowhost_sdk::ScreenForm for Form {
        fn read(
            screen: &::core::primitive::str,
            fields: ::flowhost_sdk::__private::Fields<'_>,
        ) -> ::core::result::Result<Self, ::flowhost_sdk::DataError> {
            match screen {
                "TABLE" => ::core::result::Result::Ok(Form::Table(::flowhost_sdk::__private::FormFields::read(fields)?)),
                _ => ::core::result::Result::Err(fields.unknown_screen(&["TABLE"])),
            }
        }
    }
}

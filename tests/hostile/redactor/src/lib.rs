//! No plugin, but a part to compose one of: it has the contract's log on both sides, and hides digits
//! in what passes through it.

use self::bindings::export;
use self::bindings::exports::flowhost::flow::log::{Guest, Level};
use self::bindings::flowhost::flow::log;

#[expect(clippy::crate_in_macro_def, reason = "the exported macro is used in this crate alone")]
mod bindings {
    wit_bindgen::generate!({
        inline: "
            package test:redactor;

            world redactor {
                import flowhost:flow/log@1.0.0;
                export flowhost:flow/log@1.0.0;
            }
        ",
        path: "../../../guest-sdk/wit/v1",
        world: "test:redactor/redactor",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "crate::bindings",
    });
}

struct Redactor;

impl Guest for Redactor {
    fn write(level: Level, message: String) {
        let level = match level {
            Level::Trace => log::Level::Trace,
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        let hidden =
            message.chars().map(|letter| if letter.is_ascii_digit() { '#' } else { letter });
        log::write(level, &hidden.collect::<String>());
    }
}

export!(Redactor);

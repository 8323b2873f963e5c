//! Plugins written as WebAssembly text, in `tests/hostile/wat/`, which no compiler would produce.

use flowhost_tests::repository;

/// The plugin of `tests/hostile/wat/{name}.wat`.
pub(crate) fn plugin(name: &str) -> Vec<u8> {
    plugin_of(&source(name))
}

/// Like [`plugin`], with each `{{mark}}` replaced.
pub(crate) fn plugin_with(name: &str, marks: &[(&str, &str)]) -> Vec<u8> {
    plugin_of(
        &marks.iter().fold(source(name), |text, (mark, with)| {
            text.replace(&format!("{{{{{mark}}}}}"), with)
        }),
    )
}

/// The plugin whose modules have these fields: those of `main`, then after a line `;; in libc`
/// those of `libc`. Missing ones are added.
pub(crate) fn plugin_of(fields: &str) -> Vec<u8> {
    component(&world(fields))
}

/// The text of the component around these fields.
pub(crate) fn world(fields: &str) -> String {
    let (main, libc) = fields.split_once(";; in libc").unwrap_or((fields, ""));
    let main = format!("{IMPORTS}\n{main}\n{}", missing(main, &MAIN));
    let libc = format!("{libc}\n{}", missing(libc, &LIBC));
    source("world").replace("{{libc}}", &libc).replace("{{main}}", &main)
}

/// The text of `tests/hostile/wat/{name}.wat` with a core instance more of each of these modules.
pub(crate) fn world_with_modules<'a>(
    name: &str,
    modules: impl IntoIterator<Item = &'a str>,
) -> String {
    let more: String = modules
        .into_iter()
        .enumerate()
        .map(|(number, fields)| {
            format!("(core module $m{number} {fields}) (core instance (instantiate $m{number}))\n")
        })
        .collect();
    world(&source(name)).replacen("(core module $libc", &format!("{more}(core module $libc"), 1)
}

/// The component with its name sections retitled, so that no reader finds them.
pub(super) fn without_names(component: &[u8]) -> Vec<u8> {
    let mut nameless = component.to_vec();
    while let Some(title) = nameless.windows(5).position(|bytes| bytes == b"\x04name") {
        nameless[title + 1..title + 5].copy_from_slice(b"gone");
    }
    nameless
}

/// Assembles a component from text.
pub(crate) fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn source(name: &str) -> String {
    let file = repository(&format!("tests/hostile/wat/{name}.wat"));
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The defaults that `fields` does not define.
fn missing(fields: &str, defaults: &[(&str, &str)]) -> String {
    defaults.iter().filter(|(mark, _)| !fields.contains(mark)).map(|(_, text)| *text).collect()
}

const IMPORTS: &str = r#"(import "libc" "memory" (memory 1))"#;

/// The honest parts of `main`. They answer a submitted form with the attack, everything else
/// honestly.
const MAIN: [(&str, &str); 6] = [
    (
        r#"(export "handle")"#,
        r#"
        (func (export "handle") (param $request i32) (result i32)
          (if (i32.ne (i32.load8_u (local.get $request)) (i32.const 2)) (then (return (call $honest))))
          (call $attack))"#,
    ),
    (
        r#"(export "on-client-error")"#,
        r#"
        (func (export "on-client-error") (param i32 i32 i32 i32 i32 i32 i32 i32 i32))"#,
    ),
    (
        r#"(export "after-handle")"#,
        r#"
        (func (export "after-handle") (param i32))"#,
    ),
    (
        "(func $attack",
        "
        (func $attack (result i32) (call $honest))",
    ),
    (
        "(func $honest",
        r#"
        (data (i32.const 16) "NEXT")
        (data (i32.const 32) "{}")
        (func $honest (result i32) (call $answer (i32.const 16) (i32.const 4) (i32.const 32) (i32.const 2)))"#,
    ),
    // The layout of `result<outcome, handler-error>`, case `ok`, reply `screen`, without error
    // message and state.
    (
        "(func $answer",
        "
        (func $answer (param $screen i32) (param $screen-bytes i32) (param $data i32) (param $data-bytes i32) (result i32)
          (memory.fill (i32.const 1024) (i32.const 0) (i32.const 48))
          (i32.store (i32.const 1032) (local.get $screen))
          (i32.store (i32.const 1036) (local.get $screen-bytes))
          (i32.store (i32.const 1040) (local.get $data))
          (i32.store (i32.const 1044) (local.get $data-bytes))
          (i32.const 1024))",
    ),
];

/// The honest parts of `libc`. The allocator cycles through 64 KiB: the form is small and has been
/// read when it starts over.
const LIBC: [(&str, &str); 3] = [
    (
        r#"(export "memory")"#,
        r#"
        (memory (export "memory") 4)"#,
    ),
    (
        r#"(export "cabi_realloc")"#,
        r#"
        (global $free (mut i32) (i32.const 0))
        (func (export "cabi_realloc") (param $old i32) (param $old-bytes i32) (param $align i32) (param $bytes i32) (result i32)
          (local $at i32)
          (local.set $at (i32.add (i32.const 65536) (i32.and (global.get $free) (i32.const 0xfff0))))
          (global.set $free (i32.add (i32.add (global.get $free) (local.get $bytes)) (i32.const 15)))
          (local.get $at))"#,
    ),
    (
        r#"(export "destructor")"#,
        r#"
        (func (export "destructor") (param i32))"#,
    ),
];

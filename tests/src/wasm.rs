//! Components that no compiler makes, written byte by byte.

/// The same component with different bytes: it has one more section that nobody reads.
pub fn variant(component: &[u8], number: u64) -> Vec<u8> {
    with_section(component, "variant", &number.to_le_bytes())
}

/// A component with one more custom section.
pub fn with_section(component: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    [component, &section(0, &[sized(name.as_bytes()), content.to_vec()].concat())].concat()
}

/// A small, valid component that keeps a compiler busy without end: a function with `locals`
/// variables, any of which may have been changed by any of `ifs` branches.
pub fn compile_bomb(locals: u32, ifs: u32) -> Vec<u8> {
    let mut body = Vec::new();
    for branch in 0..ifs {
        let local = number(1 + branch % locals);
        // (if (local.get 0) (then (local.set $l (i32.add (local.get $l) (i32.const 1)))))
        body.extend(
            [&[0x20, 0, 0x04, 0x40, 0x20][..], &local, &[0x41, 1, 0x6a, 0x21], &local, &[0x0b]]
                .concat(),
        );
    }
    for local in 1..=locals {
        // (local.set 0 (i32.add (local.get $l) (local.get 0)))
        body.extend([&[0x20][..], &number(local), &[0x20, 0, 0x6a, 0x21, 0]].concat());
    }
    body.extend([0x20, 0, 0x0b]);
    let function = sized(&[&[1][..], &number(locals), &[0x7f], &body].concat());
    let types = section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]);
    let module = [
        &b"\0asm\x01\0\0\0"[..],
        &types,
        &section(3, &[1, 0]),
        &section(10, &[&[1][..], &function].concat()),
    ]
    .concat();
    [&b"\0asm\x0d\0\x01\0"[..], &section(1, &module)].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id][..], &sized(content)].concat()
}

fn sized(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("less than 4 GiB");
    [&number(length)[..], content].concat()
}

/// A number as LEB128.
fn number(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

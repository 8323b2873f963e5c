//! Holds `src/contract.ts` of the SDK to the contract: makes it from the WIT and compares.
//!
//! It reads as much of WIT as the contract uses.

use std::collections::BTreeSet;
use std::fmt::Write as _;

const WIT: &str = include_str!("../../../../../guest-sdk/wit/v1/flow.wit");
const TYPES: &str = include_str!("../../../../../guest-sdk/typescript/src/contract.ts");

/// To make the file anew: write what this test prints on the left into it.
#[test]
fn the_types_of_the_sdk_are_those_of_the_contract() {
    let made = Reader::of(WIT).contract();

    assert!(made == TYPES, "src/contract.ts differs; it should be:\n{made}");
}

const HEAD: &str = "\
// Generated from guest-sdk/wit/v1/flow.wit, to which a test holds it. Not to be edited.
//
// An option that is none is null or undefined. A function with a result returns it, or throws an error whose `payload` is the error.
";

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<String>>,
    /// Begins the names of an interface's types.
    prefix: String,
    /// The types that the interface declares itself.
    own: BTreeSet<String>,
    text: String,
}

impl Reader {
    fn of(wit: &str) -> Self {
        Self {
            tokens: tokens(wit).into_iter().peekable(),
            prefix: String::new(),
            own: BTreeSet::new(),
            text: HEAD.to_owned(),
        }
    }

    fn contract(mut self) -> String {
        loop {
            let docs = self.docs();
            match self.next().as_str() {
                "package" => self.skip_past(";"),
                "interface" => self.interface(&docs),
                "world" => return self.text,
                other => panic!("what is {other}?"),
            }
        }
    }

    fn interface(&mut self, docs: &[String]) {
        let name = camel(&self.next(), true);
        (self.prefix, self.own) =
            (if name == "Types" { String::new() } else { name.clone() }, BTreeSet::new());
        self.expect("{");
        let mut functions = String::new();
        loop {
            let docs = self.docs();
            match self.next().as_str() {
                "}" => break,
                "use" => self.skip_past(";"),
                "type" => {
                    let name = self.declared();
                    self.expect("=");
                    let ty = self.ty();
                    self.expect(";");
                    self.item(&docs, &format!("export type {name} = {ty};"));
                }
                "enum" => {
                    let name = self.declared();
                    let cases = self.cases().into_iter().map(|(docs, case, _)| {
                        // A short enum is one line, as long as it explains nothing.
                        let _ = docs;
                        format!("\"{case}\"")
                    });
                    let cases: Vec<_> = cases.collect();
                    self.item(&docs, &format!("export type {name} = {};", cases.join(" | ")));
                }
                "variant" => {
                    let name = self.declared();
                    let mut text = format!("export type {name} =");
                    for (docs, case, ty) in self.cases() {
                        let value = ty.map_or_else(String::new, |ty| format!("; val: {ty}"));
                        let _ = write!(
                            text,
                            "\n{}  | {{ tag: \"{case}\"{value} }}",
                            comment(&docs, "  ")
                        );
                    }
                    self.item(&docs, &(text + ";"));
                }
                "record" => {
                    let name = self.declared();
                    let fields = self.fields("{", "}").into_iter();
                    let fields: String = fields
                        .map(|(docs, field, ty)| {
                            format!("{}  {field}: {ty};\n", comment(&docs, "  "))
                        })
                        .collect();
                    self.item(&docs, &format!("export interface {name} {{\n{fields}}}"));
                }
                name => {
                    let name = camel(name, false);
                    self.expect(":");
                    self.expect("func");
                    let params: Vec<_> = self
                        .fields("(", ")")
                        .into_iter()
                        .map(|(_, name, ty)| format!("{name}: {ty}"))
                        .collect();
                    let result = if self.take("->") { self.result() } else { "void".to_owned() };
                    self.expect(";");
                    let _ = writeln!(
                        functions,
                        "{}  {name}({}): {result};",
                        comment(&docs, "  "),
                        params.join(", ")
                    );
                }
            }
        }
        if !functions.is_empty() {
            self.item(docs, &format!("export interface {name} {{\n{functions}}}"));
        }
    }

    fn item(&mut self, docs: &[String], text: &str) {
        let _ = write!(self.text, "\n{}{text}\n", comment(docs, ""));
    }

    fn declared(&mut self) -> String {
        let name = self.next();
        self.own.insert(name.clone());
        self.named(&name)
    }

    fn named(&self, name: &str) -> String {
        let prefix = if self.own.contains(name) { self.prefix.as_str() } else { "" };
        format!("{prefix}{}", camel(name, true))
    }

    /// The cases of an enum or a variant.
    fn cases(&mut self) -> Vec<(Vec<String>, String, Option<String>)> {
        self.expect("{");
        let mut cases = Vec::new();
        loop {
            let docs = self.docs();
            if self.take("}") {
                return cases;
            }
            let name = self.next();
            let ty = self.take("(").then(|| {
                let ty = self.ty();
                self.expect(")");
                ty
            });
            cases.push((docs, name, ty));
            self.take(",");
        }
    }

    fn fields(&mut self, open: &str, close: &str) -> Vec<(Vec<String>, String, String)> {
        self.expect(open);
        let mut fields = Vec::new();
        loop {
            let docs = self.docs();
            if self.take(close) {
                return fields;
            }
            let name = camel(&self.next(), false);
            self.expect(":");
            let ty = self.ty();
            fields.push((docs, name, ty));
            self.take(",");
        }
    }

    /// What a function returns. An error is thrown.
    fn result(&mut self) -> String {
        if !self.take("result") {
            return self.ty();
        }
        self.expect("<");
        let ok = if self.take("_") { "void".to_owned() } else { self.ty() };
        self.expect(",");
        self.ty();
        self.expect(">");
        ok
    }

    fn ty(&mut self) -> String {
        let name = self.next();
        match name.as_str() {
            "bool" => "boolean".to_owned(),
            "string" => "string".to_owned(),
            "u8" | "u16" | "u32" => "number".to_owned(),
            "u64" => "number | bigint".to_owned(),
            "list" => match self.inner().as_slice() {
                [byte] if byte == "number" => "Uint8Array".to_owned(),
                inner => format!("{}[]", inner.join("")),
            },
            "option" => format!("{} | null | undefined", self.inner().join("")),
            "tuple" => format!("[{}]", self.inner().join(", ")),
            name => self.named(name),
        }
    }

    fn inner(&mut self) -> Vec<String> {
        self.expect("<");
        let mut inner = vec![self.ty()];
        while self.take(",") {
            inner.push(self.ty());
        }
        self.expect(">");
        inner
    }

    fn docs(&mut self) -> Vec<String> {
        let mut docs = Vec::new();
        while let Some(line) = self.tokens.next_if(|token| token.starts_with("///")) {
            docs.push(line["///".len()..].trim().to_owned());
        }
        docs
    }

    fn take(&mut self, token: &str) -> bool {
        self.tokens.next_if(|next| next == token).is_some()
    }

    fn expect(&mut self, token: &str) {
        assert_eq!(self.next(), token);
    }

    fn next(&mut self) -> String {
        self.tokens.next().expect("the file goes on")
    }

    fn skip_past(&mut self, token: &str) {
        while self.next() != token {}
    }
}

/// Names, `///` lines, `->` and single characters.
fn tokens(wit: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = wit.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("->") {
            2
        } else {
            let is_named = |char: char| char.is_ascii_alphanumeric() || "-_%".contains(char);
            rest.find(|char| !is_named(char)).unwrap_or(rest.len()).max(first.len_utf8())
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

/// `flow-token` is `flowToken`, or `FlowToken` for a type.
fn camel(name: &str, is_type: bool) -> String {
    let words = name.trim_start_matches('%').split('-').enumerate();
    words
        .map(|(index, word)| {
            let (first, rest) = word.split_at(1);
            if index > 0 || is_type { first.to_ascii_uppercase() + rest } else { word.to_owned() }
        })
        .collect()
}

fn comment(docs: &[String], indent: &str) -> String {
    match docs {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines: String = lines.iter().map(|line| format!("{indent} * {line}\n")).collect();
            format!("{indent}/**\n{lines}{indent} */\n")
        }
    }
}

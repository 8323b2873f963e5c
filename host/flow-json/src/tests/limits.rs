//! How much a document may hold, and where the checks stop.

use super::*;

#[test]
fn a_screen_is_noted_beyond_50_components_and_refused_beyond_100() {
    let found = |texts: usize| {
        let mut children = vec![json!({"type": "TextBody", "text": "x"}); texts];
        children.push(json!({"type": "Footer", "label": "End", "on-click-action": {"name": "complete", "payload": {}}}));
        let found = findings(&one_screen(&json!({}), &children));
        found.iter().map(|found| (found.level, found.pointer.clone())).collect::<Vec<_>>()
    };
    let at = |number: usize| format!("/screens/0/layout/children/{number}/type");

    assert_eq!(found(49), []);
    assert_eq!(found(50), [(Level::Note, at(50))]);
    assert_eq!(found(99), [(Level::Note, at(50))]);
    assert_eq!(found(100), [(Level::Error, at(100)), (Level::Note, at(50))]);
}

#[test]
fn a_flow_has_a_hundred_screens_at_most() {
    let too_many = |screens: usize| {
        let written = vec![json!({"id": "A", "title": "A"}); screens];
        let found = findings(&json!({"version": "7.3", "screens": written}));
        found.iter().any(|found| found.name == Some("MAX_SCREENS_NUMBER"))
    };

    assert!(!too_many(100) && too_many(101));
}

/// Lists of elements, because their examples can be empty.
#[test]
fn a_host_keeps_a_mebibyte_of_declarations_of_whatever_kind() {
    let names = |bytes: usize| (0..bytes / 1000).map(|number| format!("{number:01000}"));
    let listed = |bytes: usize| names(bytes).collect::<Vec<_>>();
    let kinds: [(&str, &dyn Fn(usize) -> Value); 5] = [
        ("properties", &|bytes| {
            let properties: Map<_, _> = names(bytes).map(|name| (name, json!(true))).collect();
            json!({"type": "object", "properties": properties})
        }),
        ("required", &|bytes| json!({"type": "object", "required": listed(bytes)})),
        ("texts", &|bytes| json!({"type": "string", "enum": listed(bytes)})),
        ("numbers", &|bytes| json!({"type": "number", "enum": (0..bytes / 8).collect::<Vec<_>>()})),
        (
            "additional",
            &|bytes| json!({"type": "object", "additionalProperties": {"enum": listed(bytes)}}),
        ),
    ];
    for (kind, items) in kinds {
        let refused = |bytes: usize| {
            let list = json!({"type": "array", "items": items(bytes), "__example__": []});
            is_too_large(&findings(&one_screen(&json!({"list": list}), &[])))
        };
        assert!(!refused(400 << 10) && refused(1100 << 10), "{kind}");
    }
}

#[test]
fn a_host_keeps_just_a_mebibyte_of_declarations() {
    let declaring = |name: usize| {
        one_screen(&json!({"x".repeat(name): {"type": "string", "__example__": "x"}}), &[])
    };
    let weight =
        |document: &Value| ReplyRules::parse(document.to_string().as_bytes()).unwrap().weight();
    let most = 1 + (1 << 20) - weight(&declaring(1));

    assert_eq!(weight(&declaring(most)), 1 << 20);
    assert!(!is_too_large(&findings(&declaring(most))));
    assert!(is_too_large(&findings(&declaring(most + 1))));
}

/// Two large declarations that many actions name would cost their product.
#[test]
fn only_so_many_declarations_are_compared() {
    let declared = |last: &str| {
        let same = (0..500).map(|number| (format!("p{number}"), json!({"type": "string"})));
        let all = same.chain([("last".to_owned(), json!({"type": last}))]).collect::<Map<_, _>>();
        json!({"big": {"type": "object", "properties": all, "__example__": {}}})
    };
    let link = |to: &str| json!([{"type": "EmbeddedLink", "text": "x", "on-click-action": {"name": "navigate", "next": {"type": "screen", "name": to}, "payload": {"big": "${data.big}"}}}]);
    let differs = |before: usize| {
        let mut cases: Map<String, Value> =
            (0..before).map(|number| (format!("c{number}"), link("SAME"))).collect();
        cases.insert("last".to_owned(), link("OTHER"));
        let switch = json!({"type": "Switch", "value": "${form.x}", "cases": cases});
        let mut document = one_screen(&declared("string"), &[switch]);
        let screens = document["screens"].as_array_mut().unwrap();
        for (id, last) in [("SAME", "string"), ("OTHER", "number")] {
            screens.push(json!({"id": id, "title": id, "data": declared(last)}));
        }
        let place = "/screens/0/layout/children/0/cases/last/0/on-click-action/payload/big";
        findings(&document).iter().any(|found| found.pointer == place)
    };

    assert!(differs(10));
    assert!(!differs(2000));
}

fn is_too_large(findings: &Findings) -> bool {
    findings.iter().any(|found| found.pointer == "/screens" && found.message.contains("1 MiB"))
}

pub(super) fn one_screen(data: &Value, children: &[Value]) -> Value {
    let layout = json!({"type": "SingleColumnLayout", "children": children});
    json!({"version": "7.3", "screens": [{"id": "A", "title": "A", "terminal": true, "data": data, "layout": layout}]})
}

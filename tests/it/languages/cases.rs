//! The requests that are sent to each of the plugins.

use flowhost_client::payload;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// A conversation.
pub(super) struct Case {
    pub(super) name: String,
    /// What is around it, as in a scenario.
    pub(super) around: String,
    pub(super) steps: Vec<Step>,
    /// What the last step comes to: a screen, with the error that it shows; or a status.
    pub(super) ends: String,
    /// Requests whose replies are compared too.
    pub(super) afterwards: Vec<Step>,
}

/// A request.
pub(super) struct Step {
    pub(super) payload: Value,
    /// The clock from this step on.
    pub(super) now: Option<OffsetDateTime>,
    /// The number of the step whose request comes again, counted from 1.
    pub(super) again: Option<usize>,
}

impl From<Value> for Step {
    fn from(payload: Value) -> Self {
        Self { payload, now: None, again: None }
    }
}

/// A Friday: the next day that can be booked is Monday, 2026-11-23.
const FRIDAY: &str = "now = 2026-11-20T15:00:00Z\n";
const TOKEN: &str = "token-of-ana";

const DEPARTMENT: &str = "APPOINTMENT: Please choose a department.";
const LOCATION: &str = "APPOINTMENT: Please choose a location of this department.";
const DATE: &str = "APPOINTMENT: This date is not offered. Please choose one of the list.";
const TIME: &str = "APPOINTMENT: This time is no longer free. Please choose another one.";
const NAME: &str = "DETAILS: Please enter your name.";
const LONG_NAME: &str = "DETAILS: Please shorten your name to 100 characters.";
const EMAIL: &str = "DETAILS: Please check your email address, for example ana@example.com.";
const PHONE: &str = "DETAILS: Please check your phone number, for example +55 11 91234-5678.";
const LONG_NOTES: &str = "DETAILS: Please shorten your notes to 600 characters.";
const FAILED: &str = "500";

/// All conversations.
pub(super) fn cases() -> Vec<Case> {
    [
        conversations(),
        values_of_appointment(),
        values_of_details(),
        values_of_summary(),
        screens(),
        contexts(),
        reports(),
        odd_requests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn case(name: impl Into<String>, steps: Vec<Step>, ends: &str) -> Case {
    let (name, around, ends) = (name.into(), around(TOKEN, FRIDAY), ends.to_owned());
    Case { name, around, steps, ends, afterwards: Vec::new() }
}

/// The head of a scenario.
fn around(token: &str, more: &str) -> String {
    format!("flow_token = \"{token}\"\n{more}")
}

fn init() -> Step {
    payload::init(TOKEN).into()
}

fn open_with(data: Value) -> Step {
    with(payload::init(TOKEN), "data", data).into()
}

fn submit(screen: &str, data: Value) -> Step {
    payload::data_exchange(screen, data, TOKEN).into()
}

fn back(screen: &str) -> Step {
    payload::back(screen, TOKEN).into()
}

fn appointment() -> Value {
    json!({ "department": "dental", "location": "river", "date": "2026-11-23", "time": "10:30" })
}

fn details() -> Value {
    json!({ "name": " Ana Silva ", "email": "ana@example.com", "phone": "+55 11 91234-5678", "more_details": "" })
}

/// A form with another value.
fn with(mut form: Value, field: &str, value: Value) -> Value {
    form[field] = value;
    form
}

fn without(mut form: Value, field: &str) -> Value {
    form.as_object_mut().unwrap().remove(field);
    form
}

fn at_details() -> Vec<Step> {
    vec![init(), submit("APPOINTMENT", appointment())]
}

fn at_summary() -> Vec<Step> {
    then(at_details(), [submit("DETAILS", details())])
}

fn then<const N: usize>(mut steps: Vec<Step>, more: [Step; N]) -> Vec<Step> {
    steps.extend(more);
    steps
}

fn at(mut step: Step, now: &str) -> Step {
    let format = &time::format_description::well_known::Rfc3339;
    step.now = Some(OffsetDateTime::parse(now, format).unwrap());
    step
}

/// The request of an earlier step, byte for byte.
fn again(steps: &[Step], number: usize) -> Step {
    Step { payload: steps[number - 1].payload.clone(), now: None, again: Some(number) }
}

/// Whole conversations: what is remembered, and in which order things are asked for.
fn conversations() -> Vec<Case> {
    let agree = || submit("SUMMARY", json!({ "terms": true }));
    let notes = with(details(), "more_details", json!(" I am\nlate. "));
    let mut repeated = at_details();
    repeated.push(again(&repeated, 2));
    let mut booked_twice = then(at_summary(), [agree()]);
    booked_twice.push(again(&booked_twice, 4));
    let mut old = at_summary();
    old.push(again(&old, 2));
    vec![
        case("opening", vec![init()], "APPOINTMENT"),
        case(
            "opening with data",
            vec![open_with(json!({ "department": "eyes", "trigger": 1, "error": "none" }))],
            "APPOINTMENT",
        ),
        case("a booking", then(at_summary(), [agree()]), "completed"),
        case(
            "a booking with notes",
            then(at_details(), [submit("DETAILS", notes), agree()]),
            "completed",
        ),
        case("a booking is over", then(at_summary(), [agree(), init()]), "427"),
        case("the booking's request comes again", booked_twice, "completed"),
        case("a request comes again", repeated, "DETAILS"),
        case("an old request comes again", old, "409"),
        case("opening again begins afresh", then(at_summary(), [init()]), "APPOINTMENT"),
        Case {
            around: around(TOKEN, &format!("{FRIDAY}on_reopen = \"continue\"")),
            ..case("opening again goes on", then(at_summary(), [init()]), "APPOINTMENT")
        },
        case(
            "back all the way, and on",
            then(
                at_summary(),
                [
                    back("TERMS"),
                    back("SUMMARY"),
                    back("DETAILS"),
                    submit("APPOINTMENT", appointment()),
                ],
            ),
            "DETAILS",
        ),
        case(
            "a mistake is kept, and shown on the way back",
            then(
                at_details(),
                [submit("DETAILS", with(details(), "email", json!("ana"))), back("SUMMARY")],
            ),
            "DETAILS",
        ),
        case(
            "what was chosen is over",
            then(at_summary(), [at(agree(), "2026-11-23T00:00:00Z")]),
            "SUMMARY: This appointment is gone. Please go back and choose another one.",
        ),
        case(
            "a moment before it is over",
            then(at_summary(), [at(agree(), "2026-11-22T23:59:59.999Z")]),
            "completed",
        ),
        case(
            "back when what was chosen is over",
            then(at_summary(), [at(back("DETAILS"), "2026-11-23T00:00:00Z")]),
            "APPOINTMENT",
        ),
        case(
            "without an appointment",
            vec![submit("DETAILS", details())],
            "DETAILS: Please go back and choose an appointment first.",
        ),
        case(
            "agreed without an appointment",
            vec![agree()],
            "SUMMARY: Please go back and choose an appointment first.",
        ),
        case(
            "agreed without details",
            then(at_details(), [agree()]),
            "SUMMARY: Please go back and enter your details first.",
        ),
        case(
            "agreed with wrong details",
            then(at_details(), [submit("DETAILS", with(details(), "phone", json!("?"))), agree()]),
            "SUMMARY: Please go back and enter your details first.",
        ),
        case("without opening", vec![submit("APPOINTMENT", appointment())], "DETAILS"),
        Case {
            around: around("unused", FRIDAY),
            ..case(
                "a token that identifies nobody",
                [init(), submit("APPOINTMENT", appointment()), submit("DETAILS", details())]
                    .map(|step| with(step.payload, "flow_token", json!("unused")).into())
                    .into(),
                "DETAILS: Please go back and choose an appointment first.",
            )
        },
        Case {
            around: around("жетон 🦷 é", FRIDAY),
            ..case(
                "a token of any characters numbers the booking",
                then(at_summary(), [agree()])
                    .into_iter()
                    .map(|step| with(step.payload, "flow_token", json!("жетон 🦷 é")).into())
                    .collect(),
                "completed",
            )
        },
        Case {
            around: around(TOKEN, "now = 2024-02-28T23:00:00Z"),
            ..case(
                "a leap day",
                vec![submit("APPOINTMENT", with(appointment(), "date", json!("2024-02-29")))],
                "DETAILS",
            )
        },
        Case {
            around: around(TOKEN, "now = 2026-11-30T12:00:00Z"),
            ..case(
                "a day of one digit",
                vec![submit("APPOINTMENT", with(appointment(), "date", json!("2026-12-01")))],
                "DETAILS",
            )
        },
        Case {
            around: around(TOKEN, "now = 2025-12-31T23:59:59Z"),
            ..case(
                "another year",
                vec![submit("APPOINTMENT", with(appointment(), "date", json!("2026-01-01")))],
                "DETAILS",
            )
        },
    ]
}

/// What may be in the fields of APPOINTMENT, by its button and by its lists.
fn values_of_appointment() -> Vec<Case> {
    let sent =
        |name: &str, form: Value, ends: &str| case(name, vec![submit("APPOINTMENT", form)], ends);
    let mut cases = Vec::new();
    for (field, value, ends) in [
        ("department", json!(""), DEPARTMENT),
        ("department", json!(null), DEPARTMENT),
        ("department", json!("cardiology"), DEPARTMENT),
        ("department", json!("Dental"), DEPARTMENT),
        ("department", json!("dental "), DEPARTMENT),
        ("department", json!("constructor"), DEPARTMENT),
        ("department", json!("__proto__"), DEPARTMENT),
        ("department", json!("none"), DEPARTMENT),
        ("department", json!(0), DEPARTMENT),
        ("department", json!(true), FAILED),
        ("department", json!([]), FAILED),
        ("department", json!(["dental"]), FAILED),
        ("department", json!({}), FAILED),
        ("department", json!({ "id": "dental" }), FAILED),
        ("location", json!("north"), LOCATION),
        ("location", json!("none"), LOCATION),
        ("location", json!(""), LOCATION),
        ("location", json!(null), LOCATION),
        ("location", json!("toString"), LOCATION),
        ("location", json!(7), LOCATION),
        ("location", json!(false), FAILED),
        ("date", json!(""), DATE),
        ("date", json!(null), DATE),
        ("date", json!("soon"), DATE),
        ("date", json!("2026-11-20"), DATE),
        ("date", json!("2026-11-21"), DATE),
        ("date", json!("2027-11-22"), DATE),
        ("date", json!("2026-12-07"), DATE),
        ("date", json!("2026-11-31"), DATE),
        ("date", json!("20261123"), DATE),
        ("date", json!("2026-W48-1"), DATE),
        ("date", json!(" 2026-11-23"), DATE),
        ("date", json!("２026-11-23"), DATE),
        ("date", json!("2026-11-23T00:00:00Z"), DATE),
        ("date", json!(20_261_123), DATE),
        ("date", json!(1_795_392_000_000_i64), DATE),
        ("date", json!({ "start-date": "2026-11-23" }), FAILED),
        ("date", json!("2026-12-04"), "DETAILS"),
        ("time", json!(""), TIME),
        ("time", json!(null), TIME),
        ("time", json!("03:00"), TIME),
        // Free and taken ones.
        ("time", json!("09:00"), "DETAILS"),
        ("time", json!("10:30"), "DETAILS"),
        ("time", json!("11:30"), "DETAILS"),
        ("time", json!("14:00"), "DETAILS"),
        ("time", json!("15:30"), TIME),
        ("time", json!("16:30"), "DETAILS"),
        ("time", json!("10:30:00"), TIME),
        ("time", json!(1030), TIME),
        ("time", json!(10.5), TIME),
        ("time", json!(["10:30"]), FAILED),
        ("trigger", json!("department_selected"), "APPOINTMENT"),
        ("trigger", json!("anything"), "APPOINTMENT"),
        ("trigger", json!(0), "APPOINTMENT"),
        ("trigger", json!(""), "DETAILS"),
        ("trigger", json!(null), "DETAILS"),
        ("trigger", json!(true), FAILED),
        ("unheard_of", json!({ "deep": [1, { "er": null }] }), "DETAILS"),
        ("__proto__", json!({ "department": "eyes" }), "DETAILS"),
        ("constructor", json!("eyes"), "DETAILS"),
    ] {
        let name = format!("APPOINTMENT with {field} {value}");
        cases.push(sent(&name, with(appointment(), field, value), ends));
    }
    for (field, ends) in
        [("department", DEPARTMENT), ("location", LOCATION), ("date", DATE), ("time", TIME)]
    {
        let name = format!("APPOINTMENT without {field}");
        cases.push(sent(&name, without(appointment(), field), ends));
    }
    cases.push(sent("APPOINTMENT with nothing", json!({}), DEPARTMENT));
    cases.push(sent(
        "a list with nothing",
        json!({ "trigger": "location_selected" }),
        "APPOINTMENT",
    ));
    // All lists of all departments, locations and days, and with them all times that are taken.
    for department in ["general", "dental", "skin", "eyes", "cardiology"] {
        for location in ["centre", "river", "north", ""] {
            for date in ["", "2026-11-23", "2026-12-04", "2026-12-05"] {
                let picked = json!({ "trigger": "date_selected", "department": department, "location": location, "date": date, "time": "09:00" });
                cases.push(sent(&format!("picked {picked}"), picked, "APPOINTMENT"));
            }
        }
    }
    cases
}

/// What may be in the fields of DETAILS.
fn values_of_details() -> Vec<Case> {
    const SPACES: &str =
        "\u{a0}\u{85}\u{1680}\u{2003}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\t\n\u{b}\u{c}\r ";
    let mut cases = Vec::new();
    for (field, value, ends) in [
        // A name.
        ("name", json!(""), NAME),
        ("name", json!("  "), NAME),
        ("name", json!(SPACES), NAME),
        ("name", json!(format!("{SPACES}Ana{SPACES}Silva{SPACES}")), "SUMMARY"),
        // None of these is white space, whatever some languages trim.
        ("name", json!("\u{feff}"), "SUMMARY"),
        ("name", json!("\u{200b}"), "SUMMARY"),
        ("name", json!("\u{1c}\u{1f}"), "SUMMARY"),
        ("name", json!("\u{0}"), "SUMMARY"),
        (
            "name",
            json!("Ana \u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f466} \u{1f1e7}\u{1f1f7}"),
            "SUMMARY",
        ),
        // Long enough that what looks at each space again uses up its time.
        ("name", json!(format!("a{}b", " ".repeat(20_000))), LONG_NAME),
        ("name", json!(format!("{}b", "\u{3000}".repeat(20_000))), "SUMMARY"),
        ("email", json!("@".repeat(20_000)), EMAIL),
        ("email", json!(format!("a@{}", ".a".repeat(10_000))), EMAIL),
        ("phone", json!("+".repeat(20_000)), PHONE),
        ("phone", json!("1 ".repeat(10_000)), PHONE),
        // More than a state may have.
        ("more_details", json!("x".repeat(70_000)), FAILED),
        // Combining characters stay as they were sent: neither composed nor taken apart.
        ("name", json!("Zoe\u{308} Zo\u{eb} \u{301}"), "SUMMARY"),
        ("name", json!("\u{202e}anA \u{5e9}\u{5dc}\u{5d5}\u{5dd}"), "SUMMARY"),
        ("name", json!("<b>\"Ana\" & 'Silva'</b> \\n ${data.x} {{secret:x}}"), "SUMMARY"),
        ("name", json!("x".repeat(100)), "SUMMARY"),
        ("name", json!("x".repeat(101)), LONG_NAME),
        ("name", json!("\u{1f469}".repeat(100)), "SUMMARY"),
        ("name", json!("\u{1f469}".repeat(101)), LONG_NAME),
        ("name", json!("e\u{301}".repeat(50)), "SUMMARY"),
        ("name", json!("e\u{301}".repeat(51)), LONG_NAME),
        ("name", json!(format!(" {} ", "x".repeat(100))), "SUMMARY"),
        ("name", json!(null), FAILED),
        ("name", json!(true), FAILED),
        ("name", json!(["Ana"]), FAILED),
        ("name", json!({}), FAILED),
        // A phone may send a number for a text.
        ("name", json!(0), "SUMMARY"),
        ("name", json!(-0.0), "SUMMARY"),
        ("name", json!(7), "SUMMARY"),
        ("name", json!(8.0), "SUMMARY"),
        ("name", json!(-2.5), "SUMMARY"),
        ("name", json!(0.1), "SUMMARY"),
        ("name", json!(1e15), "SUMMARY"),
        ("name", json!(9_007_199_254_740_991_i64), "SUMMARY"),
        ("name", json!(-9_007_199_254_740_991_i64), "SUMMARY"),
        ("name", json!(9_007_199_254_740_992_i64), "SUMMARY"),
        ("name", json!(0.001), "SUMMARY"),
        ("name", json!(0.000_012_5), "SUMMARY"),
        ("name", json!(1.5e-7), "SUMMARY"),
        ("name", json!(0.000_001), "SUMMARY"),
        // Between 2^53 and 1e21 JavaScript can't know whether the phone wrote 1e16 or all its digits.
        ("name", json!(1e21), "SUMMARY"),
        ("name", json!(f64::MAX), "SUMMARY"),
        ("name", json!(f64::MIN_POSITIVE), "SUMMARY"),
        ("name", json!(5e-324), "SUMMARY"),
        // An email address.
        ("email", json!(""), EMAIL),
        ("email", json!("ana"), EMAIL),
        ("email", json!("ana@"), EMAIL),
        ("email", json!("@example.com"), EMAIL),
        ("email", json!("ana@example"), EMAIL),
        ("email", json!("ana@.com"), EMAIL),
        ("email", json!("ana@example."), EMAIL),
        ("email", json!("ana@example..com"), EMAIL),
        ("email", json!("a@b@c.de"), EMAIL),
        ("email", json!("a na@x.de"), EMAIL),
        ("email", json!("ana@x\u{a0}y.de"), EMAIL),
        ("email", json!("ana@x\u{85}y.de"), EMAIL),
        ("email", json!("ana@x\u{2028}y.de"), EMAIL),
        ("email", json!("ana@x\u{7f}y.de"), EMAIL),
        ("email", json!("ana@x\u{0}y.de"), EMAIL),
        ("email", json!("ana@x\u{1f}y.de"), EMAIL),
        ("email", json!("ana@x\u{9f}y.de"), EMAIL),
        ("email", json!("ana@x\u{200b}y.de"), "SUMMARY"),
        ("email", json!("ana@x\u{feff}y.de"), "SUMMARY"),
        ("email", json!(" ana@example.com\n"), "SUMMARY"),
        ("email", json!("\u{1f469}@\u{4f8b}\u{3048}.jp"), "SUMMARY"),
        ("email", json!(format!("{}@x.de", "a".repeat(249))), "SUMMARY"),
        ("email", json!(format!("{}@x.de", "a".repeat(250))), EMAIL),
        // 254 bytes and 255, of far fewer characters.
        ("email", json!(format!("{}a@x.de", "\u{1f469}".repeat(62))), "SUMMARY"),
        ("email", json!(format!("{}aa@x.de", "\u{1f469}".repeat(62))), EMAIL),
        ("email", json!(1), EMAIL),
        ("email", json!(null), FAILED),
        ("email", json!(false), FAILED),
        // A phone number.
        ("phone", json!(""), PHONE),
        ("phone", json!("+"), PHONE),
        ("phone", json!("123456"), PHONE),
        ("phone", json!("1234567"), "SUMMARY"),
        ("phone", json!("123456789012345"), "SUMMARY"),
        ("phone", json!("1234567890123456"), PHONE),
        ("phone", json!("call me"), PHONE),
        ("phone", json!("12345678x"), PHONE),
        ("phone", json!("++1234567"), PHONE),
        ("phone", json!("123+4567"), PHONE),
        ("phone", json!("(020) 7946-00.00"), "SUMMARY"),
        ("phone", json!("1234567\n"), "SUMMARY"),
        ("phone", json!("1234\n567"), PHONE),
        ("phone", json!("1234\u{a0}567"), PHONE),
        ("phone", json!("\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}"), PHONE),
        ("phone", json!("\u{ff11}234567"), PHONE),
        ("phone", json!(1_234_567), "SUMMARY"),
        ("phone", json!(-1_234_567), "SUMMARY"),
        ("phone", json!(1_234_567.5), "SUMMARY"),
        ("phone", json!(null), FAILED),
        // Notes.
        ("more_details", json!(null), "SUMMARY"),
        ("more_details", json!("  "), "SUMMARY"),
        ("more_details", json!("a\n\nb"), "SUMMARY"),
        ("more_details", json!("\u{1f9b7}".repeat(600)), "SUMMARY"),
        ("more_details", json!("\u{1f9b7}".repeat(601)), LONG_NOTES),
        ("more_details", json!(0), "SUMMARY"),
        ("more_details", json!(false), FAILED),
        ("more_details", json!([]), FAILED),
        ("more_details", json!({}), FAILED),
        ("more_details", json!({ "a": "" }), FAILED),
        ("unheard_of", json!("x"), "SUMMARY"),
    ] {
        let shown: String = value.to_string().chars().take(40).collect();
        let name = format!("DETAILS with {field} {shown}");
        let step = submit("DETAILS", with(details(), field, value));
        // Back from the next screen shows what was kept.
        let afterwards = vec![back("SUMMARY")];
        cases.push(Case { afterwards, ..case(name, then(at_details(), [step]), ends) });
    }
    for field in ["name", "email", "phone"] {
        let step = submit("DETAILS", without(details(), field));
        cases.push(case(format!("DETAILS without {field}"), then(at_details(), [step]), FAILED));
    }
    let step = submit("DETAILS", without(details(), "more_details"));
    cases.push(case("DETAILS without notes", then(at_details(), [step]), "SUMMARY"));
    cases
}

/// What may be in the field of SUMMARY.
fn values_of_summary() -> Vec<Case> {
    const TERMS: &str = "SUMMARY: Please agree to the terms.";
    let mut cases = Vec::new();
    for (value, ends) in [
        (json!(true), "completed"),
        (json!(false), TERMS),
        (json!(null), TERMS),
        (json!(""), TERMS),
        (json!("true"), FAILED),
        (json!("false"), FAILED),
        (json!(1), FAILED),
        (json!(0), FAILED),
        (json!([]), FAILED),
        (json!([true]), FAILED),
        (json!({}), FAILED),
        (json!({ "a": null }), FAILED),
    ] {
        let name = format!("SUMMARY with terms {value}");
        let step = submit("SUMMARY", json!({ "terms": value }));
        cases.push(case(name, then(at_summary(), [step]), ends));
    }
    cases.push(case(
        "SUMMARY with nothing",
        then(at_summary(), [submit("SUMMARY", json!({}))]),
        TERMS,
    ));
    cases
}

/// Screens without a form, and back from every screen at every point.
fn screens() -> Vec<Case> {
    let mut cases = Vec::new();
    for (screen, submitted, went_back) in [
        ("TERMS", FAILED, "SUMMARY"),
        ("APPOINTMENT", DEPARTMENT, "APPOINTMENT"),
        ("UNKNOWN", FAILED, FAILED),
        ("SUCCESS", FAILED, FAILED),
        ("appointment", FAILED, FAILED),
        ("constructor", FAILED, FAILED),
        ("__proto__", FAILED, FAILED),
        // None at all.
        ("", FAILED, "APPOINTMENT"),
    ] {
        let form = submit(screen, json!({}));
        cases.push(case(format!("nothing on {screen:?}"), then(at_summary(), [form]), submitted));
        let step = back(screen);
        cases.push(case(format!("back from {screen:?}"), then(at_summary(), [step]), went_back));
    }
    for (screen, shown) in
        [("TERMS", "SUMMARY"), ("SUMMARY", "DETAILS"), ("DETAILS", "APPOINTMENT")]
    {
        for (when, steps) in [
            ("at first", Vec::new()),
            ("after opening", vec![init()]),
            ("with an appointment", at_details()),
            ("with details", at_summary()),
        ] {
            let steps = then(steps, [back(screen)]);
            cases.push(case(format!("back from {screen} {when}"), steps, shown));
        }
    }
    cases
}

/// What a business may attach.
fn contexts() -> Vec<Case> {
    let details = || vec![submit("APPOINTMENT", appointment())];
    [
        ("context = {}", "DETAILS"),
        ("context = { name = \"Ana\" }", "DETAILS"),
        ("context = { name = \"\", email = \" \", phone = \"+1\" }", "DETAILS"),
        ("context = { name = \"$null\", today = \"$null\" }", "DETAILS"),
        ("context = { name = \"Zoe\u{308} \u{1f469}\", unheard_of = [1, { a = 2 }] }", "DETAILS"),
        ("context = { today = \"2026-11-21\" }", "DETAILS"),
        ("context = { today = \"2026-11-23\" }", DATE),
        ("context = { today = \"\" }", FAILED),
        ("context = { today = \"soon\" }", FAILED),
        ("context = { today = \"2026-02-29\" }", FAILED),
        ("context = { today = \"20261121\" }", FAILED),
        ("context = { today = 20261121 }", FAILED),
        ("context = { name = 7 }", FAILED),
        ("context = { email = [] }", FAILED),
        ("context = { phone = true }", FAILED),
    ]
    .into_iter()
    .map(|(context, ends)| {
        let around = around(TOKEN, &format!("{FRIDAY}{context}"));
        Case { around, ..case(context, details(), ends) }
    })
    .collect()
}

/// What a phone reports of an earlier reply.
fn reports() -> Vec<Case> {
    let report = |screen: Value, data: Value| -> Step {
        json!({ "version": "3.0", "action": "data_exchange", "screen": screen, "data": data, "flow_token": TOKEN }).into()
    };
    let mut cases = Vec::new();
    for (screen, data) in [
        (json!("DETAILS"), json!({ "error": "payload-schema-error", "error_message": "No email" })),
        (json!("DETAILS"), json!({ "error_key": "timeout_error", "error_message": "" })),
        (json!("DETAILS"), json!({ "error": "", "error_message": "the key is empty" })),
        (json!(""), json!({ "error": "timeout_error", "error_message": "no screen" })),
        (json!(null), json!({ "error": "timeout_error", "error_message": "no screen" })),
        (
            json!("DETAILS"),
            json!({ "error": "a \"new\" key", "error_message": "it's \"new\" \\ \u{1f469}" }),
        ),
        (json!("DETAILS"), json!({ "error": "two\nlines", "error_message": "two\nlines" })),
        (
            json!("DETAILS"),
            json!({ "error": "100 % of {key} %s", "error_message": "100 % of {message} %s" }),
        ),
    ] {
        let name = format!("a report {screen} {data}");
        cases.push(case(name, then(at_details(), [report(screen, data)]), "acknowledged"));
    }
    let and_on = report(json!("DETAILS"), json!({ "error": "timeout_error", "error_message": "" }));
    let steps = then(at_details(), [and_on, submit("DETAILS", details())]);
    cases.push(case("after a report it goes on", steps, "SUMMARY"));
    // A form may have a field of this name.
    let form = with(appointment(), "error", json!("none"));
    cases.push(case("a field called error", vec![submit("APPOINTMENT", form)], "DETAILS"));
    cases
}

/// Requests as clients might send them one day.
fn odd_requests() -> Vec<Case> {
    let odd = |name: &str, change: Value, ends: &str| {
        let mut payload = submit("APPOINTMENT", appointment()).payload;
        for (key, value) in change.as_object().unwrap() {
            match value.as_str() {
                Some("absent") => drop(payload.as_object_mut().unwrap().remove(key)),
                _ => payload[key] = value.clone(),
            }
        }
        case(name, vec![payload.into()], ends)
    };
    vec![
        odd("a version that is a number", json!({ "version": 3.0 }), "DETAILS"),
        odd("another version", json!({ "version": "9.1" }), "DETAILS"),
        odd("no version", json!({ "version": "absent" }), "DETAILS"),
        odd("more beside it", json!({ "screens": [], "locale": "pt_BR" }), "DETAILS"),
        odd("no data", json!({ "data": "absent" }), DEPARTMENT),
        odd("data that is null", json!({ "data": null }), DEPARTMENT),
        odd("no screen", json!({ "screen": "absent" }), FAILED),
        odd("no token", json!({ "flow_token": "absent" }), "DETAILS"),
        odd("a token that is empty", json!({ "flow_token": "" }), "DETAILS"),
        odd("opening with a screen and a form", json!({ "action": "INIT" }), "APPOINTMENT"),
    ]
}

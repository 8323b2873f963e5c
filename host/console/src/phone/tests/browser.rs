//! What a browser would post of a form: enough of HTML for what is drawn here.

/// The controls of a form that are posted, by their names, as they stand.
pub(super) fn posted(html: &str) -> Vec<(String, String)> {
    let mut posted = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        rest = after;
        if is_set(tag, "disabled") {
            continue;
        }
        let name = attribute(tag, "name");
        match tag.split_whitespace().next().unwrap() {
            "input" if is_ticked(tag) => {
                posted.extend(name.map(|name| (name, attribute(tag, "value").unwrap_or_default())));
            }
            "textarea" => {
                let text = after.split_once("</textarea>").unwrap().0;
                posted.extend(name.map(|name| (name, unescaped(text))));
            }
            "select" => {
                let options = after.split_once("</select>").unwrap().0;
                let mut options = options
                    .split("<option")
                    .skip(1)
                    .map(|option| option.split_once('>').unwrap().0);
                let first = options.clone().next().unwrap();
                let chosen = options.find(|option| is_set(option, "selected")).unwrap_or(first);
                posted.extend(name.map(|name| (name, attribute(chosen, "value").unwrap())));
            }
            _ => (),
        }
    }
    posted
}

fn is_ticked(tag: &str) -> bool {
    let can_be_ticked = ["checkbox", "radio"].contains(&attribute(tag, "type").unwrap().as_str());
    !can_be_ticked || is_set(tag, "checked")
}

/// What the user types into a control or ticks; the values before are gone.
pub(super) fn fill_in(posted: &mut Vec<(String, String)>, name: &str, values: &[&str]) {
    let at =
        posted.iter().position(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name}"));
    posted.retain(|(known, _)| known != name);
    let values = values.iter().map(|value| (name.to_owned(), (*value).to_owned()));
    posted.splice(at..at, values);
}

/// Taps a button with this value.
pub(super) fn tap(posted: &[(String, String)], what: &str) -> Vec<(String, String)> {
    [posted, &[("do".to_owned(), what.to_owned())]].concat()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
    Some(unescaped(value))
}

fn is_set(tag: &str, name: &str) -> bool {
    tag.split_whitespace().any(|word| word == name)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

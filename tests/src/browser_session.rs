//! A browser without scripts that is signed in to the console: sends forms as a page would.

use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, redirect};

use crate::secrets::watch;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    client: Client,
    admin_url: String,
    /// Name and value, as a browser sends them.
    cookie: String,
}

/// What came, without following where it leads.
#[derive(Debug)]
pub struct ConsoleReply {
    /// The status.
    pub status: u16,
    /// The page, or a part of one.
    pub text: String,
    /// Where it leads.
    pub location: Option<String>,
    /// The cookies that it sets, whole.
    pub cookies: Vec<String>,
}

impl BrowserSession {
    /// Signs in at the console of the host whose admin listener has this URL.
    pub async fn sign_in(admin_url: &str, token: &str) -> Self {
        let client = client();
        let sent = client.post(format!("{admin_url}/console/sign-in"));
        let sent = own(with_form(sent, &[("token", token)]));
        let reply = ConsoleReply::of(sent.send().await.expect("the host answers")).await;
        assert_eq!(reply.status, 303, "{}", reply.text);
        let set = reply.cookies.first().expect("a cookie");
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        watch(cookie.split_once('=').expect("a value").1);
        Self { client, admin_url: admin_url.to_owned(), cookie }
    }

    /// The same browser with another cookie in the place of its own.
    pub fn holding(&self, cookie: &str) -> Self {
        Self { cookie: cookie.to_owned(), ..self.clone() }
    }

    /// The same browser at the host whose admin listener has this URL.
    pub fn at(&self, admin_url: &str) -> Self {
        Self { admin_url: admin_url.to_owned(), ..self.clone() }
    }

    /// Name and value of its cookie.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Opens a page.
    pub async fn open(&self, path: &str) -> ConsoleReply {
        self.send(self.client.get(self.url(path))).await
    }

    /// Opens a page that must be there, and returns it.
    pub async fn page(&self, path: &str) -> String {
        let reply = self.open(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reply.text
    }

    /// Sends a form from the page at `on`, with what that page's forms carry.
    pub async fn submit(&self, on: &str, path: &str, fields: &[(&str, &str)]) -> ConsoleReply {
        let page = self.page(on).await;
        let mut fields = fields.to_vec();
        let csrf = csrf_of(&page);
        fields.push(("csrf", &csrf));
        self.send(own(with_form(self.client.post(self.url(path)), &fields))).await
    }

    /// Sends a form that may have files, from the page at `on`: the fields, then the file, as name
    /// and bytes.
    pub async fn submit_file(
        &self,
        on: &str,
        path: &str,
        fields: &[(&str, &str)],
        file: (&str, &[u8]),
    ) -> ConsoleReply {
        let csrf = csrf_of(&self.page(on).await);
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.send(own(with_file(self.client.post(self.url(path)), &all, file))).await
    }

    /// A request that the caller completes; it has the cookie.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path)).header(COOKIE, &self.cookie)
    }

    /// Opens a stream of server-sent events.
    pub async fn follow(&self, path: &str) -> Response {
        let request = self.client.get(self.url(path)).header(COOKIE, &self.cookie);
        request.send().await.expect("the host answers")
    }

    async fn send(&self, request: RequestBuilder) -> ConsoleReply {
        let response = request.header(COOKIE, &self.cookie).send().await;
        ConsoleReply::of(response.expect("the host answers")).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.admin_url)
    }
}

impl ConsoleReply {
    /// Reads the whole answer.
    pub async fn of(response: Response) -> Self {
        let text = |name| {
            let values = response.headers().get_all(name).iter();
            values.map(|value| value.to_str().expect("ASCII").to_owned()).collect::<Vec<_>>()
        };
        let (location, cookies) = (text(LOCATION).pop(), text(SET_COOKIE));
        let status = response.status().as_u16();
        Self { status, location, cookies, text: response.text().await.expect("a whole answer") }
    }
}

/// What the forms of a page carry.
pub fn csrf_of(page: &str) -> String {
    let (_, after) = page.split_once("name=\"csrf\" value=\"").expect("a form on the page");
    after.split('"').next().unwrap_or_default().to_owned()
}

/// The request with these fields, as a form sends them.
pub fn with_form(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = serde_urlencoded::to_string(fields).expect("texts");
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// The request with these fields and this file, as a form with files sends them.
pub fn with_file(
    request: RequestBuilder,
    fields: &[(&str, &str)],
    (name, bytes): (&str, &[u8]),
) -> RequestBuilder {
    let file =
        SentFile { field: name, name: "file", media_type: "application/octet-stream", bytes };
    with_files(request, fields, &[file])
}

/// A file that a form sends.
#[derive(Clone, Copy, Debug)]
pub struct SentFile<'a> {
    /// The name of the form's field.
    pub field: &'a str,
    /// The file's name.
    pub name: &'a str,
    /// Its type, as browsers know it by the name.
    pub media_type: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// The request with these fields and then the files, as a form sends them.
pub fn with_files(
    request: RequestBuilder,
    fields: &[(&str, &str)],
    files: &[SentFile<'_>],
) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("content-disposition: form-data; name=\"{name}\"");
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n{value}\r\n").into_bytes());
    }
    for SentFile { field, name, media_type, bytes } in files {
        let head = format!(
            "content-disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\ncontent-type: {media_type}"
        );
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").into_bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    request.header(CONTENT_TYPE, kind).body(body)
}

/// As browsers mark what a page of the same origin sends.
fn own(request: RequestBuilder) -> RequestBuilder {
    request.header("sec-fetch-site", "same-origin")
}

fn client() -> Client {
    let builder = Client::builder().no_proxy().redirect(redirect::Policy::none());
    builder.build().expect("a client")
}

/// In no component and no text.
const BOUNDARY: &str = "----between-the-fields-of-a-form";

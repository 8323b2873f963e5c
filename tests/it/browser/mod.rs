//! The console in a real browser.

mod behind_nginx;
mod dropping;
mod live;
mod markup;
mod other_sites;
mod pages;
mod phone;
mod sample;
mod screenshots;
mod sign_in;
mod without_scripts;

use flowhost_tests::{Admin, Chromium, TestHost, watch};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Signs in as a person does, who has a token.
async fn sign_in(browser: &Chromium, host: &TestHost, token: &str) {
    sign_in_at(browser, host.admin(), token).await;
}

/// The same at the host with this API.
async fn sign_in_at(browser: &Chromium, admin: &Admin, token: &str) {
    browser.open(&admin.url("/console/sign-in")).await;
    browser.fill("#token", token).await;
    browser.click("button.primary").await;
    browser.arrives_at("/console").await;
    watch(&held(browser).await.expect("a cookie"));
}

/// What the browser holds that signed in.
async fn held(browser: &Chromium) -> Option<String> {
    let cookies = browser.cookies().await;
    let is_it =
        |cookie: &&Value| cookie["name"].as_str().is_some_and(|name| name.starts_with(COOKIE));
    let cookie = cookies.iter().find(is_it)?;
    Some(cookie["value"].as_str()?.to_owned())
}

/// Another site on this machine: one page, at every path. Returns its port.
async fn site(page: String) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let answer = answer.clone();
            // Apart: browsers open connections that they never use.
            tokio::spawn(async move {
                // A request of a browser without a body comes in one piece.
                let _ = connection.read(&mut [0; 8192]).await;
                let _ = connection.write_all(answer.as_bytes()).await;
            });
        }
    });
    port
}

/// How its name begins: hosts for development add their port.
const COOKIE: &str = "__Host-flowhost-console";

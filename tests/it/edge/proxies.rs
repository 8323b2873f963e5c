//! Real proxies in front of a host, which share their connections among all requests. Skipped if
//! not installed: `apt install nginx-light haproxy`.

use flowhost_tests::{Component, Proxy, RawConnection, Served, eventually};
use futures_util::future::join_all;
use serde_json::json;

use super::stopping::ping;

#[tokio::test]
async fn requests_that_are_refused_early_break_no_others_behind_a_proxy() {
    let served = Served::start(&[]).await;
    let flow = served.host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let to = served.host.public_url();
    for proxy in [Proxy::nginx(&to), Proxy::haproxy(&[(&to, &served.host.admin().url(""))])]
        .into_iter()
        .flatten()
    {
        let good = ping(&flow);
        let rude =
            b"POST /flows/nobody/nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 20000\r\n\r\n";
        let rude = async || {
            for _ in 0..150 {
                let mut connection = RawConnection::open(proxy.url()).await;
                connection.write(rude).await;
                connection.write([b'x'; 10000]).await;
                tokio::task::yield_now().await;
                connection.write([b'x'; 10000]).await;
                connection.read_answer().await;
            }
        };
        let honest = async || {
            let mut connection = RawConnection::open(proxy.url()).await;
            for sent in 0..300 {
                connection.write(&good).await;
                let answer = connection.read_answer().await;
                assert!(
                    answer.starts_with("HTTP/1.1 200 "),
                    "{} answered request {sent}: {answer:?}",
                    proxy.name()
                );
            }
        };
        tokio::join!(rude(), rude(), rude(), honest(), honest());
    }
}

#[tokio::test]
async fn a_rolling_stop_behind_a_proxy_with_health_checks_loses_nothing() {
    let first = Served::start(&["--drain-delay", "3"]).await;
    let second = first.second(&["--drain-delay", "3"]).await;
    let flow = first.host.tenant("acme").await.flow("booking", json!({}), Component::Steady).await;
    let hosts = [
        (first.host.public_url(), first.host.admin().url("")),
        (second.host.public_url(), second.host.admin().url("")),
    ];
    let Some(proxy) =
        Proxy::haproxy(&hosts.each_ref().map(|(public, admin)| (public.as_str(), admin.as_str())))
    else {
        return;
    };
    let at_second = flow.moved_to(second.host.adopt(&flow.tenant)).client();
    eventually("the second host serves the flow", async || {
        at_second
            .call(&flowhost_client::payload::ping())
            .await
            .is_ok_and(|reply| reply.status == 200)
            .then_some(())
    })
    .await;
    let good = ping(&flow);
    let (stopped, is_stopped) = tokio::sync::watch::channel(false);
    let clients = join_all((0..8).map(|_| async {
        let mut connection = RawConnection::open(proxy.url()).await;
        let mut after = 0;
        for sent in 0.. {
            connection.write(&good).await;
            let answer = connection.read_answer().await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "request {sent}: {answer:?}");
            if answer.contains("\r\nconnection: close\r\n") {
                connection = RawConnection::open(proxy.url()).await;
            }
            after += usize::from(*is_stopped.borrow());
            if after == 50 {
                return;
            }
        }
    }));
    let stop = async {
        first.host.terminate();
        assert_eq!(first.host.ended().await.code(), Some(0));
        stopped.send(true).unwrap();
    };

    tokio::join!(clients, stop);
}

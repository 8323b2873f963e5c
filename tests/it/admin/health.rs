//! Monitoring needs no token.

use flowhost_tests::TestHost;

#[tokio::test]
async fn health_checks_need_no_token() {
    let host = TestHost::start().await;
    let nobody = host.admin().with_token(None);

    for (path, text) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let reply = nobody.get(path).await;
        assert_eq!((reply.status, reply.text.as_str()), (200, text), "{path}");
    }
}

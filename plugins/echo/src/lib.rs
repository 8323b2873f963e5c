//! The smallest plugin: it answers each exchange with what it received.

use flowhost_sdk::{Error, Exchange, FlowPlugin, Reply, Session, json};

struct Echo;

impl FlowPlugin for Echo {
    type State = ();

    fn init(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(echo(exchange))
    }

    fn submit(exchange: &Exchange, _: &mut Session<()>) -> Result<Reply, Error> {
        Ok(echo(exchange))
    }
}

fn echo(exchange: &Exchange) -> Reply {
    Reply::screen("ECHO").data(json!({ "screen": exchange.screen(), "received": exchange.json() }))
}

flowhost_sdk::export!(Echo);

#[cfg(test)]
mod tests {
    use flowhost_sdk::testing::Conversation;

    use super::*;

    #[test]
    fn answers_with_what_it_got() {
        let answer =
            Conversation::<Echo>::start().submit("FORM", json!({ "city": "olá" })).unwrap();

        assert_eq!(answer.screen(), Some("ECHO"));
        assert_eq!(answer.data(), &json!({ "screen": "FORM", "received": { "city": "olá" } }));
    }
}

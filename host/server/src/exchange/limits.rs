//! A flow's settings, as those who keep them want them.

use std::time::Duration;

use flowhost_flow_json::ReplyRules;
use flowhost_protocol::flow::{Answer, AnswerError, AnswerLimits, CheckedAnswer, Exchange, FlowLimits, FlowSettings, check};
use flowhost_runtime::plugins::CallLimits;

/// What one call of a flow's plugin may use.
pub fn call_limits(limits: &FlowLimits) -> CallLimits {
    CallLimits {
        memory_bytes: limits.memory_bytes,
        cpu: Duration::from_millis(limits.cpu_ms.into()),
        wall: Duration::from_millis(limits.wall_ms.into()),
        concurrency: limits.concurrency,
        queue: limits.queue,
        store_keys: limits.store_keys,
        store_value_bytes: limits.store_value_bytes,
        outbound_requests: limits.outbound_requests,
        outbound_response_bytes: limits.outbound_response_bytes,
    }
}

/// Checks a plugin's answer to an exchange as the flow wants it, and against what the phone takes, where that is known.
pub fn check_answer(
    answer: Answer,
    exchange: &Exchange,
    settings: &FlowSettings,
    rules: Option<&ReplyRules>,
) -> Result<CheckedAnswer, AnswerError> {
    let FlowLimits { reply_bytes, state_bytes, .. } = settings.limits;
    let limits = AnswerLimits { reply_bytes: reply_bytes as usize, state_bytes: state_bytes as usize };
    check(answer, exchange, limits, &settings.token_rejected_text, rules)
}

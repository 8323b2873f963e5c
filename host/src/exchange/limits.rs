//! A flow's limits, as those who keep them want them.

use std::time::Duration;

use crate::flow::AnswerLimits;
use crate::plugins::CallLimits;
use crate::tenants::FlowLimits;

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

/// What the answer to one exchange may have.
pub fn answer_limits(limits: &FlowLimits) -> AnswerLimits {
    AnswerLimits { reply_bytes: limits.reply_bytes as usize, state_bytes: limits.state_bytes as usize }
}

//! Guests that lie at the component boundary: about addresses, lengths and variant cases, and in
//! the allocator that the host must trust with them.

use super::siege::{Attack, withstands};

#[tokio::test]
async fn an_answer_that_lies_about_where_it_is_is_never_read() {
    withstands(
        [
            ("pointer-beyond-memory", "out of bounds"),
            ("length-beyond-memory", "out of bounds"),
            ("pointer-and-length-overflow", "out of bounds"),
            ("answer-beyond-memory", "out of bounds"),
            ("answer-at-the-end-of-memory", "out of bounds"),
            ("unaligned-answer", "not aligned"),
            ("answer-of-no-kind", "discriminant"),
            ("reply-of-no-kind", "discriminant"),
        ]
        .map(|(name, why)| Attack::wat(name).fails(why)),
    )
    .await;
}

#[tokio::test]
async fn arguments_that_lie_about_where_they_are_are_never_read() {
    withstands(
        [
            ("log-line-beyond-memory", "out of bounds"),
            ("log-level-of-no-kind", "discriminant"),
            ("poll-list-beyond-memory", "out of bounds"),
        ]
        .map(|(name, why)| Attack::wat(name).fails(why)),
    )
    .await;
}

#[tokio::test]
async fn an_allocator_that_lies_harms_its_own_guest_only() {
    withstands([
        Attack::wat("realloc-gives-null"),
        Attack::wat("realloc-gives-the-same-twice"),
        Attack::wat("realloc-gives-an-odd-place").at_every_call().fails("not aligned"),
        Attack::wat("realloc-gives-what-is-not-there")
            .at_every_call()
            .fails("beyond end of memory"),
        Attack::wat("realloc-gives-too-little").at_every_call().fails("beyond end of memory"),
    ])
    .await;
}

#[tokio::test]
async fn the_host_can_not_be_called_while_it_is_in_the_middle_of_a_call() {
    withstands(
        ["realloc-calls-the-host", "post-return-calls-the-host"]
            .map(|name| Attack::wat(name).at_every_call().fails("cannot leave component instance")),
    )
    .await;
}

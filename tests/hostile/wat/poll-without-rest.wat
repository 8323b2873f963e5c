;; Waits for what is there already, again and again: always in the host, never asleep.
(import "plain" "subscribe" (func $subscribe (param i64) (result i32)))
(import "plain" "block" (func $block (param i32)))
(import "plain" "pollable-drop" (func $drop (param i32)))
(func $attack (result i32)
  (local $moment i32)
  (loop $for-ever
    (local.set $moment (call $subscribe (i64.const 0)))
    (call $block (local.get $moment))
    (call $drop (local.get $moment))
    (br $for-ever))
  unreachable)

;; Sleeps for three seconds.
(import "plain" "subscribe" (func $subscribe (param i64) (result i32)))
(import "plain" "block" (func $block (param i32)))
(func $attack (result i32) (call $block (call $subscribe (i64.const 3_000_000_000))) (call $honest))

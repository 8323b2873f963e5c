;; Waits for the first of two moments that never come.
(import "plain" "subscribe" (func $subscribe (param i64) (result i32)))
(import "host" "poll" (func $poll (param i32 i32 i32)))
(func $attack (result i32)
  (i32.store (i32.const 2048) (call $subscribe (i64.const -1)))
  (i32.store (i32.const 2052) (call $subscribe (i64.const -2)))
  (call $poll (i32.const 2048) (i32.const 2) (i32.const 3072))
  (call $honest))

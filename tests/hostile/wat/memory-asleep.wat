;; Grows to 62 MiB, which it may have, and sleeps on it for three seconds.
(import "plain" "subscribe" (func $subscribe (param i64) (result i32)))
(import "plain" "block" (func $block (param i32)))
(func $attack (result i32)
  (if (i32.eq (memory.grow (i32.const 988)) (i32.const -1)) (then unreachable))
  (call $block (call $subscribe (i64.const 3_000_000_000)))
  (call $honest))

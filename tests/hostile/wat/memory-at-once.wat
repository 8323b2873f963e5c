;; All that 32 bits can name. Honest only if that is refused.
(func $attack (result i32)
  (if (i32.ne (memory.grow (i32.const 65000)) (i32.const -1)) (then unreachable))
  (call $honest))

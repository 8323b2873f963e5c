;; As many as are given at a time, for ever.
(import "host" "random" (func $random (param i64 i32)))
(func $attack (result i32)
  (loop $for-ever (call $random (i64.const 65536) (i32.const 3072)) (br $for-ever))
  unreachable)

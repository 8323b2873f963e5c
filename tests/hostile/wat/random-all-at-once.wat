;; Eight exabytes of random bytes.
(import "host" "random" (func $random (param i64 i32)))
(func $attack (result i32) (call $random (i64.const 0x7fffffffffffffff) (i32.const 3072)) (call $honest))

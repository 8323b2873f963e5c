(import "host" "write" (func $write (param i32 i32 i32)))
(func $attack (result i32)
  (loop $for-ever (call $write (i32.const 2) (i32.const 16) (i32.const 4)) (br $for-ever))
  unreachable)

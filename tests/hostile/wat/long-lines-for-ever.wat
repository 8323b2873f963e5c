;; A line of a MiB, for ever: the host copies each before it can cut it.
(import "host" "write" (func $write (param i32 i32 i32)))
(func $attack (result i32)
  (if (i32.eq (memory.grow (i32.const 32)) (i32.const -1)) (then unreachable))
  (memory.fill (i32.const 65536) (i32.const 0x41) (i32.const 0x100000))
  (loop $for-ever (call $write (i32.const 2) (i32.const 65536) (i32.const 0x100000)) (br $for-ever))
  unreachable)

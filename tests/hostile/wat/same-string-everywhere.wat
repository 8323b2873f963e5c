;; Each string is small enough, all of them together are not: 1 MiB three times, from the same place.
(func $attack (result i32)
  (if (i32.eq (memory.grow (i32.const 32)) (i32.const -1)) (then unreachable))
  (memory.fill (i32.const 65536) (i32.const 0x41) (i32.const 0x100000))
  (drop (call $answer (i32.const 65536) (i32.const 0x100000) (i32.const 65536) (i32.const 0x100000)))
  (i32.store8 (i32.const 1048) (i32.const 1))
  (i32.store (i32.const 1052) (i32.const 65536))
  (i32.store (i32.const 1056) (i32.const 0x100000))
  (i32.const 1024))

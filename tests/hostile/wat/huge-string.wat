;; Gives 48 MiB as a screen's data.
(func $attack (result i32)
  (if (i32.eq (memory.grow (i32.const 800)) (i32.const -1)) (then unreachable))
  (memory.fill (i32.const 65536) (i32.const 0x20) (i32.const 0x3000000))
  (call $answer (i32.const 16) (i32.const 4) (i32.const 65536) (i32.const 0x3000000)))

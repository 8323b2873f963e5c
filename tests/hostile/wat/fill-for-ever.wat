;; Filling 32 MiB is one instruction: nothing in between that could be interrupted.
(func $attack (result i32)
  (if (i32.eq (memory.grow (i32.const 512)) (i32.const -1)) (then (return (call $honest))))
  (loop $for-ever
    (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 0x2000000))
    (br $for-ever))
  unreachable)

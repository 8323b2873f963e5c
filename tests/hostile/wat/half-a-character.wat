;; The first byte of two.
(data (i32.const 2048) "NEX\c3")
(func $attack (result i32) (call $answer (i32.const 2048) (i32.const 4) (i32.const 32) (i32.const 2)))

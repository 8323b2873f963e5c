;; A result is `ok` or `err`; this one is the 200th of two.
(func $attack (result i32) (i32.store8 (i32.const 1024) (i32.const 200)) (i32.const 1024))

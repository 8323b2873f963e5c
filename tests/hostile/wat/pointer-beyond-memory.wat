;; A screen's name that lies where no memory is.
(func $attack (result i32) (call $answer (i32.const 0xfffffff0) (i32.const 4) (i32.const 32) (i32.const 2)))

(func $attack (result i32) (call $answer (i32.const 16) (i32.const 0xffffffff) (i32.const 32) (i32.const 2)))

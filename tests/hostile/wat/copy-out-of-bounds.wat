(func $attack (result i32) (memory.copy (i32.const 0xfffffff0) (i32.const 0) (i32.const 64)) unreachable)

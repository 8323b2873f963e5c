(func $attack (result i32) (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 0xfffffff0)) unreachable)

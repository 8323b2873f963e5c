(import "host" "write" (func $write (param i32 i32 i32)))
(func $attack (result i32) (call $write (i32.const 200) (i32.const 16) (i32.const 4)) (call $honest))

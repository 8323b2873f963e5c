;; Would never end; WASI says that it traps.
(import "host" "poll" (func $poll (param i32 i32 i32)))
(func $attack (result i32) (call $poll (i32.const 2048) (i32.const 0) (i32.const 3072)) (call $honest))

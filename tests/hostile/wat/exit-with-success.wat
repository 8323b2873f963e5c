;; Leaves through WASI and says that all is well.
(import "plain" "exit" (func $exit (param i32)))
(func $attack (result i32) (call $exit (i32.const 0)) (call $honest))

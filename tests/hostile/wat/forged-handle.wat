;; A number that the host never gave.
(import "plain" "block" (func $block (param i32)))
(func $attack (result i32) (call $block (i32.const 77)) (call $honest))

;; Handles that are never dropped: does the end of the call run their destructors?
(import "own" "new" (func $new (param i32) (result i32)))
(func $attack (result i32) (drop (call $new (i32.const 1))) (drop (call $new (i32.const 2))) (call $honest))
;; in libc
(func (export "destructor") (param i32) (loop $for-ever (br $for-ever)))

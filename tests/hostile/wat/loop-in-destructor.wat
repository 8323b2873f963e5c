;; Runs when the host drops the handle for the guest.
(import "own" "new" (func $new (param i32) (result i32)))
(import "own" "drop" (func $drop (param i32)))
(func $attack (result i32) (call $drop (call $new (i32.const 1))) (call $honest))
;; in libc
(func (export "destructor") (param i32) (loop $for-ever (br $for-ever)))

;; The parts of the request lie over each other: the guest's loss.
(func (export "handle") (param i32) (result i32) (call $honest))
;; in libc
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8192))

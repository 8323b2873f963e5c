;; A reply is one of four; this one is the 200th.
(func $attack (result i32)
  (drop (call $honest))
  (i32.store8 (i32.const 1028) (i32.const 200))
  (i32.const 1024))

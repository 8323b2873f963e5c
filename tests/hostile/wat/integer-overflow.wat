;; The one signed division whose result has no place.
(func $attack (result i32) (i32.div_s (i32.const 0x80000000) (i32.const -1)))

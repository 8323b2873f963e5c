;; The last address there is, far behind the memory.
(func $attack (result i32) (i32.load offset=0xffffffff (i32.const 0xffffffff)))

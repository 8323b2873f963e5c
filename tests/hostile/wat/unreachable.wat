;; The instruction that a compiler puts where nothing should get.
(func $attack (result i32) unreachable)

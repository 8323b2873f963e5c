;; Goes on without a loop and without a deeper stack.
(func $again (return_call $again))
(func $attack (result i32) (call $again) unreachable)

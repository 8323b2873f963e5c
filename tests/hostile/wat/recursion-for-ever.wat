;; Returns just before the end of the stack, and goes down again.
(global $deep (mut i32) (i32.const 0))
(func $down (param $left i32)
  (if (local.get $left) (then (call $down (i32.sub (local.get $left) (i32.const 1))))))
(func $attack (result i32) (loop $for-ever (call $down (i32.const 1000)) (br $for-ever)) unreachable)

;; Each a promise that the host has to remember.
(import "plain" "subscribe" (func $subscribe (param i64) (result i32)))
(func $attack (result i32)
  (local $left i32)
  (local.set $left (i32.const 1000000))
  (loop $more
    (drop (call $subscribe (i64.const -1)))
    (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (call $honest))

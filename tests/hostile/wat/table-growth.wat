;; Takes a million entries at once, and then as many as it can get.
(table $functions 0 funcref)
(func $attack (result i32)
  (if (i32.ne (table.grow $functions (ref.null func) (i32.const 1000000)) (i32.const -1)) (then unreachable))
  (loop $more
    (br_if $more (i32.ne (table.grow $functions (ref.null func) (i32.const 100)) (i32.const -1))))
  (if (i32.gt_u (table.size $functions) (i32.const 16384)) (then unreachable))
  (call $honest))

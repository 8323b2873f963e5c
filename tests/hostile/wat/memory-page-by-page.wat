;; Takes and touches page after page until there is none, and then insists.
(func $attack (result i32)
  (local $page i32)
  (loop $more
    (local.set $page (memory.grow (i32.const 1)))
    (if (i32.ne (local.get $page) (i32.const -1)) (then
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.const 0xa5a5a5a5))
      (br $more))))
  ;; 64 MiB are 1024 pages.
  (if (i32.gt_u (memory.size) (i32.const 1024)) (then unreachable))
  (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))
  (call $honest))

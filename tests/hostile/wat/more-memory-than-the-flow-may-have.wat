;; 4 MiB from the start.
;; in libc
(memory (export "memory") 64)

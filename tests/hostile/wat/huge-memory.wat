;; Two GiB from the start.
;; in libc
(memory (export "memory") 32768)
